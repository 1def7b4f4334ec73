"""Camera with perspective and lens distortion, from points in space to pixels.

Space is in mm, x to the right, y up, z towards the camera. The lens model is Brown's: radial and
decentring distortion of a pinhole image, as in OpenCV's calibration, but implemented independently.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from mnnfab.arrays import FloatArray


@dataclass(frozen=True)
class Lens:
    """Camera and its pose.

    Args:
        place_mm: position of its centre.
        tilt_deg: rotations about x, y and the line of sight; zero looks straight along -z.
        focal_px: focal length in pixels.
        size_px: width and height of the picture.
        distortion: k1, k2, p1 and p2.
    """

    place_mm: tuple[float, float, float]
    tilt_deg: tuple[float, float, float]
    focal_px: float
    size_px: tuple[int, int]
    distortion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def project(self, places_mm: FloatArray) -> FloatArray:
        """Return the image positions of points in space, (n, 3), as (n, 2) px.

        Integer coordinates are pixel centres, counted from the upper left.
        """
        turn = Rotation.from_euler("xyz", self.tilt_deg, degrees=True).as_matrix()
        seen = (places_mm - np.array(self.place_mm)) @ (turn @ np.diag([1.0, -1.0, -1.0])).T
        x, y = seen[:, 0] / seen[:, 2], seen[:, 1] / seen[:, 2]
        square = x**2 + y**2
        k1, k2, p1, p2 = self.distortion
        stretch = 1 + k1 * square + k2 * square**2
        bent_x = x * stretch + 2 * p1 * x * y + p2 * (square + 2 * x**2)
        bent_y = y * stretch + p1 * (square + 2 * y**2) + 2 * p2 * x * y
        middle = (np.array(self.size_px) - 1) / 2
        places: FloatArray = self.focal_px * np.column_stack([bent_x, bent_y]) + middle
        return places


def lens_at(
    centre_mm: tuple[float, float],
    distance_mm: float,
    focal_px: float,
    size_px: tuple[int, int],
    tilt_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    distortion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0),
) -> Lens:
    """Return a camera that looks at a point of the plane z = 0 from a distance.

    Args:
        centre_mm: the point.
        distance_mm: distance from it.
        focal_px: focal length in pixels: the distance over the size of a pixel at the point.
        size_px: size of the picture.
        tilt_deg: rotations about x and y orbit the camera around the point, about z it rolls.
        distortion: k1, k2, p1 and p2.
    """
    turn = Rotation.from_euler("xyz", tilt_deg, degrees=True).as_matrix()
    back = (turn @ np.diag([1.0, -1.0, -1.0])).T @ np.array([0.0, 0.0, -distance_mm])
    x, y, z = (np.array([*centre_mm, 0.0]) + back).tolist()
    return Lens((x, y, z), tilt_deg, focal_px, size_px, distortion)
