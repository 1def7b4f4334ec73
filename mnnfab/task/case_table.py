"""Tables of load cases: one row each, with loads, targets and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mnnfab.design.case_section import CaseSection
from mnnfab.design.section_errors import expected_by_rule, expected_value, rule_between_keys
from mnnfab.design.task_section import MAX_CASES, Behaviour, check_cases
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import is_missing
from mnnfab.io.tables import Table, read_table_with_findings

NAME, WEIGHT = "case", "weight"
LOAD, TARGET, STIFFNESS = "_gf", "_mm", "_N_per_mm"


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

    The columns are "case", one load per input ending in _gf, one target per output ending in _mm,
    and optionally "weight", one per ratio with its name, and one stiffness per input ending in
    _N_per_mm. A target is a number or text as in a design file; an empty cell is free.

    Raises:
        InputError: if the table or one of its load cases is invalid.
    """
    table = read_table_with_findings(path).without_index()
    keys = _keys(table, [ratio.name for ratio in section.ratios or ()])
    if not 0 < len(table.rows) <= MAX_CASES:
        raise InputError(str(path), f"{len(table.rows)} rows", f"1 to {MAX_CASES} load cases")
    cases = tuple(
        _case(table, keys, row, line) for row, line in zip(table.rows, table.lines, strict=True)
    )
    try:
        check_cases(cases, section)
    except ValueError as error:
        key, given, allowed = error.args
        raise InputError(f"{path}, {key}", given, allowed) from error
    return CaseTable(cases, table.findings)


def _keys(table: Table, ratios: Sequence[str]) -> list[str]:
    """Return the key of [[task.cases]] of every column."""
    keys = []
    for name in table.header:
        if name in {NAME, WEIGHT}:
            keys.append("name" if name == NAME else WEIGHT)
        elif name in ratios:
            keys.append("ratios")
        elif name.endswith(STIFFNESS):
            keys.append("stiffness_N_per_mm")
        elif name.endswith((LOAD, TARGET)):
            keys.append("loads_gf" if name.endswith(LOAD) else "targets_mm")
        else:
            allowed = f'"{NAME}", "{WEIGHT}", or a name ending in {LOAD}, {TARGET} or {STIFFNESS}'
            if ratios:
                allowed += f", or of a ratio: {', '.join(ratios)}"
            raise InputError(f"{table.path}, line 1", f'column "{name}"', allowed)
    if NAME not in table.header:
        given = f"columns {', '.join(table.header)[:80]}"
        raise InputError(f"{table.path}, line 1", given, f'a column "{NAME}" with names')
    _check_order(table, [name for name in table.header if name in ratios], ratios)
    return keys


def _check_order(table: Table, given: Sequence[str], ratios: Sequence[str]) -> None:
    if given and list(given) != list(ratios):
        where = f"{table.path}, line 1"
        raise InputError(where, f"ratios {', '.join(given)}", f"all in order: {', '.join(ratios)}")


def _case(table: Table, keys: Sequence[str], row: Sequence[str], line: str) -> CaseSection:
    values: dict[str, Any] = {}
    for key, cell in zip(keys, row, strict=True):
        if key == "name":
            values[key] = cell
        elif key == WEIGHT:
            if not is_missing(cell):
                values[key] = _number(table, cell)
        else:
            values.setdefault(key, []).append(_number(table, cell))
    try:
        return CaseSection.model_validate(values)
    except ValidationError as error:
        detail = error.errors()[0]
        if rule := rule_between_keys(detail):
            raise InputError(f"{table.path}, {line}", f"{rule[0]} {rule[1]}", rule[2]) from error
        column = _column(table, keys, detail["loc"])
        where = f"{table.path}, {line}" + (f', column "{column}"' if column else "")
        allowed = expected_by_rule(detail) or expected_value(detail)
        raise InputError(where, f'"{detail["input"]}"', allowed) from error


def _column(table: Table, keys: Sequence[str], location: tuple[int | str, ...]) -> str | None:
    """Return the name of the column of an invalid value."""
    own = [name for name, key in zip(table.header, keys, strict=True) if key == location[0]]
    place = location[1] if len(location) > 1 and isinstance(location[1], int) else 0
    return own[place] if own else None


def _number(table: Table, cell: str) -> float | str:
    """Return a cell as a number, or as the text of a target; "free" if it is empty."""
    number = table.number(cell)
    if number is not None:
        return number
    return "free" if is_missing(cell) else cell
