"""Self-contact: the load factor at which free sides of a part would meet."""

from __future__ import annotations

import numpy as np
import shapely

from fem.continuum import Continuum
from mnnfab.arrays import FloatArray, IntArray

#: Largest load factor that is examined.
MAX_FACTOR = 10.0
#: Relative tolerance of the load factor.
TOLERANCE = 0.01


def contact_factor(continuum: Continuum, loads_N: FloatArray) -> tuple[float, FloatArray | None]:
    """Return the load factor of self-contact, and its place in the undeformed part, (2,) mm.

    Self-contact is the first crossing of free sides under linear displacements, up to load
    factor 10. The factor is infinite if no sides meet.
    """
    sides = _free_sides(continuum)
    points, displacements = continuum.mesh.points, continuum.displacements(loads_N)

    def crossing(factor: float) -> FloatArray | None:
        side = _crossing(points + factor * displacements[: len(points)], sides)
        return None if side is None else points[side].mean(axis=0)

    if crossing(MAX_FACTOR) is None:
        return np.inf, None
    low, high = 0.0, MAX_FACTOR
    while high - low > TOLERANCE * high:
        middle = (low + high) / 2
        low, high = (low, middle) if crossing(middle) is not None else (middle, high)
    return high, crossing(high)


def self_contact(continuum: Continuum, field: FloatArray) -> FloatArray | None:
    """Return the place where free sides cross in a deformed part, (2,) mm; None if none do.

    Args:
        continuum: continuum model with the mesh of the part.
        field: displacements, (n_dofs,) mm.
    """
    points = continuum.mesh.points
    side = _crossing(points + continuum.at_points(field)[: len(points)], _free_sides(continuum))
    return None if side is None else points[side].mean(axis=0)


def _free_sides(continuum: Continuum) -> IntArray:
    mesh = continuum.basis.mesh
    sides: IntArray = mesh.facets[:, mesh.boundary_facets()].T
    return sides


def _crossing(points: FloatArray, sides: IntArray) -> IntArray | None:
    """Return the ends of a side that crosses another one without a shared point, (2,)."""
    lines = shapely.linestrings(points[sides])
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    ordered = first < second
    first, second = first[ordered], second[ordered]
    disjoint = ~(sides[first][:, :, None] == sides[second][:, None, :]).any(axis=(1, 2))
    if not disjoint.any():
        return None
    ends: IntArray = sides[first[disjoint][0]]
    return ends
