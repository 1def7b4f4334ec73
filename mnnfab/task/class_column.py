"""The class column of a table: which it is, and its entries as numbered classes."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np

from mnnfab.arrays import IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import is_missing, normalised, number_of, with_point
from mnnfab.io.csv_tables import lines_text
from mnnfab.io.tables import Table

#: Largest number of classes that a finding lists.
MAX_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Classes:
    """Classes of the rows of a table.

    Args:
        numbers: class number of each row, (n_rows,).
        names: name of each class number.
        findings: the classes with their counts, and spellings that are one class.
    """

    numbers: IntArray
    names: tuple[str, ...]
    findings: tuple[Finding, ...]


def class_column_of(table: Table, name: str | None, features: Sequence[str] | None) -> int:
    """Return the number of the class column: the one named, or the last.

    Args:
        table: without its index columns, unless they are named.
        name: its name in the design; None if it is not given.
        features: names of the feature columns; None for all other columns.

    Raises:
        InputError: if there is no such column, or if the last column has numbers and another one
            that is no feature may be meant.
    """
    if name is not None:
        if normalised(name) not in table.header:
            names = ", ".join(f'"{column}"' for column in table.header)
            raise InputError("[task] class_column", f'"{name}"', f"a column of the table: {names}")
        return table.header.index(normalised(name))
    last = len(table.header) - 1
    if _text_rows(table, last):
        return last
    for column in range(last):
        if features is not None and table.header[column] in features:
            continue
        text = _text_rows(table, column)
        # Unless it is a feature, text that differs in every row identifies the rows.
        if text and (features is None or _is_repeated(table, column)):
            row, title = text[0], table.header[column]
            where = f"{table.path}, {table.lines[row]}, column {title}"
            given = f'"{table.rows[row][column]}", and numbers in the last column, '
            allowed = f'a finite number, or class_column = "{title}" in [task] if it is the class'
            if features is not None:
                allowed = f'class_column = "{title}" or "{table.header[last]}" in [task], the class'
            raise InputError(where, f"{given}{table.header[last]}", allowed)
    return last


def refuse_numbers_as_classes(read: Table, table: Table, of_class: int) -> None:
    """Refuse a column of numbers that is probably not that of the classes.

    Args:
        read: the table with its index.
        table: the table without it.
        of_class: class column of `table`, which the design does not name.

    Raises:
        InputError: if the index of the table has text that is repeated.
    """
    if _text_rows(table, of_class):
        return
    for name in read.index_columns:
        column = read.header.index(name)
        if name not in table.header and _text_rows(read, column) and _is_repeated(read, column):
            given = f"text in the index, and numbers in the last column, {table.header[of_class]}"
            allowed = f'class_column = "{name}" or "{table.header[of_class]}" in [task], the class'
            raise InputError(f"{read.path}, column {name}", given, allowed)


def _text_rows(table: Table, column: int) -> list[int]:
    """Return the rows of a column that have neither a number nor a mark of a missing value."""
    return [
        number
        for number, cell in enumerate(table.column(column))
        if not is_missing(cell) and table.number(cell) is None
    ]


def _is_repeated(table: Table, column: int) -> bool:
    cells = table.column(column)
    return len(set(cells)) < len(cells)


def classes_of(table: Table, column: int) -> Classes:
    """Return the classes of a table without missing classes.

    Equal numbers are one class, and so are entries in other Unicode forms or with other blanks.
    Classes are numbered in the sorted order of their names; names that are numbers are sorted
    numerically.

    Raises:
        InputError: if names of classes differ only in upper and lower case or in the width of
            their characters: they are nearly always one class, which would be split.
    """
    cells = table.column(column)
    keys = [_key(normalised(cell), table.marks.mark) for cell in cells]
    spellings: dict[str | Decimal, Counter[str]] = {}
    for key, cell in zip(keys, cells, strict=True):
        spellings.setdefault(key, Counter())[cell] += 1
    name_of = {key: _shortest(map(normalised, found)) for key, found in spellings.items()}
    _check_cases(table, column, name_of.values())
    ordered = sorted(name_of, key=lambda key: _as_sorted(key, name_of[key]))
    number_of_key = {key: number for number, key in enumerate(ordered)}
    names = tuple(name_of[key] for key in ordered)
    return Classes(
        np.array([number_of_key[key] for key in keys], dtype=np.int64),
        names,
        tuple(_findings(table, column, {name_of[key]: spellings[key] for key in ordered})),
    )


def _findings(
    table: Table, column: int, spellings: Mapping[str, Counter[str]]
) -> Iterator[Finding]:
    """Yield which spellings are one class, and the number of rows of every class."""
    where = table.path.name
    for name, found in spellings.items():
        if len(found) > 1:
            listed = ", ".join(f'"{one}" {found[one]}' for one in sorted(found))
            message = f'{len(found)} spellings are one class, "{name}": {listed}'
            yield Finding("class-spellings", "warning", where, message)
    counts = [f'"{name}" {found.total()}' for name, found in spellings.items()]
    more = f" and {len(counts) - MAX_CLASSES} more" if len(counts) > MAX_CLASSES else ""
    listed = ", ".join(counts[:MAX_CLASSES]) + more
    message = f'class column "{table.header[column]}", rows of every class: {listed}'
    yield Finding("classes", "info", where, message)


def _shortest(spellings: Iterable[str]) -> str:
    return min(spellings, key=lambda name: (len(name), name))


def _key(cell: str, mark: str) -> str | Decimal:
    """Return the exact number in a cell, or its text: large identifiers differ as written."""
    if number_of(cell, mark) is None:
        return cell
    try:
        return Decimal(with_point(cell, mark))
    except InvalidOperation:  # an exponent out of range
        return cell


def _as_sorted(key: str | Decimal, name: str) -> tuple[bool, Decimal, str]:
    return (False, key, name) if isinstance(key, Decimal) else (True, Decimal(0), name)


def _check_cases(table: Table, column: int, names: Iterable[str]) -> None:
    """Refuse names of classes that differ only in case or in compatible Unicode characters."""
    seen: dict[str, str] = {}
    cells = table.column(column)
    for name in sorted(names):
        folded = unicodedata.normalize("NFKC", name).casefold()
        if folded in seen:
            where = f"{table.path}, column {table.header[column]}"
            given = " and ".join(_with_rows(table, cells, one) for one in (seen[folded], name))
            raise InputError(where, given, "one spelling of a class, or names that differ in more")
        seen[folded] = name


def _with_rows(table: Table, cells: Sequence[str], name: str) -> str:
    lines = [table.lines[row] for row, cell in enumerate(cells) if normalised(cell) == name]
    return f'"{name}" ({lines_text(lines)})'
