"""Overlaps: cells that overlap or cross themselves are rejected before the CAD kernel is used."""

from __future__ import annotations

import numpy as np
import shapely

from geometry.corners import MERGE_MM
from geometry.tiling import BoolArray, Tiling
from mnnfab.arrays import IntArray
from mnnfab.errors import GeometryError
from mnnfab.network.network import Network

#: Overlaps below this area are rounding (mm²): cells touch along their shared edges.
ROUNDING_MM2 = 1e-6

_ALLOWED = (
    "cells that meet only along their cuts: longer joint_length_mm or taper_length_mm, thinner "
    "bonds (width_max_mm), or nodes and bonds that are farther apart"
)


def check_overlaps(tiling: Tiling, network: Network) -> None:
    """Check that the cells are a tiling: each is simple, and only neighbours touch each other.

    Raises:
        GeometryError: naming an invalid cell or pair of cells, and whether bonds cross.
    """
    polygons = np.array(tiling.polygons)
    twisted = np.flatnonzero(~shapely.is_valid(polygons))
    if twisted.size:
        raise GeometryError(
            cell_description(tiling, network, int(twisted[0])),
            "its outline crosses itself",
            _ALLOWED,
        )
    pairs = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=MERGE_MM)
    first, second = pairs[:, pairs[0] < pairs[1]]
    overlap_areas = shapely.area(shapely.intersection(polygons[first], polygons[second]))
    unrelated = ~share_node(tiling, network, first, second)
    invalid = np.flatnonzero((overlap_areas > ROUNDING_MM2) | unrelated)
    if invalid.size:
        # Overlapping bonds are the clearest message, so they are named before hubs.
        worst = max(
            invalid, key=lambda i: (_is_bond(tiling, first[i], second[i]), overlap_areas[i])
        )
        _raise_overlap(
            tiling, network, int(first[worst]), int(second[worst]), float(overlap_areas[worst])
        )


def _raise_overlap(tiling: Tiling, network: Network, first: int, second: int, area: float) -> None:
    cells = " and ".join(cell_description(tiling, network, cell) for cell in (first, second))
    relation = "overlap" if area > ROUNDING_MM2 else "touch"
    if _is_bond(tiling, first, second):
        lines = [
            shapely.LineString(network.nodes[network.bonds[cell - tiling.n_hubs]])
            for cell in (first, second)
        ]
        relation = "cross" if shapely.crosses(*lines) else relation
    raise GeometryError(cells, f"{relation}, {area:.3g} mm² in common", _ALLOWED)


def share_node(tiling: Tiling, network: Network, first: IntArray, second: IntArray) -> BoolArray:
    """Return which pairs of cells belong to a common node, and so may touch, (n_pairs,)."""
    ends = np.repeat([[name.number] for name in tiling.names], 2, axis=1)
    ends[tiling.bond_cells] = network.bonds
    shared_node: BoolArray = (ends[first][:, :, None] == ends[second][:, None, :]).any(axis=(1, 2))
    return shared_node


def _is_bond(tiling: Tiling, *cells: int) -> bool:
    return all(tiling.names[cell].kind == "bond" for cell in cells)


def cell_description(tiling: Tiling, network: Network, cell: int) -> str:
    """Return the name of a cell for messages."""
    kind, number = tiling.names[cell]
    return network.bond_name(number) if kind == "bond" else f"{kind} of node {number}"
