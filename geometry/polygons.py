"""Cells and outline as polygons, for predicates and drawings: arcs become chords."""

from __future__ import annotations

import numpy as np
import shapely

from geometry.tiling import Loop, Tiling
from mnnfab.arrays import FloatArray
from mnnfab.showing import SIZE

#: Chords that stand for a quarter turn.
CHORDS = 12


def edge_polyline(tiling: Tiling, edge: int) -> FloatArray:
    """Return an edge as points from its start to its end, (n, 2) mm."""
    ends: FloatArray = tiling.points[tiling.edges[edge]]
    if not tiling.bulges[edge]:
        return ends
    arc = tiling.arc(edge)
    line = arc.points(max(2, round(CHORDS * arc.sweep / (np.pi / 2))))
    # The ends are shared with other edges: exactly, not to rounding.
    line[0], line[-1] = ends
    return line


def ring(tiling: Tiling, loop: Loop) -> FloatArray:
    """Return a loop as points, not closed, (n, 2) mm."""
    lines = [edge_polyline(tiling, edge)[:: 1 if forward else -1][:-1] for edge, forward in loop]
    return np.concatenate(lines)


def region(tiling: Tiling, loops: tuple[Loop, ...] | list[Loop]) -> shapely.Polygon:
    """Return what lies within a loop and outside of the loops after it."""
    outer, *holes = (ring(tiling, loop) for loop in loops)
    return shapely.Polygon(outer, holes)


def cell_polygons(tiling: Tiling) -> list[shapely.Polygon]:
    """Return every cell as a polygon, in the cells' order."""
    return [region(tiling, tiling.loops(cell)) for cell in range(tiling.n_cells)]


def tiling_svg(tiling: Tiling, size: int = SIZE) -> str:
    """Return a picture of a part, bonds darker than hubs, for notebooks.

    Args:
        tiling: of the part.
        size: of the longer side, pixels.
    """
    low, high = tiling.points.min(axis=0), tiling.points.max(axis=0)
    width, height = (high - low).tolist()
    scale = size / max(width, height)
    dark = set(tiling.bond_cells.tolist())
    cells = []
    for cell, polygon in enumerate(cell_polygons(tiling)):
        rings = [polygon.exterior, *polygon.interiors]
        path = "".join(
            "M" + "L".join(f"{x - low[0]:.2f} {high[1] - y:.2f}" for x, y in ring.coords) + "Z"
            for ring in rings
        )
        fill = "#0072B2" if cell in dark else "#888888"
        cells.append(f'<path d="{path}" fill="{fill}" fill-rule="evenodd"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.0f}" '
        f'height="{height * scale:.0f}" viewBox="0 0 {width:.2f} {height:.2f}">'
        f"{''.join(cells)}</svg>\n"
    )
