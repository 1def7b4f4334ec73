"""Construction of a tiling from points, edges and cells."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from geometry.tiling import CellName, DirectedEdge, Loop, Relief, Tiling
from mnnfab.arrays import FloatArray, frozen_floats, frozen_ints

Point = tuple[float, float]
#: Bulge of a quarter turn.
QUARTER = math.tan(math.pi / 8)


@dataclass
class TilingBuilder:
    """A tiling under construction; the only mutable class in `geometry`."""

    points: list[Point] = field(default_factory=list)
    local_widths: list[float] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    bulges: list[float] = field(default_factory=list)
    names: list[CellName] = field(default_factory=list)
    cells: list[list[Sequence[DirectedEdge]]] = field(default_factory=list)
    reliefs: list[Relief] = field(default_factory=list)

    def point(self, position: Point, local_width: float) -> int:
        """Add a point (mm) and return its number."""
        self.points.append(position)
        self.local_widths.append(local_width)
        return len(self.points) - 1

    def edge(self, start: int, end: int, bulge: float = 0.0) -> DirectedEdge:
        """Add an edge; a concave arc (negative bulge) is stored from its end to its start."""
        forward = bulge >= 0
        self.edges.append((start, end) if forward else (end, start))
        self.bulges.append(abs(bulge))
        return len(self.edges) - 1, forward

    def chain(
        self, points: Sequence[int], bulges: Sequence[float] | None = None
    ) -> list[DirectedEdge]:
        """Add edges from each point to the next."""
        bulges = [0.0] * (len(points) - 1) if bulges is None else bulges
        pairs = zip(itertools.pairwise(points), bulges, strict=True)
        return [self.edge(start, end, bulge) for (start, end), bulge in pairs]

    def ring(self, points: Sequence[Point], local_width: float) -> Loop:
        """Add a polygon and return the loop around it, in the order of its points."""
        numbers = [self.point(point, local_width) for point in points]
        return tuple(self.chain([*numbers, numbers[0]]))

    def circle(self, centre: Point, radius: float, local_width: float) -> Loop:
        """Add a circle of four arcs and return the loop around it, counter-clockwise."""
        x, y = centre
        ends = ((x + radius, y), (x, y + radius), (x - radius, y), (x, y - radius))
        numbers = [self.point(end, local_width) for end in ends]
        return tuple(self.chain([*numbers, numbers[0]], [QUARTER] * 4))

    def cell(self, name: CellName, *loops: Sequence[DirectedEdge]) -> int:
        """Add a cell: a loop around it and one around each hole; return its number."""
        self.names.append(name)
        self.cells.append(list(loops))
        return len(self.cells) - 1

    def tiling(self, nodes: FloatArray, disc_radius_mm: float, thickness_mm: float) -> Tiling:
        """Return the tiling; the hubs must have been added before the other cells."""
        loops = list(itertools.chain.from_iterable(self.cells))
        entries = list(itertools.chain.from_iterable(loops))
        return Tiling(
            points=frozen_floats(self.points),
            local_widths=frozen_floats(self.local_widths),
            edges=frozen_ints(self.edges),
            bulges=frozen_floats(self.bulges),
            names=tuple(self.names),
            cell_offsets=frozen_ints(np.cumsum([0, *map(len, self.cells)])),
            loop_offsets=frozen_ints(np.cumsum([0, *map(len, loops)])),
            cell_edges=frozen_ints([edge for edge, _ in entries]),
            cell_forward=np.array([forward for _, forward in entries]),
            nodes=nodes,
            disc_radius_mm=disc_radius_mm,
            thickness_mm=thickness_mm,
            reliefs=tuple(self.reliefs),
        )


def reversed_loop(loop: Sequence[DirectedEdge]) -> Loop:
    """Return a loop in the opposite direction.

    >>> reversed_loop([(3, True), (4, False)])
    ((4, True), (3, False))
    """
    return tuple((edge, not forward) for edge, forward in reversed(loop))
