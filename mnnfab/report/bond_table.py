"""The table of bonds: what each is, how it moves, and how much of it is strained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.model.response import Response
    from mnnfab.validation.results import Results

#: Rows of a page; `widths.csv` and `report.json` have all.
MOST_BONDS = 300


@dataclass(frozen=True)
class BondTable:
    """Columns with their headings, and a row a bond.

    Args:
        headings: with units.
        rows: names first, then numbers or nothing.
        digits: after the point, of each number.
        left_out: bonds that are not listed.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]
    digits: tuple[int, ...]
    left_out: int


def bond_table(results: Results) -> BondTable:
    """Return what is known of every bond, the most strained ones first if there are too many."""
    network = results.problem.network
    columns: list[tuple[str, FloatArray, int]] = [
        ("length, mm", network.lengths, 2),
        ("width, mm", results.widths_mm, 3),
        ("joint, mm", results.widths_mm * results.problem.design.fabrication.joint_ratio, 3),
    ]
    columns += _elongations(results)
    if results.guards is not None:
        columns.append(("joint strain, %", 100 * results.guards.joint_strains, 2))
    if results.prints is not None:
        columns.append(("share in the spread of prints, %", 100 * results.prints.bond_shares, 1))
    order = np.arange(network.n_bonds)
    if network.n_bonds > MOST_BONDS:
        order = np.argsort(-columns[-1][1], kind="stable")[:MOST_BONDS]
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
    """Return the elongation under the first load case by bars and by the continuum."""
    task = results.problem.task
    if task is None or not task.load_cases:
        return []
    case = task.load_cases[0]

    def under(response: Response) -> FloatArray:
        moved: FloatArray = response.elongations @ np.array(case.loads_N)
        return moved

    found = []
    if results.bar is not None:
        found.append((f"elongation, “{case.name}”, bars, mm", under(results.bar), 4))
    if results.continuum is not None:
        name = f"elongation, “{case.name}”, continuum, mm"
        found.append((name, under(results.continuum.response), 4))
    return found
