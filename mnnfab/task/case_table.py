"""Tables of load cases: one row each, with loads, targets and names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mnnfab.design.behaviour_section import MAX_CASES, Behaviour, check_cases
from mnnfab.design.case_section import CaseSection
from mnnfab.design.section_errors import expected_by_rule, expected_value, rule_between_keys
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import is_missing
from mnnfab.io.decimal_marks import decimal_marks
from mnnfab.io.tables import Table, read_table_with_findings
from mnnfab.task.case_columns import Column, Kind, column_kinds, read_columns

#: The numbers in a text such as "0,5 +- 0,1", and their mark.
NUMBERS = re.compile(r"[0-9][0-9.,]*")
DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")


@dataclass(frozen=True)
class CaseTable:
    """Load cases of a table.

    Args:
        cases: the load cases.
        findings: what was assumed or left out when the table was read.
    """

    cases: tuple[CaseSection, ...]
    findings: tuple[Finding, ...]


def read_case_table(path: Path, section: Behaviour) -> CaseTable:
    """Read the load cases of a behaviour from CSV or Parquet.

    The columns are "case", a load for each input (its name and "_gf"), a target for each output
    (its name and "_mm"), and optionally "weight", ratios by their names, and stiffnesses of inputs
    (name and "_N_per_mm"), prescribed displacements ("_prescribed_mm") and targets of their
    reactions ("_reaction_gf"). Ports without a name are taken in the order of the columns. A target
    is a number or text as in a design file; an empty target is free. The load of an input with a
    prescribed displacement may be empty.

    Raises:
        InputError: if the table or one of its load cases is invalid.
    """
    table = read_table_with_findings(path).without_index()
    kinds = column_kinds(section)
    columns = tuple(read_columns(table, kinds))
    if not 0 < len(table.rows) <= MAX_CASES:
        raise InputError(str(path), f"{len(table.rows)} rows", f"1 to {MAX_CASES} load cases")
    rows = _Rows(table, kinds, columns, _has_commas(table))
    cases = tuple(rows.case(row, line) for row, line in zip(table.rows, table.lines, strict=True))
    try:
        check_cases(cases, section)
    except ValueError as error:
        key, given, allowed = error.args
        raise InputError(f"{path}, {key}", given, allowed) from error
    return CaseTable(cases, table.findings)


@dataclass(frozen=True)
class _Rows:
    """The rows of a table as load cases.

    Args:
        table: the table.
        kinds: kinds of columns.
        columns: its columns.
        commas: whether numbers in texts have decimal commas.
    """

    table: Table
    kinds: tuple[Kind, ...]
    columns: tuple[Column, ...]
    commas: bool

    def case(self, row: Sequence[str], line: str) -> CaseSection:
        """Return the load case of a row.

        Raises:
            InputError: if a cell is invalid, with its line and column.
        """
        where, values = f"{self.table.path}, {line}", self._values(row, line)
        try:
            return CaseSection.model_validate(values)
        except ValidationError as error:
            detail = error.errors()[0]
            if rule := rule_between_keys(detail):
                raise InputError(where, f"{rule[0]} {rule[1]}", rule[2]) from error
            allowed = expected_by_rule(detail) or expected_value(detail)
            where += self._column(detail["loc"])
            raise InputError(where, f'"{detail["input"]}"', allowed) from error

    def _values(self, row: Sequence[str], line: str) -> dict[str, Any]:
        given = {column.key for column in self.columns}
        values: dict[str, Any] = {
            kind.key: ["free"] * len(kind.names) for kind in self.kinds if kind.key in given
        }
        prescribed = {
            column.place
            for column, cell in zip(self.columns, row, strict=True)
            if column.key == "prescribed_mm" and not is_missing(cell)
        }
        for column, name, cell in zip(self.columns, self.table.header, row, strict=True):
            if column.key == "name":
                values["name"] = cell
            elif column.place is not None:
                if column.key == "loads_gf" and is_missing(cell) and column.place in prescribed:
                    values[column.key][column.place] = 0.0
                    continue
                if column.key == "loads_gf" and is_missing(cell):
                    where = f'{self.table.path}, {line}, column "{name}"'
                    raise InputError(where, "empty", "a load in gf, 0 for none")
                values[column.key][column.place] = self._value(cell)
            elif not is_missing(cell):
                values[column.key] = self._value(cell)
        return values

    def _column(self, location: tuple[int | str, ...]) -> str:
        """Return the name of the column of an invalid value, for a message."""
        for column, name in zip(self.columns, self.table.header, strict=True):
            place = () if column.place is None else (column.place,)
            if location[: 1 + len(place)] == (column.key, *place):
                return f', column "{name}"'
        return ""

    def _value(self, cell: str) -> float | str:
        """Return a cell as a number, or as the text of a target; "free" if it is empty."""
        number = self.table.number(cell)
        if number is not None:
            return number
        if is_missing(cell):
            return "free"
        return DECIMAL_COMMA.sub(".", cell) if self.commas else cell


def _has_commas(table: Table) -> bool:
    """Return whether the numbers of a table, also those in texts, have decimal commas."""
    numbers = [number for row in table.rows for cell in row for number in NUMBERS.findall(cell)]
    return decimal_marks(numbers, ";").mark == ","
