"""Corners of a board in a photograph, with checks of the image quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.lab.experiment.boards import Board
from mnnfab.lab.opencv import Image, opencv

#: Smallest number of corners in a photograph.
MIN_CORNERS = 12
#: Largest width of a sharp edge (px, 10 % to 90 %).
MAX_EDGE_WIDTH_PX = 9.0
#: Width (10 % to 90 %) of a Gaussian edge, relative to its contrast over its steepest slope.
EDGE_WIDTH_FACTOR = 1.022
#: Size of the squares in the reduced picture in which corners are first detected, px.
COARSE_SQUARE_PX = 60.0


@dataclass(frozen=True, eq=False)
class Corners:
    """Corners found in a photograph.

    Args:
        pixels: (n, 2).
        positions_mm: positions of the same corners on the board, (n, 2).
    """

    pixels: FloatArray
    positions_mm: FloatArray

    @property
    def mm_per_px(self) -> float:
        """Mean size of a pixel on the board."""
        spread = [
            np.sqrt(((p - p.mean(axis=0)) ** 2).sum()) for p in (self.positions_mm, self.pixels)
        ]
        return float(spread[0] / spread[1])


def find_corners(where: str, image: Image, board: Board) -> Corners:
    """Find the corners of a board to a few hundredths of a pixel.

    Raises:
        InputError: if the board is not found, or the photograph is blurred.
    """
    cv2 = opencv()
    coarse, numbers = _charuco(image, board) if board.kind == "charuco" else _checker(image, board)
    if len(numbers) < MIN_CORNERS:
        count = f"{len(numbers)} of its corners" if len(numbers) else "no board"
        raise InputError(
            where,
            f"{count} found",
            f"the {board.kind} board of [board], {board.squares[0]} by {board.squares[1]} squares, "
            f"sharp, evenly lit, with at least {MIN_CORNERS} corners in the picture",
        )
    positions = board.corners_mm[numbers]
    if (np.ptp(positions, axis=0) < 2 * board.square_mm).any():
        given = "corners of a single row or column"
        raise InputError(where, given, "more of the board in the picture, in both directions")
    square_px = board.square_mm / Corners(coarse, positions).mm_per_px
    gap = (
        (board.square_mm - board.marker_mm) / 2 if board.kind == "charuco" else board.square_mm / 2
    )
    half = max(2, int(0.8 * gap / board.square_mm * square_px))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-4)
    fine = cv2.cornerSubPix(
        image, coarse.astype(np.float32).reshape(-1, 1, 2), (half, half), (-1, -1), stop
    )
    _check_sharpness(where, image, fine.reshape(-1, 2), square_px)
    return Corners(fine.reshape(-1, 2).astype(np.float64), positions)


def _charuco(image: Image, board: Board) -> tuple[FloatArray, Any]:
    cv2 = opencv()
    detector = cv2.aruco.CharucoDetector(board.as_opencv())
    corners, ids, _, _ = detector.detectBoard(image)
    if corners is None or ids is None:
        return np.empty((0, 2)), np.empty(0, dtype=int)
    return corners.reshape(-1, 2).astype(np.float64), ids.ravel()


def _checker(image: Image, board: Board) -> tuple[FloatArray, Any]:
    cv2 = opencv()
    size = (board.squares[0] - 1, board.squares[1] - 1)
    longest = max(board.squares) * COARSE_SQUARE_PX
    scale = min(1.0, longest / max(image.shape))
    reduced = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found, corners = cv2.findChessboardCornersSB(reduced, size, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
    if not found:
        return np.empty((0, 2)), np.empty(0, dtype=int)
    positions = corners.reshape(-1, 2).astype(np.float64)
    if _starts_with_white(reduced, positions.reshape(size[1], size[0], 2)):
        positions = positions[::-1]  # detected upside down: the first square must be black
    return (positions + 0.5) / scale - 0.5, np.arange(len(positions))


def _starts_with_white(image: Image, grid: FloatArray) -> bool:
    """Return True if the square before the first corner is lighter than the one after it."""
    right, down = (grid[0, 1] - grid[0, 0]) / 2, (grid[1, 0] - grid[0, 0]) / 2
    grey_levels = []
    for centre in (grid[0, 0] - right - down, grid[0, 0] + right - down):
        x, y = np.clip(np.rint(centre).astype(int), 0, np.array(image.shape[::-1]) - 1).tolist()
        grey_levels.append(float(image[y, x]))
    return grey_levels[0] > grey_levels[1]


def _check_sharpness(where: str, image: Image, corners: FloatArray, square_px: float) -> None:
    """Refuse blurred edges: edge width is contrast over steepest slope, about each corner."""
    cv2 = opencv()
    half = max(4, int(0.3 * square_px))
    widths = []
    for x, y in np.rint(corners).astype(int).tolist():
        patch = image[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1]
        if min(patch.shape) <= half:
            continue
        smoothed = cv2.GaussianBlur(patch.astype(np.float32), (0, 0), 0.7)  # suppress noise
        gradients = np.hypot(
            cv2.Sobel(smoothed, -1, 1, 0, scale=0.125), cv2.Sobel(smoothed, -1, 0, 1, scale=0.125)
        )
        low, high = np.percentile(smoothed, [5, 95])
        widths.append(
            EDGE_WIDTH_FACTOR * float(high - low) / max(float(np.percentile(gradients, 99.5)), 1e-6)
        )
    width = float(np.median(widths)) if widths else 0.0
    if width > MAX_EDGE_WIDTH_PX:
        given = f"blurred: edges are {width:.0f} pixels wide"
        raise InputError(
            where, given, f"at most {MAX_EDGE_WIDTH_PX:g} pixels: check focus, movement"
        )
