"""Data sets: features with classes, or loads with displacements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.io.tables import Table, is_number, read_table
from mnnfab.units import NEWTON_PER_GF

#: Built-in data sets and the scikit-learn function that loads each.
BUILT_IN = {"iris": "load_iris", "wine": "load_wine", "breast-cancer": "load_breast_cancer"}


#: Upper limit of loads (gf) and displacements (mm); larger values are refused as errors.
LARGEST_LOAD = 1e9
#: Entries of the class column, in lower case, that mean a missing class.
NO_CLASS = {"", "nan"}


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """Samples with class labels.

    Args:
        features: (n_samples, n_features), in the units of the data set.
        feature_names: one name per column.
        classes: class number of each sample, (n_samples,).
        class_names: name of each class number.
    """

    features: FloatArray
    feature_names: tuple[str, ...]
    classes: IntArray
    class_names: tuple[str, ...]

    def with_features(self, names: Sequence[str]) -> LabelledFeatures:
        """Return the same samples with a selection of the features, in this order.

        Raises:
            InputError: if a feature does not exist; the message lists the known ones.
        """
        _check_known(names, self.feature_names)
        columns = [self.feature_names.index(name) for name in names]
        return replace(self, features=self.features[:, columns], feature_names=tuple(names))


def built_in_features(name: str) -> LabelledFeatures:
    """Return a data set of scikit-learn.

    iris: Fisher's 150 flowers, four lengths in cm, three species (Fisher's original values,
    which differ from the UCI file). wine: 178 wines, 13 analyses, three growers.
    breast-cancer: 569 tumours, 30 measures of their cells, malignant or benign.

    Args:
        name: a key of `BUILT_IN`.
    """
    import sklearn.datasets

    data = getattr(sklearn.datasets, BUILT_IN[name])()
    return LabelledFeatures(
        features=np.asarray(data.data, dtype=np.float64),
        feature_names=tuple(str(feature) for feature in data.feature_names),
        classes=np.asarray(data.target, dtype=np.int64),
        class_names=tuple(str(label) for label in data.target_names),
    )


def labelled_features(
    dataset: str, folder: Path, features: Sequence[str] | None = None
) -> LabelledFeatures:
    """Return the data set that a design names.

    Args:
        dataset: a key of `BUILT_IN`, or a table in `folder`.
        folder: folder of the design file.
        features: names of the features to use, in this order; all if not given.

    Raises:
        InputError: if the data set does not exist or is invalid.
    """
    if dataset in BUILT_IN:
        data = built_in_features(dataset)
        return data if features is None else data.with_features(features)
    if not (folder / dataset).exists():
        known = ", ".join(f'"{name}"' for name in BUILT_IN)
        given = f'"{dataset}": neither a built-in data set nor a file'
        raise InputError(
            "[task] dataset", given, f"{known}, or a CSV or Parquet file in the design folder"
        )
    return read_labelled_features(folder / dataset, features)


def read_labelled_features(path: Path, features: Sequence[str] | None = None) -> LabelledFeatures:
    """Read a table with one column per feature and the class in the last column.

    Classes are numbered in the sorted order of their names; names that are numbers are sorted
    numerically.

    Args:
        path: CSV or Parquet file.
        features: names of the columns to read, in this order; all if not given.

    Raises:
        InputError: if the table is invalid.
    """
    table = read_table(path)
    if len(table.header) < 2:
        raise InputError(str(path), "1 column", "at least one feature column, then the class")
    columns = _columns_of(table, features)
    names = [row[-1] for row in table.rows]
    missing = [place for place, name in enumerate(names) if name.lower() in NO_CLASS]
    if missing:
        where = f"{path}, {table.lines[missing[0]]}, column {table.header[-1]}"
        raise InputError(where, names[missing[0]] or "missing", "a class name")
    if all(is_number(cell) for cell in table.header[:-1]) and table.header[-1] in names:
        given = f"data instead of a header: {', '.join(table.header)[:60]}"
        raise InputError(f"{path}, line 1", given, "column names")
    class_names = tuple(sorted(set(names), key=_as_sorted))
    return LabelledFeatures(
        features=table.numbers(columns),
        feature_names=tuple(table.header[column] for column in columns),
        classes=np.array([class_names.index(name) for name in names], dtype=np.int64),
        class_names=class_names,
    )


def _columns_of(table: Table, features: Sequence[str] | None) -> list[int]:
    known = table.header[:-1]
    if features is None:
        return list(range(len(known)))
    _check_known(features, known)
    return [known.index(name) for name in features]


def _check_known(features: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in features if name not in known]
    if unknown:
        names = ", ".join(f'"{name}"' for name in known)
        raise InputError("[task] features", f'"{unknown[0]}"', names)


def read_loads_and_displacements(
    path: Path, n_in: int, n_out: int
) -> tuple[FloatArray, FloatArray]:
    """Read a table of input loads in gf and output displacements in mm.

    Every column name ends in its unit: `_gf` for the first `n_in` columns, `_mm` for the others.

    Returns:
        Loads, (n_samples, n_in) N, and displacements, (n_samples, n_out) mm.

    Raises:
        InputError: if the table is invalid or a unit is not the expected one.
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
            raise InputError(f"{path}, line 1", f'column "{name}"', f"a name ending in {unit}")
    values = table.numbers(range(n_in + n_out))
    beyond = np.argwhere(np.abs(values) > LARGEST_LOAD)
    if beyond.size:
        row, column = beyond[0]
        raise InputError(
            f"{path}, {table.lines[row]}, column {table.header[column]}",
            f"{values[row, column]:g}",
            f"up to ±{LARGEST_LOAD:g}",
        )
    return values[:, :n_in] * NEWTON_PER_GF, values[:, n_in:]


def _as_sorted(name: str) -> tuple[float, str]:
    try:
        return float(name), name
    except ValueError:
        return float("inf"), name
