"""Collecting points, edges and cells into a tiling."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from geometry.tiling import Tiling
from mnnfab.arrays import FloatArray, frozen_floats, frozen_ints

Point = tuple[float, float]
DirectedEdge = tuple[int, bool]
"""Number of an edge, and whether it is run forward."""


@dataclass
class TilingBuilder:
    """A tiling that is being made; the only thing in `geometry` that changes."""

    points: list[Point] = field(default_factory=list)
    local_widths: list[float] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    bulges: list[float] = field(default_factory=list)
    cells: list[list[DirectedEdge]] = field(default_factory=list)

    def point(self, position: Point, local_width: float) -> int:
        """Add a point (mm) and return its number."""
        self.points.append(position)
        self.local_widths.append(local_width)
        return len(self.points) - 1

    def edge(self, start: int, end: int, bulge: float = 0.0) -> DirectedEdge:
        """Add an edge; a hollow arc (negative bulge) is stored from its end to its start."""
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

    def cell(self, loop: Sequence[DirectedEdge]) -> None:
        """Add a cell bounded by `loop`, counter-clockwise."""
        self.cells.append(list(loop))

    def tiling(self, nodes: FloatArray, disc_radius_mm: float, thickness_mm: float) -> Tiling:
        """Return what was collected as a tiling; the hubs must have come first."""
        entries = list(itertools.chain.from_iterable(self.cells))
        offsets = np.cumsum([0, *map(len, self.cells)])
        return Tiling(
            points=frozen_floats(self.points),
            local_widths=frozen_floats(self.local_widths),
            edges=frozen_ints(self.edges),
            bulges=frozen_floats(self.bulges),
            cell_offsets=frozen_ints(offsets),
            cell_edges=frozen_ints([edge for edge, _ in entries]),
            cell_forward=np.array([forward for _, forward in entries]),
            nodes=nodes,
            disc_radius_mm=disc_radius_mm,
            thickness_mm=thickness_mm,
        )
