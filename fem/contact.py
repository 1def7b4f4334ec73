"""Contact: the load at which sides of a part that move towards each other would meet."""

from __future__ import annotations

import numpy as np
import shapely

from fem.continuum import Continuum
from mnnfab.arrays import FloatArray, IntArray

#: Loads so many times as great are not looked at.
LARGEST = 10.0
#: The factor is found to this share of it.
TOLERANCE = 0.01


def contact_factor(continuum: Continuum, loads_N: FloatArray) -> tuple[float, FloatArray | None]:
    """Return the factor on a load at which free sides first cross, and which, (2,) mm as drawn.

    Up to ten times the load, by linear displacements; infinite if nothing meets.
    """
    sides = _free_sides(continuum)
    points, moved = continuum.mesh.points, continuum.displacements(loads_N)

    def crossing(factor: float) -> FloatArray | None:
        side = _crossing(points + factor * moved[: len(points)], sides)
        return None if side is None else points[side].mean(axis=0)

    if crossing(LARGEST) is None:
        return np.inf, None
    low, high = 0.0, LARGEST
    while high - low > TOLERANCE * high:
        middle = (low + high) / 2
        low, high = (low, middle) if crossing(middle) is not None else (middle, high)
    return high, crossing(high)


def _free_sides(continuum: Continuum) -> IntArray:
    mesh = continuum.basis.mesh
    sides: IntArray = mesh.facets[:, mesh.boundary_facets()].T
    return sides


def _crossing(points: FloatArray, sides: IntArray) -> IntArray | None:
    """Return the ends of a side that crosses another one with which it shares no point, (2,)."""
    lines = shapely.linestrings(points[sides])
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    ordered = first < second
    first, second = first[ordered], second[ordered]
    apart = ~(sides[first][:, :, None] == sides[second][:, None, :]).any(axis=(1, 2))
    if not apart.any():
        return None
    ends: IntArray = sides[first[apart][0]]
    return ends
