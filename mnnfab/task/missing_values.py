"""Missing values of a table: refused with their rows, or left out, as the design requires."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import is_missing
from mnnfab.io.csv_tables import lines_text
from mnnfab.io.tables import Table

Missing = Literal["refuse", "drop"]


def without_missing(table: Table, columns: Sequence[int], missing: Missing) -> Table:
    """Return the rows of a table that have a value in all of some columns.

    Args:
        table: the table.
        columns: the columns that are used.
        missing: "refuse", or "drop" to leave rows out with a finding.

    Raises:
        InputError: naming the rows, if there are any and they are refused, or if none remains.
    """
    rows = table.missing_rows(columns)
    if not rows:
        return table
    places = lines_text([table.lines[row] for row in rows])
    if missing == "refuse":
        column = next(one for one in columns if is_missing(table.rows[rows[0]][one]))
        where = f"{table.path}, {table.lines[rows[0]]}, column {table.header[column]}"
        cell = table.rows[rows[0]][column]
        given = f"{cell} (a missing value)" if cell else "missing"
        if len(rows) > 1:
            given += f"; {len(rows)} rows with missing values: {places}"
        raise InputError(where, given, 'a value; missing = "drop" in [task] leaves such rows out')
    kept = sorted(set(range(len(table.rows))).difference(rows))
    if not kept:
        raise InputError(str(table.path), "missing values in every row", "rows with all values")
    message = f"{len(rows)} of {len(table.rows)} rows with missing values left out: {places}"
    finding = Finding("rows-dropped", "warning", table.path.name, message)
    return replace(table.with_rows(kept), findings=(*table.findings, finding))
