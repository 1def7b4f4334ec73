"""Camera: lens calibration with a board, and mapping of pixels to the part's plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.lab.opencv import opencv
from mnnfab.lab.photo.corners import Corners

#: Smallest number of views for a calibration.
LEAST_VIEWS = 4
#: Smallest angle between views, degrees; below it, focal length and distance are not separable.
LEAST_TURN_DEG = 8.0
#: Largest reprojection error of a calibration (px, root mean square).
MOST_OFF_PX = 1.0
#: Corners with more than this multiple of the median error are outliers.
ASTRAY = 4.0


@dataclass(frozen=True, eq=False)
class Camera:
    """Pinhole camera with lens distortion.

    Args:
        matrix: (3, 3) px.
        distortion: k1, k2, p1, p2, k3.
        size_px: width and height of its pictures.
        off_px: reprojection error of the corners, root mean square.
    """

    matrix: FloatArray
    distortion: FloatArray
    size_px: tuple[int, int]
    off_px: float

    def rays(self, pixels: FloatArray) -> FloatArray:
        """Return undistorted image coordinates of pixels, (n, 2), at distance 1."""
        stop = (opencv().TERM_CRITERIA_EPS + opencv().TERM_CRITERIA_MAX_ITER, 100, 1e-12)
        found = (
            opencv().undistortPointsIter(
                pixels.reshape(-1, 1, 2), self.matrix, self.distortion, None, None, stop
            )
            if hasattr(opencv(), "undistortPointsIter")
            else opencv().undistortPoints(pixels.reshape(-1, 1, 2), self.matrix, self.distortion)
        )
        rays: FloatArray = found.reshape(-1, 2).astype(np.float64)
        return rays


def calibrate(where: str, views: Sequence[Corners], size_px: tuple[int, int]) -> Camera:
    """Return the camera calibrated from photographs of a board.

    Args:
        where: location named in error messages.
        views: corners in each photograph, from several sides.
        size_px: size of the pictures.

    Raises:
        InputError: if there are too few views, or no calibration fits them.
    """
    if len(views) < LEAST_VIEWS:
        allowed = f"at least {LEAST_VIEWS} photographs of the board, from several sides"
        raise InputError(where, f"{len(views)} photographs", allowed)
    cv2 = opencv()
    places = [
        np.column_stack([view.places_mm, np.zeros(len(view.places_mm))]).astype(np.float32)
        for view in views
    ]
    pixels = [view.pixels.reshape(-1, 1, 2).astype(np.float32) for view in views]
    # k3 is fixed at zero: it would fit the noise of corners near the edge of the picture.
    try:
        off, matrix, distortion, turns, _ = cv2.calibrateCamera(
            places, pixels, size_px, None, None, flags=cv2.CALIB_FIX_K3
        )
    except cv2.error as error:
        raise InputError(
            where, f"calibration failed: {error.err}", "the board from several sides"
        ) from error
    if not off <= MOST_OFF_PX:
        allowed = f"up to {MOST_OFF_PX:g} px: one camera, one focus, a flat board as in [board]"
        raise InputError(where, f"reprojection error of the corners {off:.2g} px", allowed)
    normals = np.array([cv2.Rodrigues(turn)[0][:, 2] for turn in turns])
    widest = float(np.degrees(np.arccos(np.clip(normals @ normals.T, -1, 1))).max())
    if widest < LEAST_TURN_DEG:
        given = f"views of the board within {widest:.1f}° of each other"
        raise InputError(where, given, f"views that differ by at least {LEAST_TURN_DEG:g}°")
    return Camera(
        matrix.astype(np.float64), distortion.ravel()[:5].astype(np.float64), size_px, float(off)
    )


@dataclass(frozen=True, eq=False)
class Plane:
    """Plane of the board in one photograph.

    Args:
        camera: camera of the photograph.
        homography: from rays to mm on the board, (3, 3).
        offset_mm: distance of the part in front of the board.
        foot_mm: foot of the camera's perpendicular on the board, and its distance, (3,).
        off_mm: residual of the corners, root mean square.
    """

    camera: Camera
    homography: FloatArray
    offset_mm: float
    foot_mm: FloatArray
    off_mm: float

    def places(self, pixels: FloatArray) -> FloatArray:
        """Return the positions of pixels, (n, 2), in the part's plane, (n, 2) mm."""
        rays = np.column_stack([self.camera.rays(pixels), np.ones(len(pixels))])
        seen = rays @ self.homography.T
        on_board = seen[:, :2] / seen[:, 2:]
        # Perspective displaces points in front of the board away from the camera's foot.
        nearer = self.offset_mm / self.foot_mm[2]
        places: FloatArray = on_board + nearer * (self.foot_mm[:2] - on_board)
        return places

    def pixels(self, places_mm: FloatArray) -> FloatArray:
        """Return the pixels, (n, 2), of positions in the part's plane, (n, 2) mm."""
        nearer = self.offset_mm / self.foot_mm[2]
        on_board = (places_mm - nearer * self.foot_mm[:2]) / (1 - nearer)
        back = (
            np.column_stack([on_board, np.ones(len(on_board))]) @ np.linalg.inv(self.homography).T
        )
        rays = np.column_stack([back[:, :2] / back[:, 2:], np.ones(len(back))])
        found, _ = opencv().projectPoints(
            rays, np.zeros(3), np.zeros(3), self.camera.matrix, self.camera.distortion
        )
        pixels: FloatArray = found.reshape(-1, 2)
        return pixels


def plane_of(camera: Camera, corners: Corners, offset_mm: float) -> Plane:
    """Return the plane of a board by its corners in one photograph."""
    cv2 = opencv()
    rays, places = camera.rays(corners.pixels), corners.places_mm
    kept = np.arange(len(rays))
    homography = _fit_homography(rays, places)
    for _ in range(3):  # exclude outliers, such as corners under a string or a shadow
        off = _off(homography, rays, places)
        kept = np.flatnonzero(off <= ASTRAY * float(np.median(off)))
        homography = _fit_homography(rays[kept], places[kept])
    flat = np.column_stack([places[kept], np.zeros(len(kept))])
    _, turn, shift = cv2.solvePnP(flat, rays[kept].reshape(-1, 1, 2), np.eye(3), None)
    matrix, _ = cv2.Rodrigues(turn)
    foot = (-matrix.T @ shift).ravel()
    foot[2] = abs(foot[2])
    off = _off(homography, rays[kept], places[kept])
    return Plane(camera, homography, offset_mm, foot, float(np.sqrt((off**2).mean())))


def _off(homography: FloatArray, rays: FloatArray, places: FloatArray) -> FloatArray:
    """Return the residual of each corner, (n,) mm."""
    seen = np.column_stack([rays, np.ones(len(rays))]) @ homography.T
    gap = seen[:, :2] / seen[:, 2:] - places
    return np.hypot(gap[:, 0], gap[:, 1])


def _fit_homography(rays: FloatArray, places: FloatArray) -> FloatArray:
    """Return the homography from rays to positions, by least squares in the positions."""
    from scipy.optimize import least_squares

    start, _ = opencv().findHomography(rays, places)
    start = start / start[2, 2]
    points = np.column_stack([rays, np.ones(len(rays))])

    def off(values: FloatArray) -> FloatArray:
        seen = points @ np.append(values, 1.0).reshape(3, 3).T
        gap: FloatArray = (seen[:, :2] / seen[:, 2:] - places).ravel()
        return gap

    found = least_squares(off, start.ravel()[:8], x_scale="jac", method="lm")
    matrix: FloatArray = np.append(found.x, 1.0).reshape(3, 3)
    return matrix
