"""Facets: the surface of the part as triangles, made from the tiling, not from the solid.

Every edge is divided into chords once, for both cells that use it and for the wall along it,
and caps are triangulated without new points, so the surface is closed by construction.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from geometry.builder import reversed_loop
from geometry.tiling import Loop, Tiling
from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints
from mnnfab.errors import ToolError
from mnnfab.io.short_repr import short_repr

#: Largest angle between successive chords (rad), for any tolerance.
MAX_CHORD_ANGLE = math.pi / 6


@dataclass(frozen=True, eq=False)
class Facets:
    """A closed surface of triangles.

    Args:
        vertices: (n, 3) mm.
        triangles: (m, 3), counter-clockwise seen from outside.
    """

    vertices: FloatArray
    triangles: IntArray

    __repr__ = short_repr

    @property
    def volume_mm3(self) -> float:
        """Enclosed volume."""
        a, b, c = np.moveaxis(self.vertices[self.triangles], 1, 0)
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def make_facets(tiling: Tiling, tolerance_mm: float) -> Facets:
    """Return the surface of a part.

    Args:
        tiling: tiling of the part.
        tolerance_mm: largest distance between an arc and its chords.

    Raises:
        ToolError: if the triangles do not close, or are not one surface.
    """
    plan = _Plan(tiling, tolerance_mm)
    top = tiling.thickness_mm
    caps, walls = _Caps(plan), []
    relief_loops: defaultdict[int, list[Loop]] = defaultdict(list)
    for relief in tiling.reliefs:
        height = top + relief.height_mm
        relief_loops[relief.cell].append(reversed_loop(relief.loops[0]))
        caps.add(relief.loops, height, up=True)
        for hole in relief.loops[1:]:
            caps.add([reversed_loop(hole)], top, up=True)
        low, high = sorted((top, height))
        relief_edges = relief.loops if relief.height_mm > 0 else map(reversed_loop, relief.loops)
        walls.append(plan.walls(itertools.chain.from_iterable(relief_edges), low, high))
    for cell in range(tiling.n_cells):
        loops = tiling.loops(cell)
        caps.add(loops, 0.0, up=False)
        caps.add([*loops, *relief_loops[cell]], top, up=True)
    free = set(tiling.free_edges.tolist())
    entries = zip(tiling.cell_edges.tolist(), tiling.cell_forward.tolist(), strict=True)
    walls.append(plan.walls((entry for entry in entries if entry[0] in free), 0.0, top))
    return joined_facets(np.concatenate([caps.triangles(), *walls]))


class _Plan:
    """The edges of the tiling as chords; each edge is divided once."""

    def __init__(self, tiling: Tiling, tolerance_mm: float) -> None:
        self.lines: list[FloatArray] = list(tiling.points[tiling.edges])
        for edge in np.flatnonzero(tiling.bulges).tolist():
            arc = tiling.arc(edge)
            line = arc.points(n_chords(arc.radius, arc.sweep, tolerance_mm))
            line[0], line[-1] = self.lines[edge]
            self.lines[edge] = line

    def ring(self, loop: Loop) -> FloatArray:
        """Return a loop as points, not closed, (n, 2) mm."""
        lines = [self.lines[edge][:: 1 if forward else -1][:-1] for edge, forward in loop]
        return np.concatenate(lines)

    def walls(self, entries: Iterable[tuple[int, bool]], low: float, high: float) -> FloatArray:
        """Return two triangles for every chord, outward to its right, (n, 3, 3) mm."""
        chords = [
            np.stack([line[:-1], line[1:]], axis=1)
            for line in (self.lines[edge][:: 1 if forward else -1] for edge, forward in entries)
        ]
        flat = np.concatenate(chords)
        a, b = (np.insert(flat[:, end], 2, low, axis=1) for end in (0, 1))
        c, d = (np.insert(flat[:, end], 2, high, axis=1) for end in (0, 1))
        return np.concatenate([np.stack([a, b, d], axis=1), np.stack([a, d, c], axis=1)])


class _Caps:
    """Horizontal regions, all triangulated in one call."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan
        self.regions: list[shapely.Polygon] = []
        self.heights: list[float] = []
        self.up: list[bool] = []

    def add(self, loops: Sequence[Loop], height: float, *, up: bool) -> None:
        """Add a region within the first loop and outside of the others."""
        outer, *holes = (self.plan.ring(loop) for loop in loops)
        self.regions.append(shapely.Polygon(outer, holes))
        self.heights.append(height)
        self.up.append(up)

    def triangles(self) -> FloatArray:
        """Return the corners of all triangles, (n, 3, 3) mm."""
        triangulation = shapely.constrained_delaunay_triangles(np.array(self.regions))
        parts, owner = shapely.get_parts(triangulation, return_index=True)
        corners = shapely.get_coordinates(shapely.get_exterior_ring(parts)).reshape(-1, 4, 2)[:, :3]
        (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
        reversed_order = (ax * by - ay * bx > 0) != np.array(self.up)[owner]
        corners[reversed_order] = corners[reversed_order][:, ::-1]
        heights = np.array(self.heights)[owner]
        return np.dstack([corners, np.broadcast_to(heights[:, None], corners.shape[:2])])


def n_chords(radius: float, sweep: float, tolerance_mm: float) -> int:
    """Return the number of chords that are within a tolerance of an arc.

    A chord over the angle θ is r (1 - cos(θ/2)) away from its arc.

    >>> n_chords(10.0, math.pi, 0.01)
    36
    """
    half_turn = math.acos(max(1 - tolerance_mm / radius, -1.0))
    return max(math.ceil(sweep / min(2 * half_turn, MAX_CHORD_ANGLE) - 1e-9), 1)


def joined_facets(corners: FloatArray) -> Facets:
    """Merge equal corners of triangles, and check that the surface is closed.

    Args:
        corners: (n, 3, 3) mm.

    Raises:
        ToolError: if the surface is not closed.
    """
    # 1e-9 mm merges only corners that differ by rounding; + 0.0 makes -0.0 equal to 0.0.
    positions = np.round(corners.reshape(-1, 3), 9) + 0.0
    vertices, triangles = np.unique(positions, axis=0, return_inverse=True)
    facets = Facets(frozen_floats(vertices), frozen_ints(triangles.reshape(-1, 3)))
    _check_closed(facets)
    return facets


def _check_closed(facets: Facets) -> None:
    """Check that every side of a triangle is shared by one other, in opposite direction."""
    t, n = facets.triangles, len(facets.vertices)
    starts, ends = t.ravel(), np.roll(t, -1, axis=1).ravel()
    along, against = np.sort(starts * n + ends), np.sort(ends * n + starts)
    if not np.array_equal(along, against) or (np.diff(along) == 0).any():
        msg = "the triangles of the part's surface do not close"
        raise ToolError(msg)
