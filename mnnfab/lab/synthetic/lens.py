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
        position_mm: position of its centre.
        tilt_deg: rotations about x, y and the line of sight; zero looks straight along -z.
        focal_px: focal length in pixels.
        size_px: width and height of the picture.
        distortion: k1, k2, p1 and p2.
    """

    position_mm: tuple[float, float, float]
    tilt_deg: tuple[float, float, float]
    focal_px: float
    size_px: tuple[int, int]
    distortion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def project(self, points_mm: FloatArray) -> FloatArray:
        """Return the image positions of points in space, (n, 3), as (n, 2) px.

        Integer coordinates are pixel centres, counted from the upper left.
        """
        rotation = Rotation.from_euler("xyz", self.tilt_deg, degrees=True).as_matrix()
        in_camera_axes = (points_mm - np.array(self.position_mm)) @ (
            rotation @ np.diag([1.0, -1.0, -1.0])
        ).T
        x, y = (
            in_camera_axes[:, 0] / in_camera_axes[:, 2],
            in_camera_axes[:, 1] / in_camera_axes[:, 2],
        )
        radius_squared = x**2 + y**2
        k1, k2, p1, p2 = self.distortion
        radial = 1 + k1 * radius_squared + k2 * radius_squared**2
        distorted_x = x * radial + 2 * p1 * x * y + p2 * (radius_squared + 2 * x**2)
        distorted_y = y * radial + p1 * (radius_squared + 2 * y**2) + 2 * p2 * x * y
        middle = (np.array(self.size_px) - 1) / 2
        pixels: FloatArray = self.focal_px * np.column_stack([distorted_x, distorted_y]) + middle
        return pixels


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
    rotation = Rotation.from_euler("xyz", tilt_deg, degrees=True).as_matrix()
    offset = (rotation @ np.diag([1.0, -1.0, -1.0])).T @ np.array([0.0, 0.0, -distance_mm])
    x, y, z = (np.array([*centre_mm, 0.0]) + offset).tolist()
    return Lens((x, y, z), tilt_deg, focal_px, size_px, distortion)
