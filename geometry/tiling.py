"""The tiling: the part in the plane as cells that share their edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mnnfab.arrays import FloatArray, IntArray

BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class Tiling:
    """The planar region of a part, cut into one hub a node and one bond cell a bond.

    Points, edges and cells refer to each other by number. A cell is a closed loop of
    edges, counter-clockwise; two neighbouring cells use the same edge, one of them
    backwards. An edge used by one cell only is free: it bounds the part.

    An arc is told by its bulge, tan(sweep / 4), as in DXF: 0 is a straight line, and
    arcs run counter-clockwise from their start to their end, so no bulge is negative.

    Args:
        points: (n_points, 2) mm.
        local_widths: how wide the part is about each point, (n_points,) mm.
        edges: start and end point of each edge, (n_edges, 2).
        bulges: (n_edges,).
        cell_offsets: cell c has the entries cell_offsets[c] up to cell_offsets[c + 1]
            of the next two arrays, (n_cells + 1,).
        cell_edges: the edges of every cell, one after the other.
        cell_forward: whether the cell runs along the edge or against it.
        nodes: centres of the load discs, (n_nodes, 2) mm; hub n is cell n.
        disc_radius_mm: of every load disc.
        thickness_mm: of the part, out of the plane.
    """

    points: FloatArray
    local_widths: FloatArray
    edges: IntArray
    bulges: FloatArray
    cell_offsets: IntArray
    cell_edges: IntArray
    cell_forward: BoolArray
    nodes: FloatArray
    disc_radius_mm: float
    thickness_mm: float

    @property
    def n_cells(self) -> int:
        """Number of cells: the hubs first, then the bonds."""
        return len(self.cell_offsets) - 1

    @property
    def n_hubs(self) -> int:
        """Number of hubs, one a node."""
        return len(self.nodes)

    def loop(self, cell: int) -> Iterator[tuple[int, bool]]:
        """Yield the edges of a cell, counter-clockwise, and whether each runs forward."""
        entries = slice(self.cell_offsets[cell], self.cell_offsets[cell + 1])
        yield from zip(
            self.cell_edges[entries].tolist(), self.cell_forward[entries].tolist(), strict=True
        )

    @cached_property
    def free_edges(self) -> IntArray:
        """The edges that bound the part, (n_free,)."""
        return np.flatnonzero(np.bincount(self.cell_edges, minlength=len(self.edges)) == 1)

    @cached_property
    def areas(self) -> FloatArray:
        """Exact area of each cell, (n_cells,) mm²."""
        starts, ends = self.points[self.edges[:, 0]], self.points[self.edges[:, 1]]
        below_chord = (starts[:, 0] * ends[:, 1] - starts[:, 1] * ends[:, 0]) / 2
        signed = np.where(self.cell_forward, 1.0, -1.0)
        parts = signed * (below_chord + _segment_areas(starts, ends, self.bulges))[self.cell_edges]
        return np.add.reduceat(parts, self.cell_offsets[:-1])

    @property
    def area_mm2(self) -> float:
        """Exact area of the part in the plane."""
        return float(self.areas.sum())

    @property
    def arc_area_mm2(self) -> float:
        """Area between the free arcs and their chords, all counted as positive."""
        ends = self.points[self.edges[self.free_edges]]
        bulges = self.bulges[self.free_edges]
        return float(_segment_areas(ends[:, 0], ends[:, 1], bulges).sum())

    @property
    def volume_mm3(self) -> float:
        """Exact volume of the part."""
        return self.area_mm2 * self.thickness_mm

    @cached_property
    def bounding_box_mm(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Least and greatest x, y, z; arcs are counted with their true extent."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        for edge in np.flatnonzero(self.bulges):
            extent = self._arc_extremes(int(edge))
            low, high = np.minimum(low, extent.min(axis=0)), np.maximum(high, extent.max(axis=0))
        return (float(low[0]), float(low[1]), 0.0), (
            float(high[0]),
            float(high[1]),
            self.thickness_mm,
        )

    def arc(self, edge: int) -> tuple[FloatArray, float, float, float]:
        """Return centre (2,) mm, radius mm, start angle and sweep (rad) of a curved edge."""
        start, end = self.points[self.edges[edge]]
        bulge = float(self.bulges[edge])
        chord = end - start
        left = np.array([-chord[1], chord[0]])
        centre = (start + end) / 2 + left * (1 - bulge**2) / (4 * bulge)
        radius = float(np.hypot(*chord)) * (1 + bulge**2) / (4 * bulge)
        angle = float(np.arctan2(*(start - centre)[::-1]))
        return centre, radius, angle, 4 * float(np.arctan(bulge))

    def _arc_extremes(self, edge: int) -> FloatArray:
        """Return the arc's points where it runs along an axis, and its start."""
        centre, radius, angle, sweep = self.arc(edge)
        quarters = (
            np.arange(np.ceil(angle / (np.pi / 2)), (angle + sweep) / (np.pi / 2)) * np.pi / 2
        )
        angles = np.append(quarters, angle)
        extremes: FloatArray = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return extremes


def _segment_areas(starts: FloatArray, ends: FloatArray, bulges: FloatArray) -> FloatArray:
    """Return the area between each arc and its chord, (n_edges,) mm²; 0 for lines."""
    areas = np.zeros(len(bulges))
    curved = np.flatnonzero(bulges)
    bulge = bulges[curved]
    chord = np.hypot(*(ends[curved] - starts[curved]).T)
    radius, sweep = chord * (1 + bulge**2) / (4 * bulge), 4 * np.arctan(bulge)
    areas[curved] = radius**2 / 2 * (sweep - np.sin(sweep))
    return areas
