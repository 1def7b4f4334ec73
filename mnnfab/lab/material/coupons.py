"""Coupon tests: table of loads and elongations of the bond and the bar coupon.

Columns: coupon ("bar" or "bond"), load_gf, elongation_mm (between the two nodes), and optionally
time_s since the weight was applied and sd_mm of the reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.io.tables import column_numbers, optional_numbers, read_table
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.problem.problem import Problem

COUPONS = "coupons.csv"
KINDS = ("bar", "bond")
#: Ratio of measured to predicted elongations above which the unit is wrong: 10 for cm.
MAX_UNIT_RATIO = 6.0


@dataclass(frozen=True, eq=False)
class CouponReadings:
    """Tensile readings of one kind of coupon.

    Args:
        kind: "bar" or "bond".
        loads_N: (n,).
        elongations_mm: (n,).
        sd_mm: stated noise of a reading, (n,); NaN if not given.
        times_s: time since the weight was applied, (n,); NaN if not given.
    """

    kind: str
    loads_N: FloatArray
    elongations_mm: FloatArray
    sd_mm: FloatArray
    times_s: FloatArray


def load_coupon_readings(path: Path) -> list[CouponReadings]:
    """Read a table of coupon tests.

    Raises:
        InputError: naming the invalid line.
    """
    table = read_table(path)
    if "coupon" not in table.header:
        raise InputError(str(path), f"columns {', '.join(table.header)}", "a column coupon")
    kinds = [row[table.header.index("coupon")] for row in table.rows]
    loads, elongations = (column_numbers(table, name) for name in ("load_gf", "elongation_mm"))
    optional = {name: optional_numbers(table, name) for name in ("sd_mm", "time_s")}
    if (optional["sd_mm"] <= 0).any():
        raise InputError(str(path), "sd_mm of 0 or less", "a positive value, or an empty cell")
    for kind, load, line in zip(kinds, loads.tolist(), table.lines, strict=True):
        if kind not in KINDS:
            raise InputError(f"{path}, {line}", f'coupon "{kind}"', " or ".join(KINDS))
        if load <= 0:
            raise InputError(f"{path}, {line}", f"load_gf {load:g}", "a weight of more than 0")
    tests = []
    for kind in KINDS:
        rows = np.array(
            [n for n, kind_of_row in enumerate(kinds) if kind_of_row == kind], dtype=int
        )
        if rows.size:
            tests.append(
                CouponReadings(
                    kind,
                    loads[rows] * NEWTON_PER_GF,
                    elongations[rows],
                    optional["sd_mm"][rows],
                    optional["time_s"][rows],
                )
            )
    return tests


def coupon_flexibility(problem: Problem, kind: str) -> float:
    """Return the elongation of a coupon under a unit load by the continuum model, mm/N.

    One pad is fixed; the load acts at the other node, along the coupon.

    Raises:
        InputError: if the design has no coupons.
    """
    from fem.convergence import solve_to_tolerance
    from fem.mesh import make_mesh
    from mnnfab.printed_part.tiling import coupons_of

    coupons = [candidate for candidate in coupons_of(problem) if candidate.name == f"coupon-{kind}"]
    if not coupons:
        allowed = "a design with [features.coupon], whose coupons were tested"
        raise InputError(COUPONS, f"coupon {kind}, but no coupons in the design", allowed)
    check, (coupon,) = problem.design.check, coupons
    mesh = make_mesh(coupon.tiling, check.elements_across_joint, check.mesher_deadline_s)
    clamped = Network(coupon.network.nodes, coupon.network.bonds, np.array([0]))
    port = (Port(1, "x"),)
    tolerance = check.discretisation_tolerance
    continuum, _ = solve_to_tolerance(
        mesh, clamped, problem.material, (port, port), tolerance, None
    )
    return float(continuum.response.flexibility[0, 0])


def check_unit(where: str, tests: CouponReadings, predicted_mm_per_N: float) -> None:
    """Refuse elongations in another unit.

    Raises:
        InputError: if the median differs from the prediction by more than a factor of
            `MAX_UNIT_RATIO`.
    """
    ratio = float(np.median(tests.elongations_mm / tests.loads_N)) / predicted_mm_per_N
    if not 1 / MAX_UNIT_RATIO < ratio < MAX_UNIT_RATIO:
        raise InputError(
            where,
            f"elongations of the {tests.kind} are {ratio:.3g} times those predicted",
            "positive elongations in mm, and loads in gf, of coupons of this design",
        )
