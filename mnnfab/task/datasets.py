"""Data sets: features with classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.cells import normalised
from mnnfab.io.tables import Table, is_number, read_table_with_findings
from mnnfab.task.class_column import class_column_of, classes_of, refuse_numbers_as_classes
from mnnfab.task.data_set import LabelledFeatures, built_in_data_sets, check_known
from mnnfab.task.missing_values import Missing, without_missing

#: Built-in data sets by their names.
BUILT_IN = built_in_data_sets()


@dataclass(frozen=True)
class ColumnChoice:
    """Choice of the columns and rows of a data set, as in the [task] section.

    Args:
        features: names of the features to use, in this order; all if not given.
        class_column: name of the class column of a table; the last column if not given.
        missing: whether rows of a table with missing values are refused or dropped.
    """

    features: Sequence[str] | None = None
    class_column: str | None = None
    missing: Missing = "refuse"


def built_in_features(name: str) -> LabelledFeatures:
    """Return a built-in data set.

    Args:
        name: a key of `BUILT_IN`.
    """
    return BUILT_IN[name].load()


def labelled_features(
    dataset: str, folder: Path, choice: ColumnChoice | None = None
) -> LabelledFeatures:
    """Return the data set that a design names.

    Args:
        dataset: a key of `BUILT_IN`, or a table in `folder`.
        folder: folder of the design file.
        choice: columns to use; all if not given.

    Raises:
        InputError: if the data set does not exist or is invalid.
    """
    choice = choice or ColumnChoice()
    if dataset in BUILT_IN:
        if choice.class_column is not None:
            given = f'"{choice.class_column}", with the built-in data set "{dataset}"'
            raise InputError("[task] class_column", given, "only with a table")
        data = built_in_features(dataset)
        return data if choice.features is None else data.with_features(choice.features)
    if not (folder / dataset).exists():
        known = ", ".join(f'"{name}"' for name in BUILT_IN)
        given = f'"{dataset}": neither a built-in data set nor a file'
        raise InputError(
            "[task] dataset", given, f"{known}, or a CSV or Parquet file in the design folder"
        )
    path = folder / dataset
    return read_labelled_features(path, choice.features, choice.class_column, choice.missing)


def read_labelled_features(
    path: Path,
    features: Sequence[str] | None = None,
    class_column: str | None = None,
    missing: Missing = "refuse",
) -> LabelledFeatures:
    """Read a table with one column per feature and one with the class.

    Args:
        path: CSV or Parquet file.
        features: names of the columns to read, in this order; all but the class if not given.
        class_column: name of the class column; the last column if not given.
        missing: whether rows with missing values are refused or dropped.

    Raises:
        InputError: if the table is invalid.
    """
    named = None if features is None else [normalised(name) for name in features]
    in_design = [*(named or ()), *([] if class_column is None else [normalised(class_column)])]
    read = read_table_with_findings(path)
    table = read.without_index(in_design)
    if len(table.header) < 2:
        raise InputError(str(path), "1 column", "at least one feature column, and the class")
    of_class = class_column_of(table, class_column, named)
    if class_column is None:
        refuse_numbers_as_classes(read, table, of_class)
    columns = _columns_of(table, named, of_class)
    table = without_missing(table, [*columns, of_class], missing)
    _check_header(table, of_class)
    classes = classes_of(table, of_class)
    return LabelledFeatures(
        features=table.numbers(columns),
        feature_names=tuple(table.header[column] for column in columns),
        classes=classes.numbers,
        class_names=classes.names,
        findings=(*table.findings, *classes.findings),
    )


def _check_header(table: Table, of_class: int) -> None:
    """Refuse a first line that is a sample: numbers and the name of a class."""
    others = [name for number, name in enumerate(table.header) if number != of_class]
    if all(is_number(cell) for cell in others) and table.header[of_class] in table.column(of_class):
        given = f"data instead of a header: {', '.join(table.header)[:60]}"
        raise InputError(f"{table.path}, line 1", given, "column names")


def _columns_of(table: Table, features: Sequence[str] | None, of_class: int) -> list[int]:
    known = {name: column for column, name in enumerate(table.header) if column != of_class}
    if features is None:
        return list(known.values())
    check_known(features, list(known))
    return [known[name] for name in features]
