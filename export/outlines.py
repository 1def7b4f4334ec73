"""Measurement of a drawing that was read back: loops are rebuilt from separate lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from export.formats import Measured
from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError

#: Ends of lines within this distance (mm) are merged.
MERGE_MM = 1e-6


def measure_outline(file: str, lines: Sequence[FloatArray]) -> Measured:
    """Measure the region inside of the outer loops and outside of all others.

    Args:
        file: file name, for messages.
        lines: the lines that were read, in any order, (n, 2) mm each.

    Raises:
        ToolError: if there are no lines.
    """
    if not lines:
        msg = f"{file} was read back without an outline"
        raise ToolError(msg)
    snapped = [shapely.LineString(np.round(line / MERGE_MM) * MERGE_MM) for line in lines]
    pieces = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(snapped)))
    closed = shapely.is_closed(pieces)
    rings = np.array([shapely.Polygon(piece.coords) for piece in pieces[closed]])
    tree = shapely.STRtree(rings)
    containers, _ = tree.query(rings, predicate="within")
    outer = np.bincount(containers, minlength=len(rings)) == 1  # only within itself
    region = shapely.difference(shapely.union_all(rings[outer]), shapely.union_all(rings[~outer]))
    low_x, low_y, high_x, high_y = shapely.bounds(shapely.MultiLineString(snapped)).tolist()
    return Measured(
        n_bodies=int(outer.sum()),
        valid=bool(closed.all()) and bool(shapely.is_valid(rings).all()),
        bounding_box_mm=((low_x, low_y, 0.0), (high_x, high_y, 0.0)),
        area_mm2=float(region.area),
    )
