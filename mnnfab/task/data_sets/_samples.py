"""Samples of the data sets of scikit-learn, and of the tables in this package."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnnfab.arrays import FloatArray
from mnnfab.task.data_set import LabelledFeatures


def of_bunch(data: Any) -> LabelledFeatures:  # noqa: ANN401 - scikit-learn ships no types
    """Return the samples of a data set that a `load_…` function of scikit-learn returned."""
    return LabelledFeatures(
        features=np.asarray(data.data, dtype=np.float64),
        feature_names=tuple(str(feature) for feature in data.feature_names),
        classes=np.asarray(data.target, dtype=np.int64),
        class_names=tuple(str(label) for label in data.target_names),
    )


def of_table(file: str, class_names: Sequence[str]) -> LabelledFeatures:
    """Return the samples of a table of this package.

    Args:
        file: CSV file with comment lines (`#`), a header, the features and last the class.
        class_names: classes in the order of their numbers.
    """
    text = resources.files("mnnfab.task.data_sets").joinpath(file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    header, *rows = csv.reader(lines)
    return LabelledFeatures(
        features=np.array([row[:-1] for row in rows], dtype=np.float64),
        feature_names=tuple(header[:-1]),
        classes=np.array([class_names.index(row[-1]) for row in rows], dtype=np.int64),
        class_names=tuple(class_names),
    )


def in_the_plane(
    points: FloatArray, classes: NDArray[np.integer | np.bool_], class_names: Sequence[str]
) -> LabelledFeatures:
    """Return samples with the features x and y, (n_samples, 2)."""
    return LabelledFeatures(
        features=np.asarray(points, dtype=np.float64),
        feature_names=("x", "y"),
        classes=np.asarray(classes, dtype=np.int64),
        class_names=tuple(class_names),
    )
