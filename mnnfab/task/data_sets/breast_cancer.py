"""Breast cancer: 569 tumours, 30 measures of their cells, malignant or benign."""

from __future__ import annotations

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import of_bunch


def load() -> LabelledFeatures:
    """Return the data set of scikit-learn."""
    from sklearn.datasets import load_breast_cancer

    return of_bunch(load_breast_cancer())


DATA_SET = DataSet(30, "breast-cancer", load)
