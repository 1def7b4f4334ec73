"""The toggle of Williams: two inclined clamped beams that snap through."""

from __future__ import annotations

from functools import cache

from scipy.interpolate import CubicSpline

from fem.frames.arc_length import EquilibriumPath, trace_path
from fem.frames.frame import Sections
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import CLAMPED, SYMMETRIC, end_load, extremes, line, member

#: Half span and rise, in, and E A, G A_s (shear rigid) and E I, lb and lb in².
HALF_SPAN, RISE, SECTIONS = 12.943, 0.386, Sections(1.885e6, 1e12, 9.274e3)
#: Deflection of the crown, in, and load, lb, of the extensible elastica.
LOADS = {0.1: 25.2058, 0.3: 32.8473, 0.7: 88.1863}
TOLERANCE = 1e-3
#: The deflection at a limit point, where the load is flat, has half of its digits.
PLACE = 5e-3


@cache
def path(n_elements: int) -> EquilibriumPath:
    """Return the path of half of the toggle; factors are loads on the whole."""
    frame = member(SECTIONS, line([0, 0], [HALF_SPAN, RISE], n_elements), CLAMPED, SYMMETRIC)
    return trace_path(frame, end_load(0, -0.5, 0), 0.002, 60)


def snap_through() -> list[Quantity]:
    """Return both limit points, and loads before, between and beyond them."""
    found = path(12)
    sunk = -found.nodes[:, 1, 1]
    (highest, at_highest), (lowest, at_lowest) = extremes(found, sunk)
    load = CubicSpline(sunk, found.factors)
    return [
        Quantity("maximum load, lb", highest, 33.875, TOLERANCE),
        Quantity("deflection at the maximum, in", at_highest, 0.2332, PLACE),
        Quantity("minimum load, lb", lowest, 31.28, TOLERANCE),
        Quantity("deflection at the minimum, in", at_lowest, 0.3906, PLACE),
        *(
            Quantity(
                f"load at a deflection of {place} in, lb", float(load(place)), wanted, TOLERANCE
            )
            for place, wanted in LOADS.items()
        ),
    ]


CASES = Case(
    "williams-toggle",
    "Clamped toggle of Williams, half span 12.943 in, rise 0.386 in",
    "frame in the plane",
    "extensible elastica by collocation; Williams, Q. J. Mech. Appl. Math. 17 (1964) 451",
    snap_through,
    "12 elements. The load is flat at its extremes, so their deflections have fewer digits.",
)
