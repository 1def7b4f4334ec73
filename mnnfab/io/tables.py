"""Tables: CSV with a header line, or Parquet, with checked numbers in documented units."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes, read_text
from mnnfab.io.limits import MAX_CELLS

#: Larger (and infinite) numbers are rejected as input errors; products of allowed ones are finite.
MAX_NUMBER = 1e100


@dataclass(frozen=True)
class Table:
    """A table of unconverted cells.

    Args:
        path: path of the file, for messages.
        header: names of the columns.
        rows: the cells, every row as long as the header.
        lines: position of each row in the file, for messages: "line 7".
    """

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]

    def numbers(self, columns: Sequence[int]) -> FloatArray:
        """Return some columns as finite numbers, (n_rows, n_columns).

        Raises:
            InputError: naming line and column of the first cell that is not a finite number.
        """
        values = np.empty((len(self.rows), len(columns)))
        for i, row in enumerate(self.rows):
            for j, column in enumerate(columns):
                values[i, j] = self._number(i, column, row[column])
        return values

    def _number(self, row: int, column: int, cell: str) -> float:
        try:
            value = float(cell)
        except ValueError:
            value = math.nan
        if not abs(value) <= MAX_NUMBER:
            where = f"{self.path}, {self.lines[row]}, column {self.header[column]}"
            given = f'"{cell}"' if cell else "missing"
            raise InputError(where, given, f"a finite number, up to ±{MAX_NUMBER:g}")
        return value


def read_table(path: Path) -> Table:
    """Read a table: Parquet if the name ends in .parquet or .pq, otherwise CSV with a header line.

    Raises:
        InputError: if it is missing or empty, or a row has a different number of cells.
    """
    return _read_parquet(path) if path.suffix.lower() in {".parquet", ".pq"} else _read_csv(path)


def _read_parquet(path: Path) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(read_bytes(path)))
        _check_names(str(path), file.schema_arrow.names)
        if file.metadata.num_rows * len(file.schema_arrow.names) > MAX_CELLS:
            raise InputError(str(path), "too many cells", f"up to {MAX_CELLS:,} cells")
        columns = file.read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(str(path), f"not Parquet: {reason}", "a Parquet file") from error
    if not columns.num_rows:
        raise InputError(str(path), "no rows", "at least one row")
    cells = (
        ["" if v is None else str(v).strip() for v in column.to_pylist()] for column in columns
    )
    rows = tuple(zip(*cells, strict=True))
    lines = tuple(f"row {row}" for row in range(len(rows)))
    return Table(path, tuple(columns.column_names), rows, lines)


def _read_csv(path: Path) -> Table:
    return parse_csv(path, read_text(path))


def parse_csv(path: Path, text: str) -> Table:
    """Read a table from the text of a CSV file, as `read_table` does."""
    reader = csv.reader(io.StringIO(text))
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    try:
        for row in reader:
            if row:
                rows.append(tuple(cell.strip() for cell in row))
                lines.append(reader.line_num)
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}", str(error), "a CSV file") from error
    if len(rows) < 2:
        raise InputError(str(path), "no rows", "a header line and at least one row")
    header = rows[0]
    _check_header(path, header)
    locations = tuple(f"line {line}" for line in lines)
    for cells, line in zip(rows[1:], lines[1:], strict=True):
        if len(cells) != len(header):
            raise InputError(
                f"{path}, line {line}", f"{len(cells)} cells", f"{len(header)}, as in the header"
            )
    return Table(path, header, tuple(rows[1:]), locations[1:])


def _check_header(path: Path, header: tuple[str, ...]) -> None:
    """Check that the first line is a header with columns separated by commas."""
    where = f"{path}, line 1"
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            raise InputError(where, f"columns separated by {name}", "commas")
    if all(is_number(cell) for cell in header):
        raise InputError(where, f"only numbers: {', '.join(header)[:60]}", "column names")
    _check_names(where, header)


def _check_names(where: str, header: Sequence[str]) -> None:
    seen: set[str] = set()
    for number, name in enumerate(header):
        if not name:
            raise InputError(where, f"no name for column {number}", "a name for every column")
        if name in seen:
            raise InputError(where, f'column "{name}" twice', "different names")
        seen.add(name)


def is_number(cell: str) -> bool:
    """Return whether a cell holds a finite number."""
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def column_numbers(table: Table, name: str) -> FloatArray:
    """Return the column of that name as numbers, (n_rows,).

    Raises:
        InputError: if there is no such column; the message lists the columns of the table.
    """
    if name not in table.header:
        raise InputError(str(table.path), f"columns {', '.join(table.header)}", f"a column {name}")
    return table.numbers([table.header.index(name)])[:, 0]


def optional_numbers(table: Table, name: str) -> FloatArray:
    """Return the column of that name as numbers, (n_rows,); NaN for blank or missing cells.

    Raises:
        InputError: if a cell is neither blank nor a number.
    """
    numbers = np.full(len(table.rows), np.nan)
    if name in table.header:
        number = table.header.index(name)
        given = [row for row, cells in enumerate(table.rows) if cells[number]]
        rows = tuple(table.rows[row] for row in given)
        few = Table(table.path, table.header, rows, tuple(table.lines[row] for row in given))
        numbers[given] = few.numbers([number])[:, 0]
    return numbers


def table_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return CSV text; numbers are written with round-trip precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
