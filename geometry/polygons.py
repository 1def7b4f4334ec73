"""Cells and outline as polygons, for predicates and drawings: arcs become chords."""

from __future__ import annotations

import numpy as np
import shapely

from geometry.tiling import Tiling
from mnnfab.arrays import FloatArray

#: Chords that stand for a quarter turn.
CHORDS = 12


def edge_polyline(tiling: Tiling, edge: int) -> FloatArray:
    """Return an edge as points from its start to its end, (n, 2) mm."""
    if not tiling.bulges[edge]:
        ends: FloatArray = tiling.points[tiling.edges[edge]]
        return ends
    centre, radius, angle, sweep = tiling.arc(edge)
    n_chords = max(2, round(CHORDS * sweep / (np.pi / 2)))
    angles = angle + np.linspace(0.0, sweep, n_chords + 1)
    line: FloatArray = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # The ends are shared with other edges: exactly, not to rounding.
    line[0], line[-1] = tiling.points[tiling.edges[edge]]
    return line


def cell_ring(tiling: Tiling, cell: int) -> FloatArray:
    """Return a cell's boundary as points, counter-clockwise and not closed, (n, 2) mm."""
    parts = []
    for edge, forward in tiling.loop(cell):
        line = edge_polyline(tiling, edge)
        parts.append((line if forward else line[::-1])[:-1])
    return np.concatenate(parts)


def cell_polygons(tiling: Tiling) -> list[shapely.Polygon]:
    """Return every cell as a polygon, hubs first."""
    return [shapely.Polygon(cell_ring(tiling, cell)) for cell in range(tiling.n_cells)]
