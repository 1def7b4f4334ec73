"""Cells of a tiling as a small SVG picture, for notebooks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import shapely

#: Pixels of the longer side of a picture.
SIZE = 320


def polygons_svg(
    polygons: Sequence[shapely.Polygon], dark: Collection[int], size: int = SIZE
) -> str:
    """Return a picture of polygons.

    Args:
        polygons: in mm, y upward.
        dark: indices of those drawn in blue, as bonds are; the others are grey.
        size: of the longer side, pixels.
    """
    left, bottom, right, top = shapely.total_bounds(polygons).tolist()
    width, height = right - left, top - bottom
    scale = size / max(width, height)
    cells = []
    for index, polygon in enumerate(polygons):
        rings = [polygon.exterior, *polygon.interiors]
        path = "".join(
            "M" + "L".join(f"{x - left:.2f} {top - y:.2f}" for x, y in ring.coords) + "Z"
            for ring in rings
        )
        fill = "#0072B2" if index in dark else "#888888"
        cells.append(f'<path d="{path}" fill="{fill}" fill-rule="evenodd"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.0f}" '
        f'height="{height * scale:.0f}" viewBox="0 0 {width:.2f} {height:.2f}">'
        f"{''.join(cells)}</svg>\n"
    )
