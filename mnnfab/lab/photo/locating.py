"""Position of the part in a photograph, by matching its shape with a rectified, reduced picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geometry.outline import outline
from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.lab.opencv import Image, opencv
from mnnfab.lab.photo.camera import Plane

if TYPE_CHECKING:
    from geometry.tiling import Tiling

#: Pixel of the rectified picture, as a share of the median local width, and at least, mm.
PIXEL_SHARE, MIN_PIXEL_MM = 0.15, 0.1
#: Rotations to search, degrees.
ROTATIONS_DEG = tuple(np.arange(-6.0, 6.5, 1.0).tolist())
#: Smallest correlation with the shape of the part.
MIN_CORRELATION = 0.5
#: Margin of background around the shape of the part, mm.
MARGIN_MM = 2.0


@dataclass(frozen=True, eq=False)
class Pose:
    """Position of the design in the plane of a photograph: x = R x_design + shift.

    Args:
        rotation: (2, 2).
        shift_mm: (2,).
        correlation: correlation of the part's shape with the picture.
    """

    rotation: FloatArray
    shift_mm: FloatArray
    correlation: float

    def apply(self, positions_mm: FloatArray) -> FloatArray:
        """Return positions of the design, (n, 2), in the plane of the photograph."""
        transformed: FloatArray = positions_mm @ self.rotation.T + self.shift_mm
        return transformed


def locate(where: str, image: Image, plane: Plane, tiling: Tiling, *, dark: bool) -> Pose:
    """Find the part in a photograph.

    Args:
        where: location named in error messages.
        image: the photograph.
        plane: plane of the part in it.
        tiling: shape of the part.
        dark: True if the part is darker than the background.

    Raises:
        InputError: if no region matches the part.
    """
    cv2 = opencv()
    step = max(MIN_PIXEL_MM, PIXEL_SHARE * float(np.median(tiling.local_widths)))
    rectified, corner = _rectified(image, plane, step)
    best = None
    for rotation_deg in ROTATIONS_DEG:
        shape, origin, rotation = _template(tiling, rotation_deg, step)
        if shape.shape[0] > rectified.shape[0] or shape.shape[1] > rectified.shape[1]:
            continue
        correlations = cv2.matchTemplate(
            rectified, 255 - shape if dark else shape, cv2.TM_CCOEFF_NORMED
        )
        _, correlation, _, pixel = cv2.minMaxLoc(correlations)
        # The template's first pixel lies at `origin` of the turned design.
        corner_of_match = corner + step * np.array([pixel[0], -pixel[1]])
        if best is None or correlation > best.correlation:
            best = Pose(rotation, corner_of_match - origin, float(correlation))
    if best is None or best.correlation < MIN_CORRELATION:
        correlation = 0.0 if best is None else best.correlation
        raise InputError(
            where,
            f"no part of this design found (correlation {correlation:.2f})",
            f"{MIN_CORRELATION:g} or more: the whole part in the picture, upright, from its front, "
            'on a plain background, with [camera] part set to "dark" or "light"',
        )
    return best


def _rectified(image: Image, plane: Plane, step: float) -> tuple[Image, FloatArray]:
    """Return the rectified photograph, and the position of its first pixel, mm."""
    cv2 = opencv()
    height, width = image.shape
    image_corners = np.array(
        [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], dtype=float
    )
    plane_corners = plane.positions(image_corners)
    low, high = plane_corners.min(axis=0), plane_corners.max(axis=0)
    n_x, n_y = np.ceil((high - low) / step).astype(int).tolist()
    x, y = np.meshgrid(low[0] + step * np.arange(n_x), high[1] - step * np.arange(n_y))
    pixels = plane.pixels(np.column_stack([x.ravel(), y.ravel()])).astype(np.float32)
    reduction = max(1, int(step / float(np.sqrt(np.prod(high - low) / (width * height)))))
    reduced = cv2.resize(
        image, (width // reduction, height // reduction), interpolation=cv2.INTER_AREA
    )
    pixel_map = ((pixels + 0.5) / reduction - 0.5).reshape(n_y, n_x, 2)
    rectified = cv2.remap(
        reduced, pixel_map, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return rectified, np.array([low[0], high[1]])


def _template(
    tiling: Tiling, rotation_deg: float, step: float
) -> tuple[Image, FloatArray, FloatArray]:
    """Return the part as white on black, the position of its first pixel (mm), and the rotation."""
    cv2 = opencv()
    angle = np.radians(rotation_deg)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    part_outline = outline(tiling)
    polygon = tiling.region((part_outline.outer, *part_outline.holes))
    rings = [np.array(r.coords) @ rotation.T for r in (polygon.exterior, *polygon.interiors)]
    low, high = rings[0].min(axis=0) - MARGIN_MM, rings[0].max(axis=0) + MARGIN_MM
    n_x, n_y = np.ceil((high - low) / step).astype(int).tolist()
    origin = np.array([low[0], high[1]])
    drawn_rings = [
        np.rint(16 * (ring - origin) * [1, -1] / step).astype(np.int32) for ring in rings
    ]
    canvas = np.zeros((n_y, n_x), dtype=np.uint8)
    cv2.fillPoly(canvas, drawn_rings, 255, lineType=cv2.LINE_AA, shift=4)
    return canvas, origin, rotation
