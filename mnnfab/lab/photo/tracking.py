"""Tracking: node centres in a photograph to a few hundredths of a pixel.

Painted dots are found by template matching and fitted (`mnnfab.lab.photo.dots`). Without dots, the
surroundings of each hub in the photograph without load are registered to those in the other
photographs by OpenCV's enhanced correlation, which is invariant to brightness and contrast.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.lab.opencv import Image, opencv
from mnnfab.lab.photo.camera import Plane
from mnnfab.lab.photo.corners import MAX_EDGE_WIDTH_PX
from mnnfab.lab.photo.dots import find_dot

if TYPE_CHECKING:
    from geometry.tiling import Tiling

#: Search radius around the position of a node without load, as a share of the shortest bond.
SEARCH_SHARE = 0.3
#: Smallest correlations of a dot, and of a hub.
MIN_DOT_CORRELATION, MIN_HUB_CORRELATION = 0.6, 0.5
#: Number of candidates for a dot, and its largest size relative to the drawn one.
MAX_CANDIDATES, MAX_SIZE_RATIO = 8, 1.3
#: Largest residual inside of a dot over its contrast; noise contributes some hundredths.
MAX_DOT_RESIDUAL = 0.12
#: Width of an edge (10 % to 90 %), in standard deviations of its blur.
EDGE_WIDTH_SDS = 2.56
#: Half-width of the tracked surroundings of a hub, in lengths of a joint.
HUB_REACH = 0.5


@dataclass(frozen=True, eq=False)
class Photograph:
    """Photograph in which nodes are tracked.

    Args:
        where: location named in error messages.
        image: the photograph.
        plane: plane of the part in it.
        dark: True if the part is darker than the background; dots have the opposite contrast.
    """

    where: str
    image: Image
    plane: Plane
    dark: bool

    def pixels_per_mm(self, position_mm: FloatArray) -> float:
        """Return the size of a millimetre at a position, (2,) mm, in pixels."""
        cross_px = self.plane.pixels(
            position_mm + np.array([[-0.5, 0], [0.5, 0], [0, -0.5], [0, 0.5]])
        )
        arm_lengths = np.hypot(*(cross_px[1] - cross_px[0])), np.hypot(*(cross_px[3] - cross_px[2]))
        return float(np.mean(arm_lengths))

    def cut(self, centre: FloatArray, half: int, node: int) -> tuple[Image, FloatArray]:
        """Return the surroundings of a pixel, and the coordinates of their first pixel.

        Raises:
            InputError: if they are not completely in the picture.
        """
        low = np.rint(centre).astype(int) - half
        high = low + 2 * half + 1
        height, width = self.image.shape
        if (low < 0).any() or high[0] > width or high[1] > height:
            raise _cropped_error(self.where, node)
        return self.image[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def track_dots(
    photograph: Photograph, positions_mm: FloatArray, radius_mm: float, search_mm: float
) -> FloatArray:
    """Find the dot of every node.

    Args:
        photograph: the photograph.
        positions_mm: expected positions, (n_nodes, 2) in the part's plane.
        radius_mm: radius of the dots.
        search_mm: search radius.

    Returns:
        Centres of the dots, (n_nodes, 2) px.

    Raises:
        InputError: if a dot is not found.
    """
    expected_px = photograph.plane.pixels(positions_mm)
    centres = np.empty_like(expected_px)
    for node, expected in enumerate(expected_px):
        scale = photograph.pixels_per_mm(positions_mm[node])
        centres[node] = _find_dot(photograph, expected, radius_mm * scale, search_mm * scale, node)
    return centres


def _find_dot(
    photograph: Photograph, expected: FloatArray, radius: float, search: float, node: int
) -> FloatArray:
    """Return the centre of the best-matching dot of the right size near a position, (2,) px.

    The size excludes holes of eyelets, which are also surrounded by the part but larger.
    """
    image = photograph.image if photograph.dark else 255 - photograph.image
    for position in _dot_candidates(photograph, expected, radius, round(search), node):
        dot = find_dot(image, position, radius)
        if dot is not None and 1 / MAX_SIZE_RATIO < dot.radius / radius < MAX_SIZE_RATIO:
            if dot.residual > MAX_DOT_RESIDUAL:
                given = f"the dot of node {node} is not a complete disc; it may be covered"
                raise InputError(
                    photograph.where, given, "visible dots; lead strings behind the part"
                )
            edge_px = EDGE_WIDTH_SDS * dot.edge
            if edge_px > MAX_EDGE_WIDTH_PX:
                given = f"blurred: the edge of the dot of node {node} is {edge_px:.0f} px"
                allowed = f"at most {MAX_EDGE_WIDTH_PX:g} pixels: check focus, movement"
                raise InputError(photograph.where, given, allowed)
            return np.array(dot.centre)
    raise _not_found_error(photograph, node, expected, "a painted dot")


def _dot_candidates(
    photograph: Photograph, expected: FloatArray, radius: float, search: int, node: int
) -> Iterator[FloatArray]:
    """Yield the best template matches of a dot near a position, best first."""
    cv2 = opencv()
    half = int(np.ceil(1.4 * radius))
    x = np.arange(-half, half + 1)
    template = np.where(np.hypot(x, x[:, None]) <= radius, 255, 0).astype(np.uint8)
    mask = (np.hypot(x, x[:, None]) <= 1.4 * radius).astype(np.uint8)
    patch, corner = _window(photograph, expected, search + half, node)
    correlations = cv2.matchTemplate(
        patch if photograph.dark else 255 - patch, template, cv2.TM_CCOEFF_NORMED, mask=mask
    )
    correlations[~np.isfinite(correlations)] = -1  # regions without contrast
    for _ in range(MAX_CANDIDATES):
        _, correlation, _, (x_best, y_best) = cv2.minMaxLoc(correlations)
        if correlation < MIN_DOT_CORRELATION:
            return
        yield corner + np.array([x_best, y_best]) + half
        correlations[
            max(y_best - half, 0) : y_best + half + 1, max(x_best - half, 0) : x_best + half + 1
        ] = -1


def _window(
    photograph: Photograph, expected: FloatArray, half: int, node: int
) -> tuple[Image, FloatArray]:
    """Return a window around a pixel, clipped to the picture, and its first pixel."""
    height, width = photograph.image.shape
    low = np.maximum(np.rint(expected).astype(int) - half, 0)
    high = np.minimum(np.rint(expected).astype(int) + half + 1, [width, height])
    if (high - low < half).any():
        raise _cropped_error(photograph.where, node)
    return photograph.image[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def _cropped_error(where: str, node: int) -> InputError:
    given = f"node {node} is at the edge of the picture or outside; it may be cropped"
    return InputError(where, given, "a photograph of the whole part")


def _not_found_error(
    photograph: Photograph, node: int, expected: FloatArray, kind: str
) -> InputError:
    given = f"node {node} is not found near pixel ({expected[0]:.0f}, {expected[1]:.0f})"
    return InputError(
        photograph.where, given, f"{kind} at every node, not covered by other objects"
    )


@dataclass(frozen=True, eq=False)
class HubPictures:
    """Surroundings of every node without load.

    Args:
        pictures: one per node, square.
        centres: positions of the nodes in them, (n_nodes, 2) px.
    """

    pictures: tuple[Image, ...]
    centres: FloatArray


def hubs_of(photograph: Photograph, pixels: FloatArray, reach_mm: float) -> HubPictures:
    """Return the surroundings of the nodes at given pixels, (n_nodes, 2)."""
    pictures, centres = [], []
    for node, pixel in enumerate(pixels):
        scale = photograph.pixels_per_mm(photograph.plane.positions(pixel[None])[0])
        picture, corner = photograph.cut(pixel, round(reach_mm * scale), node)
        pictures.append(picture)
        centres.append(pixel - corner)
    return HubPictures(tuple(pictures), np.array(centres))


def track_hubs(
    photograph: Photograph, hubs: HubPictures, positions_mm: FloatArray, search_mm: float
) -> FloatArray:
    """Find the hub of every node; arguments as for `track_dots`."""
    expected_px = photograph.plane.pixels(positions_mm)
    centres = np.empty_like(expected_px)
    for node, expected in enumerate(expected_px):
        search = round(search_mm * photograph.pixels_per_mm(positions_mm[node]))
        picture = hubs.pictures[node]
        window, corner = _window(photograph, expected, search + picture.shape[0] // 2, node)
        registered = _register(picture, window, hubs.centres[node])
        if registered is None:
            raise _not_found_error(photograph, node, expected, "a hub")
        centres[node] = corner + registered
    return centres


def _register(picture: Image, window: Image, centre: FloatArray) -> FloatArray | None:
    """Return the position of `centre` in a window registered to the picture; None if it fails."""
    cv2 = opencv()
    correlations = cv2.matchTemplate(window, picture, cv2.TM_CCOEFF_NORMED)
    _, best, _, position = cv2.minMaxLoc(correlations)
    if best < MIN_HUB_CORRELATION:
        return None
    warp = np.array([[1, 0, position[0]], [0, 1, position[1]]], dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 100, 1e-6)
    try:
        _, warp = cv2.findTransformECC(picture, window, warp, cv2.MOTION_EUCLIDEAN, stop, None, 5)
    except cv2.error:  # raised if it does not converge
        return None
    registered: FloatArray = warp[:, :2].astype(np.float64) @ centre + warp[:, 2]
    return registered


def hub_shapes(
    photograph: Photograph, tiling: Tiling, positions_mm: FloatArray, reach_mm: float
) -> HubPictures:
    """Draw the expected surroundings of every node from the design, at its place in the picture.

    Args:
        photograph: the photograph, which gives the scale.
        tiling: shape of the part, in its position in the part's plane.
        positions_mm: positions of the nodes there, (n_nodes, 2).
        reach_mm: half-width of the surroundings.
    """
    cv2 = opencv()
    pixels = photograph.plane.pixels(positions_mm)
    half = round(reach_mm * photograph.pixels_per_mm(positions_mm.mean(axis=0)))
    size, oversampling = 2 * half + 1, 4
    cells = [np.array(polygon.exterior.coords) for polygon in tiling.polygons]
    background, foreground = (255, 0) if photograph.dark else (0, 255)
    pictures, centres = [], []
    for pixel, position in zip(pixels, positions_mm, strict=True):
        low = np.rint(pixel) - half
        canvas = np.full((oversampling * size, oversampling * size), background, dtype=np.uint8)
        for cell in cells:
            if np.abs(cell - position).max(axis=1).min() > 2 * reach_mm:
                continue
            drawn = (photograph.plane.pixels(cell) - low + 0.5) * oversampling - 0.5
            cv2.fillPoly(canvas, [np.rint(16 * drawn).astype(np.int32)], foreground, shift=4)
        reduced = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
        pictures.append(cv2.GaussianBlur(reduced, (0, 0), 1.0))
        centres.append(pixel - low)
    return HubPictures(tuple(pictures), np.array(centres))
