"""Tables: CSV with a header line, or Parquet, with checked numbers in documented units."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import is_missing, normalised, number_of, plain_numbers, without_formula
from mnnfab.io.csv_tables import blanks_text, lines_text, read_records
from mnnfab.io.decimal_marks import POINTS, DecimalMarks, decimal_marks
from mnnfab.io.files import read_bytes
from mnnfab.io.limits import MAX_TEXT_BYTES
from mnnfab.io.parquet_tables import read_parquet_columns
from mnnfab.io.text_decoding import table_text_of

log = logging.getLogger(__name__)

#: Larger (and infinite) numbers are rejected as input errors; products of allowed ones are finite.
MAX_NUMBER = 1e100
#: Names that pandas gives to an index without a name.
_UNNAMED_INDEX = ("Unnamed: 0", "__index_level_0__")


@dataclass(frozen=True)
class Table:
    """A table of unconverted cells.

    Args:
        path: path of the file, for messages.
        header: names of the columns.
        rows: the cells, every row as long as the header.
        lines: position of each row in the file, for messages: "line 7".
        findings: what was assumed or left out when the file was read.
        marks: decimal mark of the numbers.
        index_columns: columns that are the index of a data frame of pandas.
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    marks: DecimalMarks = POINTS
    index_columns: tuple[str, ...] = ()

    def numbers(self, columns: Sequence[int]) -> FloatArray:
        """Return some columns as finite numbers, (n_rows, n_columns).

        Raises:
            InputError: naming line and column of the first cell that is not a finite number.
        """
        values = np.empty((len(self.rows), len(columns)))
        for j, column in enumerate(columns):
            numbers = plain_numbers(self.column(column)) if self.marks == POINTS else None
            if numbers is None or not (np.abs(numbers) <= MAX_NUMBER).all():
                break
            values[:, j] = numbers
        else:
            return values
        for i, row in enumerate(self.rows):
            for j, column in enumerate(columns):
                values[i, j] = self._number(i, column, row[column])
        return values

    def number(self, cell: str) -> float | None:
        """Return the number in a cell of this table; None if it is not a number."""
        if not cell.isascii():  # signs without width, which web pages leave around numbers
            cell = normalised(cell)
        return None if self.marks.refuses(cell) else number_of(cell, self.marks.mark)

    def column(self, number: int) -> tuple[str, ...]:
        """Return the cells of a column."""
        return tuple(row[number] for row in self.rows)

    def missing_rows(self, columns: Sequence[int]) -> list[int]:
        """Return the rows in which a cell of some columns is a mark of a missing value."""
        return [
            number
            for number, row in enumerate(self.rows)
            if any(is_missing(row[column]) for column in columns)
        ]

    def with_rows(self, numbers: Sequence[int]) -> Self:
        """Return the table with some of its rows."""
        rows = tuple(self.rows[number] for number in numbers)
        return replace(self, rows=rows, lines=tuple(self.lines[number] for number in numbers))

    def without_index(self, named: Collection[str] = ()) -> Self:
        """Return the table without the stored index of a data frame, which a finding names.

        Args:
            named: columns that a design names; they remain.
        """
        index = [name for name in self.index_columns if name not in named]
        if not index or len(index) == len(self.header):
            return self
        kept = [number for number, name in enumerate(self.header) if name not in index]
        names = ", ".join(f'"{name}"' for name in index)
        message = f"{names}: stored index of a data frame, not used as a column"
        return replace(
            self,
            header=tuple(self.header[number] for number in kept),
            rows=tuple(tuple(row[number] for number in kept) for row in self.rows),
            findings=(*self.findings, Finding("stored-index", "info", self.path.name, message)),
            index_columns=(),
        )

    def _number(self, row: int, column: int, cell: str) -> float:
        value = self.number(cell)
        if value is None or not abs(value) <= MAX_NUMBER:
            raise self._no_number(row, column, cell)
        return value

    def _no_number(self, row: int, column: int, cell: str) -> InputError:
        where = f"{self.path}, {self.lines[row]}, column {self.header[column]}"
        given = f'"{cell}"' if cell else "missing"
        if self.marks.refuses(cell):
            return InputError(where, f"{given}: {self.marks.fault}", self.marks.remedy)
        rows = self.missing_rows([column]) if is_missing(cell) else []
        if len(rows) > 1:
            places = lines_text([self.lines[number] for number in rows])
            given += f"; no value in {len(rows)} rows: {places}"
        return InputError(where, given, f"a finite number, up to ±{MAX_NUMBER:g}")


def read_table(path: Path) -> Table:
    """Read a table: Parquet if the name ends in .parquet or .pq, otherwise CSV with a header line.

    What was assumed is logged; `read_table_with_findings` returns it only.

    Raises:
        InputError: if it is missing or empty, or a row has a different number of cells.
    """
    table = read_table_with_findings(path)
    for finding in table.findings:
        level = logging.WARNING if finding.severity == "warning" else logging.INFO
        log.log(level, "%s: %s", finding.where, finding.message)
    return table


def read_table_with_findings(path: Path) -> Table:
    """Read a table as `read_table` does, for callers that report `Table.findings`."""
    if path.suffix.lower() in {".parquet", ".pq"}:
        return _parquet_table(path, read_bytes(path))
    text, findings = table_text_of(path, read_bytes(path, MAX_TEXT_BYTES))
    table = parse_csv(path, text)
    return replace(table, findings=(*findings, *table.findings))


def _parquet_table(path: Path, data: bytes) -> Table:
    read = read_parquet_columns(path, data)
    note = Finding("table-format", "info", path.name, blanks_text(read.padded))
    return Table(
        path,
        read.header,
        read.rows,
        tuple(f"row {row}" for row in range(len(read.rows))),
        (note,) if read.padded else (),
        index_columns=read.index_columns,
    )


def parse_csv(path: Path, text: str) -> Table:
    """Read a table from the text of a CSV file, as `read_table` does."""
    records = read_records(path, text)
    findings, marks = records.findings(path), POINTS
    if records.separator != "," or '"' in text:
        cells = (cell for row in records.rows for cell in row)
        marks = decimal_marks(cells, records.separator)
    if marks.mark == ",":
        found = Finding("table-format", "info", path.name, "numbers with a decimal comma")
        findings = (*findings, found)
    return Table(
        path,
        records.header,
        records.rows,
        tuple(f"line {line}" for line in records.lines),
        findings,
        marks,
        tuple(name for name in records.header[:1] if name in _UNNAMED_INDEX),
    )


def is_number(cell: str) -> bool:
    """Return whether a cell holds a finite number."""
    value = number_of(cell)
    return value is not None and abs(value) != float("inf")


def column_numbers(table: Table, name: str) -> FloatArray:
    """Return the column of that name as numbers, (n_rows,).

    Raises:
        InputError: if there is no such column; the message lists the columns of the table.
    """
    if name not in table.header:
        raise InputError(str(table.path), f"columns {', '.join(table.header)}", f"a column {name}")
    return table.numbers([table.header.index(name)])[:, 0]


def optional_numbers(table: Table, name: str) -> FloatArray:
    """Return the column of that name as numbers, (n_rows,); NaN for missing cells or columns.

    Raises:
        InputError: if a cell is neither missing nor a number.
    """
    numbers = np.full(len(table.rows), np.nan)
    if name in table.header:
        number = table.header.index(name)
        missing = set(table.missing_rows([number]))
        given = [row for row in range(len(table.rows)) if row not in missing]
        numbers[given] = table.with_rows(given).numbers([number])[:, 0]
    return numbers


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text; numbers are written with round-trip precision.

    Text that a spreadsheet would take for a formula is written behind an apostrophe, which
    `read_table` removes.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_written, header))
    writer.writerows(map(_written, row) for row in rows)
    return text.getvalue()


def _written(value: object) -> object:
    safe = without_formula(value)
    # The writer quotes a line feed, but not a carriage return.
    return safe.replace("\r\n", "\n").replace("\r", "\n") if isinstance(safe, str) else safe
