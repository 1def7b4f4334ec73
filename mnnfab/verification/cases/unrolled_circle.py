"""A circle that is unrolled by a moment at its end."""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from fem.frames.frame import Sections
from fem.frames.planar import solve_planar
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import CLAMPED, FREE, end_load, member
from mnnfab.verification.mesh_study import study
from mnnfab.verification.quantities import observed_order

#: Length of the circle, and E A, G A_s, E I for E = 1200, A = 1, ν = 0 and a shear factor of 5/6.
LENGTH, SECTIONS = 10.0, Sections(1200.0, 500.0, 100.0)
#: Moment and position of the tip: exact for E I = 100.
TIPS = {
    "10π": (10 * np.pi, (0.0, 20 / np.pi, -np.pi)),
    "20π": (20 * np.pi, (10.0, 0.0, -2 * np.pi)),
}
TOLERANCE, ORDER = 1e-4, 2.0


@cache
def tip(moment: float, n_elements: int) -> tuple[float, float, float]:
    """Return u_x, u_y and the rotation of the tip; the sides are as long as their arcs."""
    angles = np.linspace(0, 2 * np.pi, n_elements + 1)
    side = LENGTH / n_elements / (2 * np.sin(np.pi / n_elements))
    points = side * np.stack([np.sin(angles), 1 - np.cos(angles)], axis=1)
    frame = member(SECTIONS, points, CLAMPED, FREE)
    (found,) = solve_planar(frame, end_load(0, 0, -moment)[None]).points.nodes[:, 1]
    along, across, rotation = found.tolist()
    return along, across, rotation


def part(moment: float, place: int, n_elements: int) -> float:
    """Return one of the displacements of the tip."""
    return tip(moment, n_elements)[place]


def unroll() -> list[Quantity]:
    """Return the position of the tip; errors are relative to the length."""
    found = []
    for words, (moment, exact) in TIPS.items():
        for place, name in enumerate(("u_x", "u_y", "θ")):
            meshes = study(partial(part, moment, place), 40)
            value, scale = meshes.values[-1], LENGTH if place < 2 else 2 * np.pi
            found.append(
                Quantity(f"{name} at M = {words}", value, exact[place], TOLERANCE, scale, meshes)
            )
    straight = found[3]  # the others are exact on any mesh, or nearly so
    return [*found, observed_order(straight.name, straight.meshes, ORDER)]


CASES = Case(
    "unrolled-circle",
    "Circle of length 10, E = 1200, A = 1, I = 1/12, unrolled by a moment",
    "frame in the plane",
    "exact; Ibrahimbegović, Comput. Meth. Appl. Mech. Eng. 122 (1995) 11",
    unroll,
    "Polygons of 40, 80 and 160 elements, an error of the second order.",
)
