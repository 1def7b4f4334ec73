"""The camera: its lens from photographs of a board, and from pixels to the plane of the part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.lab.opencv import opencv
from mnnfab.lab.photo.corners import Corners

#: Fewer views do not tell a lens.
LEAST_VIEWS = 4
#: Views within so few degrees do not tell a lens from a distance.
LEAST_TURN_DEG = 8.0
#: A calibration whose corners are farther off than this (px, root mean square) is none.
MOST_OFF_PX = 1.0
#: Corners so many times as far off as the median are not where they seem to be.
ASTRAY = 4.0


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole and its lens.

    Args:
        matrix: (3, 3) px.
        distortion: k1, k2, p1, p2, k3.
        size_px: width and height of its pictures.
        off_px: how far corners are from where it has them, root mean square.
    """

    matrix: FloatArray
    distortion: FloatArray
    size_px: tuple[int, int]
    off_px: float

    def rays(self, pixels: FloatArray) -> FloatArray:
        """Return pixels, (n, 2), as a pinhole without lens has them, at distance 1."""
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
    """Return the camera that took some photographs of a board.

    Args:
        where: for messages.
        views: corners of each; from several sides.
        size_px: of the pictures.

    Raises:
        InputError: if there are too few views, or none explains them.
    """
    if len(views) < LEAST_VIEWS:
        allowed = f"{LEAST_VIEWS} photographs of the board or more, from several sides"
        raise InputError(where, f"{len(views)} photographs", allowed)
    cv2 = opencv()
    places = [
        np.column_stack([view.places_mm, np.zeros(len(view.places_mm))]).astype(np.float32)
        for view in views
    ]
    pixels = [view.pixels.reshape(-1, 1, 2).astype(np.float32) for view in views]
    # k3 is left out: it takes the noise of corners near the rim for a lens.
    try:
        off, matrix, distortion, turns, _ = cv2.calibrateCamera(
            places, pixels, size_px, None, None, flags=cv2.CALIB_FIX_K3
        )
    except cv2.error as error:
        raise InputError(
            where, f"no lens fits: {error.err}", "the board from several sides"
        ) from error
    if not off <= MOST_OFF_PX:
        allowed = f"up to {MOST_OFF_PX:g} px: one camera, one focus, a flat board as [board] says"
        raise InputError(where, f"corners {off:.2g} px from where any lens has them", allowed)
    normals = np.array([cv2.Rodrigues(turn)[0][:, 2] for turn in turns])
    widest = float(np.degrees(np.arccos(np.clip(normals @ normals.T, -1, 1))).max())
    if widest < LEAST_TURN_DEG:
        given = f"the board always from one side, within {widest:.1f}°"
        raise InputError(where, given, f"views that differ by {LEAST_TURN_DEG:g}° and more")
    return Camera(
        matrix.astype(np.float64), distortion.ravel()[:5].astype(np.float64), size_px, float(off)
    )


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane of the board in one photograph.

    Args:
        camera: that took it.
        homography: from rays to the board's mm, (3, 3).
        offset_mm: how far the part is in front of the board.
        foot_mm: of the camera on the board, and its distance from there, (3,).
        off_mm: how far corners are from where they should be, root mean square.
    """

    camera: Camera
    homography: FloatArray
    offset_mm: float
    foot_mm: FloatArray
    off_mm: float

    def places(self, pixels: FloatArray) -> FloatArray:
        """Return where what is seen at pixels, (n, 2), is in the part's plane, (n, 2) mm."""
        rays = np.column_stack([self.camera.rays(pixels), np.ones(len(pixels))])
        seen = rays @ self.homography.T
        on_board = seen[:, :2] / seen[:, 2:]
        # What is in front of the board is seen away from the camera's foot.
        nearer = self.offset_mm / self.foot_mm[2]
        places: FloatArray = on_board + nearer * (self.foot_mm[:2] - on_board)
        return places

    def pixels(self, places_mm: FloatArray) -> FloatArray:
        """Return where places in the part's plane, (n, 2) mm, are seen, (n, 2)."""
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
    for _ in range(3):  # a string or a shadow over a corner moves it: such corners are left out
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
    """Return how far each corner is from where it should be, (n,) mm."""
    seen = np.column_stack([rays, np.ones(len(rays))]) @ homography.T
    gap = seen[:, :2] / seen[:, 2:] - places
    return np.hypot(gap[:, 0], gap[:, 1])


def _fit_homography(rays: FloatArray, places: FloatArray) -> FloatArray:
    """Return the homography from rays to places, least squares in places."""
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
