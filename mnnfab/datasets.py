"""Data sets: features and classes, or loads and displacements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.tables import read_table
from mnnfab.units import NEWTON_PER_GF


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """Samples with a class each.

    Args:
        features: (n_samples, n_features), in the data's own units.
        classes: class number of each sample, (n_samples,).
        class_names: the name of each class number.
    """

    features: FloatArray
    classes: IntArray
    class_names: tuple[str, ...]


def iris() -> LabelledFeatures:
    """Return Fisher's iris: 150 flowers, four lengths in cm, three species.

    scikit-learn's copy has Fisher's own values, which the UCI file has not.
    """
    from sklearn.datasets import load_iris

    data = load_iris()
    return LabelledFeatures(
        features=np.asarray(data.data, dtype=np.float64),
        classes=np.asarray(data.target, dtype=np.int64),
        class_names=tuple(str(name) for name in data.target_names),
    )


def read_labelled_features(path: Path, n_features: int) -> LabelledFeatures:
    """Read a table with one column a feature and the class in the last one.

    Classes are numbered in the sorted order of their names, numbers as numbers.

    Raises:
        InputError: if the table does not fit.
    """
    table = read_table(path)
    if len(table.header) != n_features + 1:
        raise InputError(
            str(path),
            f"{len(table.header)} columns",
            f"{n_features + 1}: one a feature (an input port each), then the class",
        )
    names = [row[-1] for row in table.rows]
    class_names = tuple(sorted(set(names), key=_as_sorted))
    return LabelledFeatures(
        features=table.numbers(range(n_features)),
        classes=np.array([class_names.index(name) for name in names], dtype=np.int64),
        class_names=class_names,
    )


def read_loads_and_displacements(
    path: Path, n_in: int, n_out: int
) -> tuple[FloatArray, FloatArray]:
    """Read a table of input loads in gf and output displacements in mm.

    Every name in the header ends in its unit, `_gf` for the first `n_in` columns and
    `_mm` for the others.

    Returns:
        Loads, (n_samples, n_in) N, and displacements, (n_samples, n_out) mm.

    Raises:
        InputError: if the table does not fit or a unit is not the one expected.
    """
    table = read_table(path)
    if len(table.header) != n_in + n_out:
        raise InputError(
            str(path),
            f"{len(table.header)} columns",
            f"{n_in + n_out}: {n_in} load(s) in gf, then {n_out} displacement(s) in mm",
        )
    for column, name in enumerate(table.header):
        unit = "_gf" if column < n_in else "_mm"
        if not name.endswith(unit):
            raise InputError(f"{path}, line 1", f'column "{name}"', f"a name that ends in {unit}")
    loads = table.numbers(range(n_in)) * NEWTON_PER_GF
    return loads, table.numbers(range(n_in, n_in + n_out))


def _as_sorted(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name
