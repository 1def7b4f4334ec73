"""Table of bonds: geometry, elongation, joint strain and share of the output variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.model.response import Response
    from mnnfab.validation.results import Results

#: Maximum number of rows; `widths.csv` and `report.json` list all bonds.
MAX_ROWS = 300


@dataclass(frozen=True)
class BondTable:
    """Table with one row per bond.

    Args:
        headings: column headings with units.
        rows: bond and nodes as text, then the numbers.
        digits: decimals of each number.
        left_out: number of bonds not listed.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]
    digits: tuple[int, ...]
    left_out: int


def bond_table(results: Results) -> BondTable:
    """Return the table; beyond `MAX_ROWS`, the bonds with the largest last column."""
    network = results.problem.network
    columns: list[tuple[str, FloatArray, int]] = [
        ("length, mm", network.lengths, 2),
        ("width, mm", results.widths_mm, 3),
        (
            "width at joint, mm",
            results.widths_mm * results.problem.design.fabrication.joint_ratio,
            3,
        ),
    ]
    columns += _elongations(results)
    if results.limit_states is not None:
        columns.append(("joint strain, %", 100 * results.limit_states.joint_strains, 2))
    if results.print_samples is not None:
        columns.append(
            ("share of the output variance, %", 100 * results.print_samples.bond_shares, 1)
        )
    order = np.arange(network.n_bonds)
    if network.n_bonds > MAX_ROWS:
        order = np.argsort(-columns[-1][1], kind="stable")[:MAX_ROWS]
    rows: list[tuple[str | float, ...]] = [
        (
            str(bond),
            "–".join(map(str, network.bonds[bond].tolist())),
            *(float(v[bond]) for _, v, _ in columns),
        )
        for bond in order.tolist()
    ]
    return BondTable(
        headings=("bond", "nodes", *(heading for heading, _, _ in columns)),
        rows=tuple(rows),
        digits=tuple(digits for _, _, digits in columns),
        left_out=network.n_bonds - len(rows),
    )


def _elongations(results: Results) -> list[tuple[str, FloatArray, int]]:
    """Return the elongation under the first load case by the bar and continuum models."""
    task = results.problem.task
    if task is None or not task.load_cases:
        return []
    case = task.load_cases[0]

    def elongation_by(response: Response) -> FloatArray:
        elongations: FloatArray = response.elongations @ np.array(case.loads_N)
        return elongations

    columns = []
    if results.bar is not None:
        columns.append((f"elongation, “{case.name}”, bar model, mm", elongation_by(results.bar), 4))
    if results.continuum is not None:
        name = f"elongation, “{case.name}”, continuum model, mm"
        columns.append((name, elongation_by(results.continuum.response), 4))
    return columns
