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
LEAST_CORNERS = 12
#: Largest width of a sharp edge (px, 10 % to 90 %).
WIDEST_EDGE_PX = 9.0
#: Width (10 % to 90 %) of a Gaussian edge, relative to its contrast over its steepest slope.
WIDTH_OF_AN_EDGE = 1.022
#: Size of the squares in the reduced picture in which corners are first detected, px.
COARSE_SQUARE_PX = 60.0


@dataclass(frozen=True, eq=False)
class Corners:
    """Corners found in a photograph.

    Args:
        pixels: (n, 2).
        places_mm: positions of the same corners on the board, (n, 2).
    """

    pixels: FloatArray
    places_mm: FloatArray

    @property
    def mm_per_px(self) -> float:
        """Mean size of a pixel on the board."""
        spread = [np.sqrt(((p - p.mean(axis=0)) ** 2).sum()) for p in (self.places_mm, self.pixels)]
        return float(spread[0] / spread[1])


def find_corners(where: str, image: Image, board: Board) -> Corners:
    """Find the corners of a board to a few hundredths of a pixel.

    Raises:
        InputError: if the board is not found, or the photograph is blurred.
    """
    cv2 = opencv()
    rough, numbers = _charuco(image, board) if board.kind == "charuco" else _checker(image, board)
    if len(numbers) < LEAST_CORNERS:
        count = f"{len(numbers)} of its corners" if len(numbers) else "no board"
        raise InputError(
            where,
            f"{count} found",
            f"the {board.kind} board of [board], {board.squares[0]} by {board.squares[1]} squares, "
            f"sharp, evenly lit, with at least {LEAST_CORNERS} corners in the picture",
        )
    places = board.corners_mm[numbers]
    if (np.ptp(places, axis=0) < 2 * board.square_mm).any():
        given = "corners of a single row or column"
        raise InputError(where, given, "more of the board in the picture, in both directions")
    square_px = board.square_mm / Corners(rough, places).mm_per_px
    gap = (
        (board.square_mm - board.marker_mm) / 2 if board.kind == "charuco" else board.square_mm / 2
    )
    half = max(2, int(0.8 * gap / board.square_mm * square_px))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-4)
    fine = cv2.cornerSubPix(
        image, rough.astype(np.float32).reshape(-1, 1, 2), (half, half), (-1, -1), stop
    )
    _refuse_blur(where, image, fine.reshape(-1, 2), square_px)
    return Corners(fine.reshape(-1, 2).astype(np.float64), places)


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
    shrink = min(1.0, longest / max(image.shape))
    small = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    found, corners = cv2.findChessboardCornersSB(small, size, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
    if not found:
        return np.empty((0, 2)), np.empty(0, dtype=int)
    places = corners.reshape(-1, 2).astype(np.float64)
    if _is_light_before(small, places.reshape(size[1], size[0], 2)):
        places = places[::-1]  # detected upside down: the first square must be black
    return (places + 0.5) / shrink - 0.5, np.arange(len(places))


def _is_light_before(image: Image, grid: FloatArray) -> bool:
    """Return True if the square before the first corner is lighter than the one after it."""
    right, down = (grid[0, 1] - grid[0, 0]) / 2, (grid[1, 0] - grid[0, 0]) / 2
    shades = []
    for centre in (grid[0, 0] - right - down, grid[0, 0] + right - down):
        x, y = np.clip(np.rint(centre).astype(int), 0, np.array(image.shape[::-1]) - 1).tolist()
        shades.append(float(image[y, x]))
    return shades[0] > shades[1]


def _refuse_blur(where: str, image: Image, corners: FloatArray, square_px: float) -> None:
    """Refuse blurred edges: edge width is contrast over steepest slope, about each corner."""
    cv2 = opencv()
    half = max(4, int(0.3 * square_px))
    widths = []
    for x, y in np.rint(corners).astype(int).tolist():
        patch = image[max(y - half, 0) : y + half + 1, max(x - half, 0) : x + half + 1]
        if min(patch.shape) <= half:
            continue
        smooth = cv2.GaussianBlur(patch.astype(np.float32), (0, 0), 0.7)  # suppress noise
        slopes = np.hypot(
            cv2.Sobel(smooth, -1, 1, 0, scale=0.125), cv2.Sobel(smooth, -1, 0, 1, scale=0.125)
        )
        low, high = np.percentile(smooth, [5, 95])
        widths.append(
            WIDTH_OF_AN_EDGE * float(high - low) / max(float(np.percentile(slopes, 99.5)), 1e-6)
        )
    width = float(np.median(widths)) if widths else 0.0
    if width > WIDEST_EDGE_PX:
        given = f"blurred: edges are {width:.0f} pixels wide"
        raise InputError(where, given, f"at most {WIDEST_EDGE_PX:g} pixels: check focus, movement")
