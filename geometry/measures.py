"""Dimensions of the tiling: joints, gaps between cells, holes and strokes, with positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geometry.overlaps import cell_description, share_node
from geometry.tiling import Tiling
from mnnfab.arrays import FloatArray
from mnnfab.network.network import Network


@dataclass(frozen=True)
class Measure:
    """A length at a position.

    Args:
        where: name of the bond, node or letter, for messages.
        position_mm: x and y.
        value_mm: the length.
    """

    where: str
    position_mm: tuple[float, float]
    value_mm: float


def joints(tiling: Tiling, network: Network) -> list[Measure]:
    """Return the width of both joints of every bond, measured in the tiling."""
    used = np.bincount(tiling.cell_edges, minlength=len(tiling.edges))
    measures = []
    for bond, cell in enumerate(tiling.bond_cells.tolist()):
        for edge, _ in tiling.loops(cell)[0]:
            if used[edge] == 2:
                ends = tiling.points[tiling.edges[edge]]
                width = float(np.hypot(*(ends[1] - ends[0])))
                where = f"joint of {network.bond_name(bond)}"
                measures.append(Measure(where, _rounded_point(ends.mean(axis=0)), width))
    return measures


def gaps(tiling: Tiling, network: Network, below_mm: float) -> list[Measure]:
    """Return the gaps between cells that are narrower than a limit.

    The hub of a node and its own bonds are not compared.
    """
    polygons = np.array(tiling.polygons)
    pairs = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=below_mm)
    first, second = pairs[:, pairs[0] < pairs[1]]
    # Cells that share a cut have no gap between them.
    disjoint = ~shapely.intersects(polygons[first], polygons[second])
    hub = np.array([name.kind == "hub" for name in tiling.names])
    neighbours = share_node(tiling, network, first, second) & (hub[first] | hub[second])
    measures = []
    for a, b in zip(first[disjoint & ~neighbours], second[disjoint & ~neighbours], strict=True):
        bridge = shapely.shortest_line(polygons[a], polygons[b])
        cells = " and ".join(cell_description(tiling, network, int(cell)) for cell in (a, b))
        middle = shapely.get_coordinates(bridge).mean(axis=0)
        measures.append(Measure(f"between {cells}", _rounded_point(middle), float(bridge.length)))
    return measures


def round_holes(tiling: Tiling) -> list[Measure]:
    """Return the diameters of the holes of pads and eyelets."""
    measures = []
    for cell, name in enumerate(tiling.names):
        for loop in tiling.loops(cell)[1:] if name.kind in {"pad", "eyelet"} else ():
            arc = tiling.arc(loop[0][0])
            where = f"hole in the {name.kind} of node {name.number}"
            measures.append(Measure(where, _rounded_point(arc.centre), 2 * arc.radius))
    return measures


def details(tiling: Tiling) -> list[Measure]:
    """Return width and height of all raised and sunk details."""
    from geometry.lettering import stroke_mm

    measures = []
    for relief in tiling.reliefs:
        shape = tiling.region(relief.loops)
        position = _rounded_point(shapely.get_coordinates(shape.representative_point())[0])
        where = f"{relief.kind} {relief.number}"
        measures.append(Measure(f"height of {where}", position, abs(relief.height_mm)))
        if relief.kind == "dot":
            measures.append(Measure(f"width of {where}", position, 2 * tiling.disc_radius_mm))
        else:
            measures.append(Measure(f"stroke of {where}", position, stroke_mm(shape)))
    return measures


def floors(tiling: Tiling) -> list[Measure]:
    """Return the remaining thickness of the part under each sunk detail."""
    return [
        Measure(
            f"under {relief.kind} {relief.number}",
            _rounded_point(tiling.points[tiling.edges[relief.loops[0][0][0], 0]]),
            tiling.thickness_mm + relief.height_mm,
        )
        for relief in tiling.reliefs
        if relief.height_mm < 0
    ]


def eyelet_walls(tiling: Tiling) -> list[Measure]:
    """Return the wall thickness around the holes of pads and eyelets."""
    measures = []
    for cell, name in enumerate(tiling.names):
        if name.kind in {"pad", "eyelet"}:
            outer, *holes = tiling.loops(cell)
            ring = tiling.region([outer]).exterior
            for hole in holes:
                inner = tiling.region([hole]).exterior
                bridge = shapely.shortest_line(inner, ring)
                middle = shapely.get_coordinates(bridge).mean(axis=0)
                where = f"{name.kind} of node {name.number}"
                measures.append(Measure(where, _rounded_point(middle), float(bridge.length)))
    return measures


def chord_error(tiling: Tiling, tolerance_mm: float) -> Measure | None:
    """Return the largest distance from an arc to its facets; None if there are no arcs."""
    from geometry.facets import n_chords

    worst: Measure | None = None
    for edge in np.flatnonzero(tiling.bulges).tolist():
        arc = tiling.arc(edge)
        half = arc.sweep / n_chords(arc.radius, arc.sweep, tolerance_mm) / 2
        error = float(arc.radius * (1 - np.cos(half)))
        if worst is None or error > worst.value_mm:
            worst = Measure("arc", _rounded_point(arc.points(2)[1]), error)
    return worst


def smallest(measures: list[Measure]) -> Measure | None:
    """Return the smallest measure; None for an empty list."""
    return min(measures, key=lambda measure: measure.value_mm, default=None)


def _rounded_point(point: FloatArray) -> tuple[float, float]:
    x, y = point.tolist()
    return round(x, 3) + 0.0, round(y, 3) + 0.0
