"""Cantilevers with large rotations: a dead load at the tip, and a moment that rolls them up."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from fem.frames.planar import solve_planar
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import cantilever, end_load
from mnnfab.verification.quantities import converged, observed_order

#: P L² / EI, and w/L, u/L and θ of the tip.
ELASTICA = (
    (1.0, 0.301721, 0.056433, 0.461352),
    (2.0, 0.493457, 0.160642, 0.781750),
    (5.0, 0.713792, 0.387628, 1.215368),
    (10.0, 0.810609, 0.554996, 1.430286),
)
NAMES = ("w/L", "u/L", "θ")
#: The references have six digits.
DIGITS, EXACT = 1e-5, 1e-9
ORDER = 4.0


@cache
def tip(load: float, n_elements: int) -> tuple[float, float, float]:
    """Return w/L, u/L and the rotation of the tip under P L² / EI."""
    (found,) = solve_planar(cantilever(n_elements), end_load(0, load, 0)[None]).points.nodes[:, 1]
    along, across, rotation = found.tolist()
    return across, -along, rotation


def part(load: float, place: int, n_elements: int) -> float:
    """Return one of the displacements of the tip."""
    return tip(load, n_elements)[place]


def dead_load() -> list[Quantity]:
    """Return the displacements of the tip, and the order of convergence of the deflection."""
    found = [
        converged(f"{name} at PL²/EI = {load:g}", partial(part, load, place), 5, exact, DIGITS)
        for load, *references in ELASTICA
        for place, (name, exact) in enumerate(zip(NAMES, references, strict=True))
    ]
    deflection = next(one for one in found if one.name == "w/L at PL²/EI = 5")
    return [*found, observed_order(deflection.name, deflection.meshes, ORDER)]


def roll_up() -> list[Quantity]:
    """Return the tip under the moment 2π EI / L, applied in one step and in seven."""
    found = []
    for steps in (1, 7):
        frame, state = cantilever(12), None
        for share in np.linspace(0, 1, steps + 1)[1:]:
            state = solve_planar(frame, share * end_load(0, 0, 2 * np.pi)[None], start=state).points
        assert state is not None
        along, across, rotation = state.nodes[0, 1].tolist()
        words = "1 step" if steps == 1 else f"{steps} steps"
        found += [
            Quantity(f"tip u_x/L, {words}", along, -1.0, EXACT),
            Quantity(f"tip u_y/L, {words}", across, 0.0, EXACT, scale=1.0),
            Quantity(f"tip rotation, {words}", rotation, 2 * np.pi, EXACT),
        ]
    return found


CASES = (
    Case(
        "cantilever-dead-load",
        "Cantilever under a dead load at its tip, without extension",
        "frame in the plane",
        "elastica; Mattiasson, Int. J. Numer. Meth. Eng. 17 (1981) 145",
        dead_load,
        "Meshes of 5, 10 and 20 elements, which converge with the fourth order by the curvature "
        "in their strain.",
    ),
    Case(
        "cantilever-roll-up",
        "Moment 2π EI/L rolls a cantilever up to a circle, whatever the load steps",
        "frame in the plane",
        "exact: a closed circle",
        roll_up,
        "12 elements; the solution is exact on any mesh.",
    ),
)
