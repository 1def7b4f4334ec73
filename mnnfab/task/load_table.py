"""Tables of loads and displacements, whose column names may carry node and axis of the ports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.tables import Table, read_table_with_findings
from mnnfab.network.ports import AnyPort, Axis, Port
from mnnfab.task.missing_values import Missing, without_missing
from mnnfab.units import NEWTON_PER_GF

#: Upper limit of loads (gf) and displacements (mm); larger values are refused as errors.
LARGEST_LOAD = 1e9
LOAD_UNIT, DISPLACEMENT_UNIT = "_gf", "_mm"
#: Node and axis in a name without its unit: "node3_y", "n3y", "node 3 uy"; or "uy_node3", "x_n3".
_NODE_AXIS = re.compile(r"(?:^|.*[ _-])n(?:ode)?[ _-]?([0-9]{1,6})[ _-]?[uf]?([xy])", re.IGNORECASE)
_AXIS_NODE = re.compile(r"(?:^|.*[ _-])[uf]?([xy])[ _-]?n(?:ode)?[ _-]?([0-9]{1,6})", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class LoadTable:
    """Loads and displacements of a table.

    Args:
        loads_N: (n_samples, n_in) N.
        displacements_mm: (n_samples, n_out) mm.
        lines: position of each sample in the file, for messages.
        findings: what was assumed or left out when the table was read.
    """

    loads_N: FloatArray
    displacements_mm: FloatArray
    lines: tuple[str, ...]
    findings: tuple[Finding, ...]


def read_load_columns(path: Path) -> tuple[str, ...]:
    """Return the names of the columns of a table of loads and displacements.

    Raises:
        InputError: if the table or the name of a column is invalid.
    """
    header = read_table_with_findings(path).without_index().header
    units = [name[-3:] for name in header]
    n_in = units.count(LOAD_UNIT)
    expected = [LOAD_UNIT] * n_in + [DISPLACEMENT_UNIT] * (len(units) - n_in)
    if units != expected or n_in in {0, len(units)}:
        given = f"columns {', '.join(header)[:80]}"
        allowed = "load columns ending in _gf, then displacement columns ending in _mm"
        raise InputError(f"{path}, line 1", given, allowed)
    return header


def port_in_name(column: str) -> Port | None:
    """Return the port that the name of a column carries, or None.

    >>> str(port_in_name("node3_y_gf")), str(port_in_name("ux_node12_mm")), port_in_name("a_gf")
    ('node 3 y', 'node 12 x', None)
    """
    name = column[:-3]
    if match := _NODE_AXIS.fullmatch(name):
        return Port(int(match[1]), _axis(match[2]))
    if match := _AXIS_NODE.fullmatch(name):
        return Port(int(match[2]), _axis(match[1]))
    return None


def _axis(letter: str) -> Axis:
    return "x" if letter.lower() == "x" else "y"


def read_load_table(
    path: Path, inputs: Sequence[AnyPort], outputs: Sequence[AnyPort], missing: Missing = "refuse"
) -> LoadTable:
    """Read a table of input loads in gf and output displacements in mm.

    Every column name ends in its unit: `_gf` for the inputs, then `_mm` for the outputs.

    Args:
        path: CSV or Parquet file.
        inputs: ports of the load columns.
        outputs: ports of the displacement columns.
        missing: whether rows with missing values are refused or dropped.

    Raises:
        InputError: if the table is invalid or a unit is not the expected one.
    """
    table, n_in, n_out = read_table_with_findings(path).without_index(), len(inputs), len(outputs)
    if len(table.header) != n_in + n_out:
        raise InputError(
            str(path),
            f"{len(table.header)} columns",
            f"{n_in + n_out}: {n_in} load(s) in gf, then {n_out} displacement(s) in mm",
        )
    for column, name in enumerate(table.header):
        unit = LOAD_UNIT if column < n_in else DISPLACEMENT_UNIT
        if not name.endswith(unit):
            raise InputError(f"{path}, line 1", f'column "{name}"', f"a name ending in {unit}")
    table = without_missing(table, range(n_in + n_out), missing)
    values = table.numbers(range(n_in + n_out))
    _check_size(table, values)
    findings = (*table.findings, *_port_findings(table, (*inputs, *outputs)))
    return LoadTable(values[:, :n_in] * NEWTON_PER_GF, values[:, n_in:], table.lines, findings)


def _check_size(table: Table, values: FloatArray) -> None:
    beyond = np.argwhere(np.abs(values) > LARGEST_LOAD)
    if beyond.size:
        row, column = beyond[0]
        raise InputError(
            f"{table.path}, {table.lines[row]}, column {table.header[column]}",
            f"{values[row, column]:g}",
            f"up to ±{LARGEST_LOAD:g}",
        )


def _port_findings(table: Table, ports: Sequence[AnyPort]) -> list[Finding]:
    """Return warnings for columns whose names carry other ports than the design gives them."""
    found = []
    for name, port in zip(table.header, ports, strict=True):
        named = port_in_name(name)
        if named is not None and named != port:
            message = f'column "{name}" belongs to the port {port} of the design'
            found.append(Finding("port-names", "warning", table.path.name, message))
    return found
