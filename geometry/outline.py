"""The outline: the part in the plane as one region, an outer loop and its holes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from geometry.tiling import CellName, Loop, Tiling
from mnnfab.arrays import frozen_ints
from mnnfab.errors import GeometryError


@dataclass(frozen=True, eq=False)
class Outline:
    """The boundary of a part as loops of edges of its tiling.

    Args:
        tiling: the tiling that the edges belong to.
        outer: the edges around the part, counter-clockwise, each with its direction.
        holes: the same around each hole, clockwise, from the largest to the smallest.
    """

    tiling: Tiling
    outer: Loop
    holes: tuple[Loop, ...]

    @property
    def polygon(self) -> shapely.Polygon:
        """The region as a polygon, arcs as chords."""
        return self.tiling.region((self.outer, *self.holes))


def outline(tiling: Tiling) -> Outline:
    """Return the outline of a tiling, by joining its free edges end to end.

    Raises:
        GeometryError: if the part is not in one piece, or touches itself in a point.
    """
    next_edges = _next_edges(tiling)
    loops: list[Loop] = []
    while next_edges:
        start, (edge, forward, point) = next(iter(next_edges.items()))
        loop = []
        while start in next_edges:
            edge, forward, point = next_edges.pop(start)
            loop.append((edge, forward))
            start = point
        loops.append(tuple(loop))
    by_area = sorted(loops, key=lambda loop: -abs(tiling.loop_area(loop)))
    outer = [loop for loop in by_area if tiling.loop_area(loop) > 0]
    if len(outer) != 1:
        raise GeometryError("the part", f"{len(outer)} separate pieces", "one piece")
    return Outline(tiling, outer[0], tuple(loop for loop in by_area if loop != outer[0]))


def _next_edges(tiling: Tiling) -> dict[int, tuple[int, bool, int]]:
    """Return for each point on the boundary the free edge that leaves it and where that ends."""
    free = set(tiling.free_edges.tolist())
    next_edges: dict[int, tuple[int, bool, int]] = {}
    for edge, forward in zip(tiling.cell_edges.tolist(), tiling.cell_forward.tolist(), strict=True):
        if edge not in free:
            continue
        start, end = tiling.edges[edge].tolist() if forward else tiling.edges[edge, ::-1].tolist()
        if start in next_edges:
            x, y = tiling.points[start]
            raise GeometryError(
                f"the outline at ({x:.3f}, {y:.3f}) mm", "touches itself", "a simple outline"
            )
        next_edges[start] = (edge, forward, end)
    return next_edges


def merged(tiling: Tiling) -> Tiling:
    """Return a tiling of the same part with one cell, for further use in CAD.

    The caps of its solid are one face each. The time of the CAD kernel is quadratic in the number
    of holes of a face: use it for at most a few hundred bonds.
    """
    whole = outline(tiling)
    loops = (whole.outer, *whole.holes)
    entries = [entry for loop in loops for entry in loop]
    return replace(
        tiling,
        names=(CellName("part", 0),),
        cell_offsets=frozen_ints([0, len(loops)]),
        loop_offsets=frozen_ints(np.cumsum([0, *map(len, loops)])),
        cell_edges=frozen_ints([edge for edge, _ in entries]),
        cell_forward=np.array([forward for _, forward in entries]),
        reliefs=tuple(replace(relief, cell=0) for relief in tiling.reliefs),
    )
