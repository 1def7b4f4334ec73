"""The outline: the part in the plane as one region, an outer loop and its holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geometry.polygons import edge_polyline
from geometry.tiling import Tiling
from mnnfab.arrays import FloatArray
from mnnfab.errors import GeometryError

Loop = tuple[tuple[int, bool], ...]


@dataclass(frozen=True, eq=False)
class Outline:
    """The boundary of a part as loops of edges of its tiling.

    Args:
        tiling: the tiling that the edges belong to.
        outer: the edges around the part, counter-clockwise, each with whether it runs forward.
        holes: the same around each hole, clockwise, from the largest to the smallest.
    """

    tiling: Tiling
    outer: Loop
    holes: tuple[Loop, ...]

    def ring(self, loop: Loop) -> FloatArray:
        """Return a loop as points, arcs as chords, not closed, (n, 2) mm."""
        lines = [
            edge_polyline(self.tiling, edge)[:: 1 if forward else -1][:-1] for edge, forward in loop
        ]
        return np.concatenate(lines)

    @property
    def polygon(self) -> shapely.Polygon:
        """The region, arcs as chords."""
        return shapely.Polygon(self.ring(self.outer), [self.ring(hole) for hole in self.holes])


def outline(tiling: Tiling) -> Outline:
    """Return the outline of a tiling, by joining its free edges end to end.

    Raises:
        GeometryError: if the part is not in one piece, or touches itself in a point.
    """
    following = _following(tiling)
    loops: list[Loop] = []
    while following:
        start, (edge, forward, point) = next(iter(following.items()))
        loop = []
        while start in following:
            edge, forward, point = following.pop(start)
            loop.append((edge, forward))
            start = point
        loops.append(tuple(loop))
    by_area = sorted(loops, key=lambda loop: -abs(_signed_area(tiling, loop)))
    outer = [loop for loop in by_area if _signed_area(tiling, loop) > 0]
    if len(outer) != 1:
        raise GeometryError("the part", f"{len(outer)} separate pieces", "one piece")
    return Outline(tiling, outer[0], tuple(loop for loop in by_area if loop != outer[0]))


def _following(tiling: Tiling) -> dict[int, tuple[int, bool, int]]:
    """Return for each point on the boundary the free edge that leaves it and where that ends."""
    free = set(tiling.free_edges.tolist())
    following: dict[int, tuple[int, bool, int]] = {}
    for edge, forward in zip(tiling.cell_edges.tolist(), tiling.cell_forward.tolist(), strict=True):
        if edge not in free:
            continue
        start, end = tiling.edges[edge].tolist() if forward else tiling.edges[edge, ::-1].tolist()
        if start in following:
            x, y = tiling.points[start]
            raise GeometryError(
                f"the outline at ({x:.3f}, {y:.3f}) mm", "touches itself", "a simple outline"
            )
        following[start] = (edge, forward, end)
    return following


def _signed_area(tiling: Tiling, loop: Loop) -> float:
    """Return the area inside a loop, positive if it is counter-clockwise; arcs as chords."""
    ends = [tiling.edges[edge, 0 if forward else 1] for edge, forward in loop]
    x, y = tiling.points[ends].T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)
