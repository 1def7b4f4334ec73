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
MIN_VIEWS = 4
#: Smallest angle between views, degrees; below it, focal length and distance are not separable.
MIN_VIEW_ANGLE_DEG = 8.0
#: Largest reprojection error of a calibration (px, root mean square).
MAX_REPROJECTION_ERROR_PX = 1.0
#: Corners with more than this multiple of the median error are outliers.
OUTLIER_RATIO = 4.0


@dataclass(frozen=True, eq=False)
class Camera:
    """Pinhole camera with lens distortion.

    Args:
        matrix: (3, 3) px.
        distortion: k1, k2, p1, p2, k3.
        size_px: width and height of its pictures.
        reprojection_error_px: reprojection error of the corners, root mean square.
    """

    matrix: FloatArray
    distortion: FloatArray
    size_px: tuple[int, int]
    reprojection_error_px: float

    def rays(self, pixels: FloatArray) -> FloatArray:
        """Return undistorted image coordinates of pixels, (n, 2), at distance 1."""
        stop = (opencv().TERM_CRITERIA_EPS + opencv().TERM_CRITERIA_MAX_ITER, 100, 1e-12)
        undistorted = (
            opencv().undistortPointsIter(
                pixels.reshape(-1, 1, 2), self.matrix, self.distortion, None, None, stop
            )
            if hasattr(opencv(), "undistortPointsIter")
            else opencv().undistortPoints(pixels.reshape(-1, 1, 2), self.matrix, self.distortion)
        )
        rays: FloatArray = undistorted.reshape(-1, 2).astype(np.float64)
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
    if len(views) < MIN_VIEWS:
        allowed = f"at least {MIN_VIEWS} photographs of the board, from several sides"
        raise InputError(where, f"{len(views)} photographs", allowed)
    cv2 = opencv()
    positions = [
        np.column_stack([view.positions_mm, np.zeros(len(view.positions_mm))]).astype(np.float32)
        for view in views
    ]
    pixels = [view.pixels.reshape(-1, 1, 2).astype(np.float32) for view in views]
    # k3 is fixed at zero: it would fit the noise of corners near the edge of the picture.
    try:
        reprojection_error, matrix, distortion, rotations, _ = cv2.calibrateCamera(
            positions, pixels, size_px, None, None, flags=cv2.CALIB_FIX_K3
        )
    except cv2.error as error:
        raise InputError(
            where, f"calibration failed: {error.err}", "the board from several sides"
        ) from error
    if not reprojection_error <= MAX_REPROJECTION_ERROR_PX:
        limit = f"{MAX_REPROJECTION_ERROR_PX:g} px"
        allowed = f"up to {limit}: one camera, one focus, a flat board as in [board]"
        raise InputError(
            where, f"reprojection error of the corners {reprojection_error:.2g} px", allowed
        )
    normals = np.array([cv2.Rodrigues(rotation)[0][:, 2] for rotation in rotations])
    largest_angle = float(np.degrees(np.arccos(np.clip(normals @ normals.T, -1, 1))).max())
    if largest_angle < MIN_VIEW_ANGLE_DEG:
        given = f"views of the board within {largest_angle:.1f}° of each other"
        raise InputError(where, given, f"views that differ by at least {MIN_VIEW_ANGLE_DEG:g}°")
    return Camera(
        matrix.astype(np.float64),
        distortion.ravel()[:5].astype(np.float64),
        size_px,
        float(reprojection_error),
    )


@dataclass(frozen=True, eq=False)
class Plane:
    """Plane of the board in one photograph.

    Args:
        camera: camera of the photograph.
        homography: from rays to mm on the board, (3, 3).
        offset_mm: distance of the part in front of the board.
        foot_mm: foot of the camera's perpendicular on the board, and its distance, (3,).
        residual_mm: residual of the corners, root mean square.
    """

    camera: Camera
    homography: FloatArray
    offset_mm: float
    foot_mm: FloatArray
    residual_mm: float

    def positions(self, pixels: FloatArray) -> FloatArray:
        """Return the positions of pixels, (n, 2), in the part's plane, (n, 2) mm."""
        rays = np.column_stack([self.camera.rays(pixels), np.ones(len(pixels))])
        projected = rays @ self.homography.T
        on_board = projected[:, :2] / projected[:, 2:]
        # Perspective displaces points in front of the board away from the camera's foot.
        parallax = self.offset_mm / self.foot_mm[2]
        positions: FloatArray = on_board + parallax * (self.foot_mm[:2] - on_board)
        return positions

    def pixels(self, positions_mm: FloatArray) -> FloatArray:
        """Return the pixels, (n, 2), of positions in the part's plane, (n, 2) mm."""
        parallax = self.offset_mm / self.foot_mm[2]
        on_board = (positions_mm - parallax * self.foot_mm[:2]) / (1 - parallax)
        undistorted = (
            np.column_stack([on_board, np.ones(len(on_board))]) @ np.linalg.inv(self.homography).T
        )
        rays = np.column_stack([undistorted[:, :2] / undistorted[:, 2:], np.ones(len(undistorted))])
        projected, _ = opencv().projectPoints(
            rays, np.zeros(3), np.zeros(3), self.camera.matrix, self.camera.distortion
        )
        pixels: FloatArray = projected.reshape(-1, 2)
        return pixels


def plane_of(camera: Camera, corners: Corners, offset_mm: float) -> Plane:
    """Return the plane of a board by its corners in one photograph."""
    cv2 = opencv()
    rays, positions = camera.rays(corners.pixels), corners.positions_mm
    inliers = np.arange(len(rays))
    homography = _fit_homography(rays, positions)
    for _ in range(3):  # exclude outliers, such as corners under a string or a shadow
        residuals = _residuals(homography, rays, positions)
        inliers = np.flatnonzero(residuals <= OUTLIER_RATIO * float(np.median(residuals)))
        homography = _fit_homography(rays[inliers], positions[inliers])
    coplanar = np.column_stack([positions[inliers], np.zeros(len(inliers))])
    _, rotation, shift = cv2.solvePnP(coplanar, rays[inliers].reshape(-1, 1, 2), np.eye(3), None)
    matrix, _ = cv2.Rodrigues(rotation)
    foot = (-matrix.T @ shift).ravel()
    foot[2] = abs(foot[2])
    residuals = _residuals(homography, rays[inliers], positions[inliers])
    return Plane(camera, homography, offset_mm, foot, float(np.sqrt((residuals**2).mean())))


def _residuals(homography: FloatArray, rays: FloatArray, positions: FloatArray) -> FloatArray:
    """Return the residual of each corner, (n,) mm."""
    projected = np.column_stack([rays, np.ones(len(rays))]) @ homography.T
    differences = projected[:, :2] / projected[:, 2:] - positions
    return np.hypot(differences[:, 0], differences[:, 1])


def _fit_homography(rays: FloatArray, positions: FloatArray) -> FloatArray:
    """Return the homography from rays to positions, by least squares in the positions."""
    from scipy.optimize import least_squares

    start, _ = opencv().findHomography(rays, positions)
    start = start / start[2, 2]
    points = np.column_stack([rays, np.ones(len(rays))])

    def residuals(values: FloatArray) -> FloatArray:
        projected = points @ np.append(values, 1.0).reshape(3, 3).T
        differences: FloatArray = (projected[:, :2] / projected[:, 2:] - positions).ravel()
        return differences

    fit = least_squares(residuals, start.ravel()[:8], x_scale="jac", method="lm")
    matrix: FloatArray = np.append(fit.x, 1.0).reshape(3, 3)
    return matrix
