"""Calibration boards: geometry, description and printing.

A ChArUco board has markers in its white squares, so it may be partly hidden. It is printed with a
*window* in which the part hangs, its face flush with the board's. A plain checkerboard must be
completely visible. Corners are in mm, x to the right and y up, from the board's lower left.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
import shapely
from pydantic import Field, Strict, model_validator

from mnnfab.arrays import FloatArray
from mnnfab.design.section import NotNegative, Positive, Section, section_error
from mnnfab.lab.opencv import opencv

Squares = Annotated[int, Field(ge=3, le=200)]
Pair = Annotated[tuple[Squares, Squares], Strict(strict=False)]
#: Number of rings of squares around a window: two, for complete corners between them.
RINGS = 2


class Board(Section):
    """[board] calibration board.

    Args:
        kind: "charuco" or "checkerboard".
        squares: columns and rows of squares.
        square_mm: side of a square.
        marker_mm: side of a marker, of a ChArUco board.
        dictionary: dictionary of the markers, by OpenCV's name.
        window: leave all but two rings of squares blank for the part.
        plane_offset_mm: distance of the part's face in front of the board's.
    """

    kind: Literal["charuco", "checkerboard"] = "charuco"
    squares: Pair = (20, 15)
    square_mm: Positive = 5.0
    marker_mm: Positive = 3.75
    dictionary: Literal[
        "DICT_4X4_250", "DICT_4X4_1000", "DICT_5X5_250", "DICT_5X5_1000", "DICT_6X6_250"
    ] = "DICT_5X5_250"
    window: bool = True
    plane_offset_mm: NotNegative = 0.0

    @model_validator(mode="after")
    def _has_unique_orientation(self) -> Self:
        columns, rows = self.squares
        if self.kind == "charuco" and self.marker_mm >= self.square_mm:
            raise section_error("marker_mm", f"{self.marker_mm:g}", f"less than {self.square_mm:g}")
        if self.kind == "checkerboard" and (columns + rows) % 2 == 0:
            allowed = "an odd and an even number: other boards look the same upside down"
            raise section_error("squares", f"{columns} by {rows}", allowed)
        n_markers = columns * rows // 2
        if self.kind == "charuco" and n_markers > int(self.dictionary.rsplit("_", 1)[1]):
            allowed = f"fewer squares, or a larger dictionary than {self.dictionary}"
            raise section_error("squares", f"{columns} by {rows}: {n_markers} markers", allowed)
        return self

    @property
    def size_mm(self) -> tuple[float, float]:
        """Width and height."""
        return self.squares[0] * self.square_mm, self.squares[1] * self.square_mm

    @property
    def window_mm(self) -> tuple[float, float, float, float] | None:
        """Left, lower, right and upper edge of the window; None without a window."""
        if not self.window or self.kind == "checkerboard":
            return None
        edge, (width, height) = RINGS * self.square_mm, self.size_mm
        return edge, edge, width - edge, height - edge

    @property
    def corners_mm(self) -> FloatArray:
        """Inner corners, row by row from the upper left, (n_corners, 2)."""
        columns, rows = self.squares
        x, y = np.meshgrid(np.arange(1, columns), np.arange(rows - 1, 0, -1))
        corners: FloatArray = self.square_mm * np.column_stack([x.ravel(), y.ravel()]).astype(float)
        return corners

    def as_opencv(self) -> Any:  # noqa: ANN401 - OpenCV is not typed
        """Return the board as OpenCV's ChArUco board."""
        cv2 = opencv()
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))
        return cv2.aruco.CharucoBoard(self.squares, self.square_mm, self.marker_mm, dictionary)


def board_for(width_mm: float, height_mm: float, square_mm: float = 5.0) -> Board:
    """Return a ChArUco board with a window for a part of that size, or larger."""
    margin_squares = 2 * RINGS
    squares = [int(np.ceil(size / square_mm)) + margin_squares for size in (width_mm, height_mm)]
    sizes = {"DICT_5X5_250": 250, "DICT_5X5_1000": 1000}
    while squares[0] * squares[1] // 2 > sizes["DICT_5X5_1000"]:
        square_mm *= 1.25
        squares = [
            int(np.ceil(size / square_mm)) + margin_squares for size in (width_mm, height_mm)
        ]
    name: Any = next(
        n for n, n_markers in sizes.items() if squares[0] * squares[1] // 2 <= n_markers
    )
    return Board(
        squares=(squares[0], squares[1]),
        square_mm=square_mm,
        marker_mm=0.75 * square_mm,
        dictionary=name,
    )


def black_area(board: Board) -> shapely.Geometry:
    """Return the black area of a board, as polygons in mm."""
    columns, rows = board.squares
    side, (_, height) = board.square_mm, board.size_mm
    squares = [
        shapely.box(c * side, height - (r + 1) * side, (c + 1) * side, height - r * side)
        for r in range(rows)
        for c in range(columns)
        if (r + c) % 2 == 0
    ]
    if board.kind == "charuco":
        squares = _charuco_squares(board)
    window = board.window_mm
    black = shapely.MultiPolygon([s for s in squares if isinstance(s, shapely.Polygon)])
    visible = [s for s in black.geoms if window is None or not _inside(s, window)]
    return shapely.MultiPolygon(visible)


def _inside(shape: shapely.Polygon, window: tuple[float, float, float, float]) -> bool:
    x, y = shape.centroid.coords[0]
    return bool(window[0] < x < window[2] and window[1] < y < window[3])


def _charuco_squares(board: Board) -> list[shapely.Geometry]:
    """Return the black squares and the black parts of the markers, in OpenCV's layout."""
    cv2, shapes = opencv(), []
    charuco = board.as_opencv()
    _, height = board.size_mm
    dictionary = charuco.getDictionary()
    n_cells = dictionary.markerSize + 2
    cell = board.marker_mm / n_cells
    for marker, corners in zip(charuco.getIds().ravel(), charuco.getObjPoints(), strict=True):
        left, top = corners[:, 0].min(), corners[:, 1].min()
        image = cv2.aruco.generateImageMarker(dictionary, int(marker), n_cells)
        cells = [
            shapely.box(
                left + c * cell,
                height - top - (r + 1) * cell,
                left + (c + 1) * cell,
                height - top - r * cell,
            )
            for r, c in np.argwhere(image == 0).tolist()
        ]
        union = shapely.union_all(cells, grid_size=1e-9)
        shapes += list(union.geoms) if hasattr(union, "geoms") else [union]
    side = board.square_mm
    centres = {
        (round(float(c[:, 0].mean()) / side - 0.5), round(float(c[:, 1].mean()) / side - 0.5))
        for c in charuco.getObjPoints()
    }
    columns, rows = board.squares
    shapes += [
        shapely.box(c * side, height - (r + 1) * side, (c + 1) * side, height - r * side)
        for r in range(rows)
        for c in range(columns)
        if (c, r) not in centres
    ]
    return shapes


def board_svg(board: Board) -> str:
    """Return a board as SVG at its true size."""
    width, height = board.size_mm
    margin = board.square_mm
    black = black_area(board)
    paths = []
    for polygon in getattr(black, "geoms", [black]):
        rings = [polygon.exterior, *polygon.interiors]
        text = " ".join(
            "M" + " L".join(f"{x:.4f},{height - y:.4f}" for x, y in ring.coords[:-1]) + " Z"
            for ring in rings
        )
        paths.append(text)
    window = ""
    if board.window_mm is not None:
        left, low, right, up = board.window_mm
        window = (
            f'<rect x="{left:g}" y="{height - up:g}" width="{right - left:g}" '
            f'height="{up - low:g}" fill="none" stroke="#888" stroke-width="0.1" '
            'stroke-dasharray="1 1"/>'
        )
    outer = f"{-margin:g} {-margin:g} {width + 2 * margin:g} {height + 2 * margin:g}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width + 2 * margin:g}mm" '
        f'height="{height + 2 * margin:g}mm" viewBox="{outer}">'
        f'<rect x="{-margin:g}" y="{-margin:g}" width="100%" height="100%" fill="white"/>'
        f'<path fill="black" fill-rule="evenodd" d="{" ".join(paths)}"/>{window}</svg>\n'
    )
