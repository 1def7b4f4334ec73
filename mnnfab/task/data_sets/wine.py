"""Wine: 178 wines, 13 chemical analyses, three growers."""

from __future__ import annotations

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import of_bunch


def load() -> LabelledFeatures:
    """Return the data set of scikit-learn."""
    from sklearn.datasets import load_wine

    return of_bunch(load_wine())


DATA_SET = DataSet(20, "wine", load)
