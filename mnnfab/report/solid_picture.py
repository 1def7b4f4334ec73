"""Picture of the solid, for print and for browsers that cannot draw the interactive view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from geometry.facets import make_facets
from mnnfab.report.figures import address_of

if TYPE_CHECKING:
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray

#: Largest distance from an arc to its facets, mm: less than a pixel.
FACET_MM = 0.1
#: Rotations of the view about the vertical and the horizontal axis, rad.
TURN, TILT = np.radians(-18.0), np.radians(32.0)
#: Direction of the light, in the axes of the view.
LIGHT = np.array([0.25, 0.55, 0.8])
#: Brightness of faces away from the light and towards it.
DARK, BRIGHT = 0.22, 0.62


def solid_picture(tiling: Tiling) -> str:
    """Return a picture of the solid as a data URI, in parallel projection."""
    facets = make_facets(tiling, FACET_MM)
    corners = facets.vertices[facets.triangles] @ _view().T  # (n, 3, 3): right, up, to the viewer
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-300)
    seen = normals[:, 2] > 0
    # Faces of a plate: walls first, then faces parallel to its plane from low to high, each from
    # the back to the front.
    flat = normals @ _view()[:, 2] > 1 - 1e-6
    heights = np.where(flat, facets.vertices[facets.triangles][:, :, 2].mean(axis=1), -1.0)
    order = np.lexsort((corners[:, :, 2].mean(axis=1), heights.round(6)))
    order = order[seen[order]]
    shades = DARK + (BRIGHT - DARK) * np.clip(
        normals[order] @ (LIGHT / np.linalg.norm(LIGHT)), 0, 1
    )
    return address_of(_figure(corners[order][:, :, :2], shades), "png")


def _view() -> FloatArray:
    """Return the rotation from the axes of the part to those of the view, (3, 3)."""
    turn = np.array([[np.cos(TURN), 0, np.sin(TURN)], [0, 1, 0], [-np.sin(TURN), 0, np.cos(TURN)]])
    tilt = np.array([[1, 0, 0], [0, np.cos(TILT), np.sin(TILT)], [0, -np.sin(TILT), np.cos(TILT)]])
    view: FloatArray = tilt @ turn
    return view


def _figure(triangles: FloatArray, shades: FloatArray) -> Figure:
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    width, height = (1.06 * (high - low)).tolist()
    scale = min(8.5 / width, 5.0 / height)
    figure = Figure(figsize=(scale * width, scale * height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    middle = (low + high) / 2
    axes.set_xlim(middle[0] - width / 2, middle[0] + width / 2)
    axes.set_ylim(middle[1] - height / 2, middle[1] + height / 2)
    colours = shades[:, None] * np.array([0.95, 1.0, 1.08])
    # Edges in the colour of the faces close the gaps between neighbouring triangles.
    faces = PolyCollection([], facecolors=colours, edgecolors=colours, linewidths=0.3)
    faces.set_verts(triangles)  # type: ignore[arg-type] # fast for an array; its type lacks it
    axes.add_collection(faces)
    return figure
