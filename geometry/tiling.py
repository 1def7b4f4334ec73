"""The tiling: the planar decomposition of a part into cells that share their edges."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import shapely

from geometry.arcs import Arc, arc_between, segment_areas
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.io.short_repr import short_repr

#: Chords that stand for a quarter turn in polygons.
CHORDS = 12

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
DirectedEdge = tuple[int, bool]
"""Number of an edge, and whether it is followed forward."""
Loop = tuple[DirectedEdge, ...]
"""Closed sequence of edges; the region that it bounds lies to its left."""


class CellName(NamedTuple):
    """The name of a cell: a hub, pad, eyelet or tab of a node, a bond, or the whole part."""

    kind: Literal["hub", "bond", "pad", "eyelet", "tab", "part"]
    number: int

    def __str__(self) -> str:
        """Return the name that files and tags use: hub_3, bond_12."""
        return f"{self.kind}_{self.number}"


@dataclass(frozen=True)
class Relief:
    """A region of a cell that is raised above the part's top, or sunk into it.

    Args:
        kind: a dot at a node, or a letter.
        number: number of the node, or of the letter in its text.
        cell: the cell that contains it completely.
        loops: loop around it, followed by the loops around its holes.
        height_mm: height above the top; negative if it is sunk.
    """

    kind: Literal["dot", "letter"]
    number: int
    cell: int
    loops: tuple[Loop, ...]
    height_mm: float

    def __str__(self) -> str:
        """Return the name that files and tags use: dot_3."""
        return f"{self.kind}_{self.number}"


@dataclass(frozen=True, eq=False)
class Tiling:
    """The planar region of a part, divided into hubs, bond cells and attachments.

    There is one hub per node and one cell per bond.

    Points, edges and cells refer to each other by number. A cell is bounded by a loop of
    edges, counter-clockwise, and by one loop around each of its holes, clockwise. Two
    neighbouring cells use the same edge, one of them backwards. An edge used by one cell
    only is free: it bounds the part.

    An arc is given by its bulge, tan(sweep / 4), as in DXF: 0 is a straight line, and
    arcs run counter-clockwise from their start to their end, so no bulge is negative.

    Args:
        points: (n_points, 2) mm.
        local_widths: width of the part at each point, (n_points,) mm.
        edges: start and end point of each edge, (n_edges, 2).
        bulges: (n_edges,).
        names: names of the cells: hub n is cell n, the bonds follow, then pads, eyelets, tab.
        cell_offsets: cell c has the loops cell_offsets[c] up to cell_offsets[c + 1],
            (n_cells + 1,).
        loop_offsets: loop l has the entries loop_offsets[l] up to loop_offsets[l + 1]
            of the next two arrays, (n_loops + 1,).
        cell_edges: the edges of all loops, concatenated.
        cell_forward: whether the loop follows the edge forward.
        nodes: centres of the load discs, (n_nodes, 2) mm.
        disc_radius_mm: radius of the load discs.
        thickness_mm: thickness of the part, out of the plane.
        reliefs: raised and sunk details of the part's top.
    """

    points: FloatArray
    local_widths: FloatArray
    edges: IntArray
    bulges: FloatArray
    names: tuple[CellName, ...]
    cell_offsets: IntArray
    loop_offsets: IntArray
    cell_edges: IntArray
    cell_forward: BoolArray
    nodes: FloatArray
    disc_radius_mm: float
    thickness_mm: float
    reliefs: tuple[Relief, ...] = ()

    __repr__ = short_repr

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.names)

    @property
    def n_hubs(self) -> int:
        """Number of hubs, one per node."""
        return len(self.nodes)

    @cached_property
    def bond_cells(self) -> IntArray:
        """The cells of the bonds, in the bonds' order, (n_bonds,)."""
        return np.array([c for c, name in enumerate(self.names) if name.kind == "bond"], dtype=int)

    def _repr_svg_(self) -> str:
        """Return a picture of the part for notebooks."""
        from geometry.svg import polygons_svg

        return polygons_svg(self.polygons, set(self.bond_cells.tolist()))

    def loops(self, cell: int) -> list[Loop]:
        """Return the loops of a cell: the one around it, then those around its holes."""
        first, last = self.cell_offsets[cell : cell + 2].tolist()
        return [
            self._loop(a, b) for a, b in itertools.pairwise(self.loop_offsets[first : last + 1])
        ]

    def _loop(self, first: int, last: int) -> Loop:
        edges, forward = self.cell_edges[first:last], self.cell_forward[first:last]
        return tuple(zip(edges.tolist(), forward.tolist(), strict=True))

    @cached_property
    def free_edges(self) -> IntArray:
        """The edges that bound the part, (n_free,)."""
        return np.flatnonzero(np.bincount(self.cell_edges, minlength=len(self.edges)) == 1)

    @cached_property
    def _areas_below(self) -> FloatArray:
        """Area between each edge and the origin, (n_edges,) mm²."""
        starts, ends = self.points[self.edges[:, 0]], self.points[self.edges[:, 1]]
        below_chord = (starts[:, 0] * ends[:, 1] - starts[:, 1] * ends[:, 0]) / 2
        below: FloatArray = below_chord + segment_areas(starts, ends, self.bulges)
        return below

    @cached_property
    def areas(self) -> FloatArray:
        """Exact area of each cell, (n_cells,) mm²."""
        parts = np.where(self.cell_forward, 1.0, -1.0) * self._areas_below[self.cell_edges]
        return np.add.reduceat(parts, self.loop_offsets[self.cell_offsets[:-1]])

    def edge_polyline(self, edge: int) -> FloatArray:
        """Return an edge as points from its start to its end, arcs as chords, (n, 2) mm."""
        ends: FloatArray = self.points[self.edges[edge]]
        if not self.bulges[edge]:
            return ends
        arc = self.arc(edge)
        line = arc.points(max(2, round(CHORDS * arc.sweep / (np.pi / 2))))
        # The ends are shared with other edges: exactly, not to rounding.
        line[0], line[-1] = ends
        return line

    def ring(self, loop: Loop) -> FloatArray:
        """Return a loop as points, not closed, (n, 2) mm."""
        lines = [self.edge_polyline(edge)[:: 1 if forward else -1][:-1] for edge, forward in loop]
        return np.concatenate(lines)

    def region(self, loops: Sequence[Loop]) -> shapely.Polygon:
        """Return the polygon within the first loop and outside of the others."""
        outer, *holes = (self.ring(loop) for loop in loops)
        return shapely.Polygon(outer, holes)

    @cached_property
    def polygons(self) -> list[shapely.Polygon]:
        """Every cell as a polygon, arcs as chords, in the cells' order."""
        return [self.region(self.loops(cell)) for cell in range(self.n_cells)]

    def loop_area(self, loop: Loop) -> float:
        """Return the exact area to the left of a loop, mm²; negative for a hole."""
        edges, forward = np.array(loop).T
        return float((np.where(forward, 1.0, -1.0) * self._areas_below[edges]).sum())

    @property
    def area_mm2(self) -> float:
        """Exact area of the part in the plane."""
        return float(self.areas.sum())

    @property
    def arc_area_mm2(self) -> float:
        """Area between the free arcs and their chords, all counted as positive."""
        ends = self.points[self.edges[self.free_edges]]
        bulges = self.bulges[self.free_edges]
        return float(segment_areas(ends[:, 0], ends[:, 1], bulges).sum())

    @property
    def volume_mm3(self) -> float:
        """Exact volume of the part, including raised and sunk details."""
        raised = [
            relief.height_mm * sum(self.loop_area(loop) for loop in relief.loops)
            for relief in self.reliefs
        ]
        return self.area_mm2 * self.thickness_mm + sum(raised)

    @property
    def height_mm(self) -> float:
        """Height of the part, including raised details."""
        return self.thickness_mm + max((relief.height_mm for relief in self.reliefs), default=0.0)

    @cached_property
    def bounding_box_mm(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Minimum and maximum x, y, z; arcs count with their exact extent."""
        free = self.free_edges
        low = self.points[self.edges[free]].min(axis=(0, 1))
        high = self.points[self.edges[free]].max(axis=(0, 1))
        for edge in free[self.bulges[free] > 0].tolist():
            extent = self.arc(edge).extremes()
            low, high = np.minimum(low, extent.min(axis=0)), np.maximum(high, extent.max(axis=0))
        top = max(self.height_mm, self.thickness_mm)
        return (float(low[0]), float(low[1]), 0.0), (float(high[0]), float(high[1]), top)

    def arc(self, edge: int) -> Arc:
        """Return a curved edge as an arc."""
        start, end = self.points[self.edges[edge]]
        return arc_between(start, end, float(self.bulges[edge]))
