"""Silhouettes: loops around a continuum mesh, its openings and its load discs."""

from __future__ import annotations

import numpy as np

from fem.continuum import Continuum
from geometry.tiling import BoolArray
from mnnfab.arrays import IntArray


def silhouette(continuum: Continuum) -> list[IntArray]:
    """Return the loops around the part and around its openings.

    Returns:
        Point numbers of the quadratic mesh along each loop; the part is on its left.
    """
    return _loops(continuum, np.ones(len(continuum.mesh.triangles), dtype=bool))


def disc_outline(continuum: Continuum, node: int) -> IntArray:
    """Return the loop around the load disc of a node, in the form of `silhouette`."""
    (loop,) = _loops(continuum, continuum.mesh.disc == node)
    return loop


def _loops(continuum: Continuum, chosen: BoolArray) -> list[IntArray]:
    """Join the sides that belong to only one of the chosen triangles to loops."""
    triangles = continuum.quadratic_triangles[chosen]
    sides = np.concatenate([triangles[:, [a, 3 + a, (a + 1) % 3]] for a in range(3)])
    keys = np.sort(sides[:, [0, 2]], axis=1)
    _, first, counts = np.unique(keys, axis=0, return_index=True, return_counts=True)
    next_sides = {start: (middle, end) for start, middle, end in sides[first[counts == 1]].tolist()}
    loops = []
    while next_sides:
        start, (middle, end) = next_sides.popitem()
        loop = [start, middle]
        while end != start:
            loop.append(end)
            middle, end = next_sides.pop(end)
            loop.append(middle)
        loops.append(np.array(loop))
    return loops
