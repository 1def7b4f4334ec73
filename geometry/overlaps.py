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


def refuse_overlaps(tiling: Tiling, network: Network) -> None:
    """Check that the cells are a tiling: each is simple, and only neighbours touch each other.

    Raises:
        GeometryError: naming an invalid cell or pair of cells, and whether bonds cross.
    """
    polygons = np.array(tiling.polygons)
    twisted = np.flatnonzero(~shapely.is_valid(polygons))
    if twisted.size:
        raise GeometryError(
            cell_words(tiling, network, int(twisted[0])), "its outline crosses itself", _ALLOWED
        )
    near = shapely.STRtree(polygons).query(polygons, predicate="dwithin", distance=MERGE_MM)
    first, second = near[:, near[0] < near[1]]
    shared = shapely.area(shapely.intersection(polygons[first], polygons[second]))
    strangers = ~have_a_common_node(tiling, network, first, second)
    bad = np.flatnonzero((shared > ROUNDING_MM2) | strangers)
    if bad.size:
        # Overlapping bonds are the clearest message, so they are named before hubs.
        worst = max(bad, key=lambda i: (_is_bond(tiling, first[i], second[i]), shared[i]))
        _refuse(tiling, network, int(first[worst]), int(second[worst]), float(shared[worst]))


def _refuse(tiling: Tiling, network: Network, first: int, second: int, area: float) -> None:
    names = f"{cell_words(tiling, network, first)} and {cell_words(tiling, network, second)}"
    what = "overlap" if area > ROUNDING_MM2 else "touch"
    if _is_bond(tiling, first, second):
        lines = [
            shapely.LineString(network.nodes[network.bonds[cell - tiling.n_hubs]])
            for cell in (first, second)
        ]
        what = "cross" if shapely.crosses(*lines) else what
    raise GeometryError(names, f"{what}, {area:.3g} mm² in common", _ALLOWED)


def have_a_common_node(
    tiling: Tiling, network: Network, first: IntArray, second: IntArray
) -> BoolArray:
    """Return which pairs of cells belong to a common node, and so may touch, (n_pairs,)."""
    ends = np.repeat([[name.number] for name in tiling.names], 2, axis=1)
    ends[tiling.bond_cells] = network.bonds
    same: BoolArray = (ends[first][:, :, None] == ends[second][:, None, :]).any(axis=(1, 2))
    return same


def _is_bond(tiling: Tiling, *cells: int) -> bool:
    return all(tiling.names[cell].kind == "bond" for cell in cells)


def cell_words(tiling: Tiling, network: Network, cell: int) -> str:
    """Return the name of a cell for messages."""
    kind, number = tiling.names[cell]
    return network.bond_name(number) if kind == "bond" else f"{kind} of node {number}"
