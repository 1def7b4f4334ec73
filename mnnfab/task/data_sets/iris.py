"""Iris: 150 flowers, four lengths in cm, three species.

Fisher's original values, which differ from the UCI file.
"""

from __future__ import annotations

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import of_bunch


def load() -> LabelledFeatures:
    """Return the data set of scikit-learn."""
    from sklearn.datasets import load_iris

    return of_bunch(load_iris())


DATA_SET = DataSet(10, "iris", load)
