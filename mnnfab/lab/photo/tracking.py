"""Tracking: joint centres in a photograph to a few hundredths of a pixel.

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
from mnnfab.lab.photo.corners import WIDEST_EDGE_PX
from mnnfab.lab.photo.dots import find_dot

if TYPE_CHECKING:
    from geometry.tiling import Tiling

#: Search radius around the position of a joint without load, as a share of the shortest bond.
SEARCH_SHARE = 0.3
#: Smallest correlations of a dot, and of a hub.
LEAST_LIKE_A_DOT, LEAST_LIKE_A_HUB = 0.6, 0.5
#: Number of candidates for a dot, and its largest size relative to the drawn one.
MOST_TRIED, DOT_SIZES = 8, 1.3
#: Largest residual inside of a dot over its contrast; noise contributes some hundredths.
MOST_HIDDEN = 0.12
#: Width of an edge (10 % to 90 %), in standard deviations of its blur.
WIDTH_OF_SD = 2.56
#: Half-width of the tracked surroundings of a hub, in lengths of a joint.
HUB_REACH = 0.5


@dataclass(frozen=True, eq=False)
class Look:
    """Photograph in which joints are tracked.

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

    def pixels_per_mm(self, place_mm: FloatArray) -> float:
        """Return the size of a millimetre at a position, (2,) mm, in pixels."""
        about = self.plane.pixels(place_mm + np.array([[-0.5, 0], [0.5, 0], [0, -0.5], [0, 0.5]]))
        across = np.hypot(*(about[1] - about[0])), np.hypot(*(about[3] - about[2]))
        return float(np.mean(across))

    def cut(self, centre: FloatArray, half: int, joint: int) -> tuple[Image, FloatArray]:
        """Return the surroundings of a pixel, and the coordinates of their first pixel.

        Raises:
            InputError: if they are not completely in the picture.
        """
        low = np.rint(centre).astype(int) - half
        high = low + 2 * half + 1
        height, width = self.image.shape
        if (low < 0).any() or high[0] > width or high[1] > height:
            given = f"node {joint} is at the edge of the picture or outside; it may be cropped"
            raise InputError(self.where, given, "a photograph of the whole part")
        return self.image[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def track_dots(look: Look, places_mm: FloatArray, radius_mm: float, search_mm: float) -> FloatArray:
    """Find the dot of every joint.

    Args:
        look: the photograph.
        places_mm: expected positions, (n_nodes, 2) in the part's plane.
        radius_mm: radius of the dots.
        search_mm: search radius.

    Returns:
        Centres of the dots, (n_nodes, 2) px.

    Raises:
        InputError: if a dot is not found.
    """
    guesses = look.plane.pixels(places_mm)
    centres = np.empty_like(guesses)
    for joint, expected in enumerate(guesses):
        scale = look.pixels_per_mm(places_mm[joint])
        centres[joint] = _dot_near(look, expected, radius_mm * scale, search_mm * scale, joint)
    return centres


def _dot_near(
    look: Look, expected: FloatArray, radius: float, search: float, joint: int
) -> FloatArray:
    """Return the centre of the best-matching dot of the right size near a position, (2,) px.

    The size excludes holes of eyelets, which are also surrounded by the part but larger.
    """
    image = look.image if look.dark else 255 - look.image
    for place in _like_dots(look, expected, radius, round(search), joint):
        dot = find_dot(image, place, radius)
        if dot is not None and 1 / DOT_SIZES < dot.radius / radius < DOT_SIZES:
            if dot.uneven > MOST_HIDDEN:
                given = f"the dot of node {joint} is not a complete disc; it may be covered"
                raise InputError(look.where, given, "visible dots; lead strings behind the part")
            if WIDTH_OF_SD * dot.edge > WIDEST_EDGE_PX:
                edge_px = WIDTH_OF_SD * dot.edge
                given = f"blurred: the edge of the dot of node {joint} is {edge_px:.0f} px"
                allowed = f"at most {WIDEST_EDGE_PX:g} pixels: check focus, movement"
                raise InputError(look.where, given, allowed)
            return np.array(dot.centre)
    raise _not_found(look, joint, expected, "a painted dot")


def _like_dots(
    look: Look, expected: FloatArray, radius: float, search: int, joint: int
) -> Iterator[FloatArray]:
    """Yield the best template matches of a dot near a position, best first."""
    cv2 = opencv()
    half = int(np.ceil(1.4 * radius))
    x = np.arange(-half, half + 1)
    ideal = np.where(np.hypot(x, x[:, None]) <= radius, 255, 0).astype(np.uint8)
    mask = (np.hypot(x, x[:, None]) <= 1.4 * radius).astype(np.uint8)
    patch, corner = _window(look, expected, search + half, joint)
    found = cv2.matchTemplate(
        patch if look.dark else 255 - patch, ideal, cv2.TM_CCOEFF_NORMED, mask=mask
    )
    found[~np.isfinite(found)] = -1  # regions without contrast
    for _ in range(MOST_TRIED):
        _, alike, _, (x_best, y_best) = cv2.minMaxLoc(found)
        if alike < LEAST_LIKE_A_DOT:
            return
        yield corner + np.array([x_best, y_best]) + half
        found[
            max(y_best - half, 0) : y_best + half + 1, max(x_best - half, 0) : x_best + half + 1
        ] = -1


def _window(look: Look, expected: FloatArray, half: int, joint: int) -> tuple[Image, FloatArray]:
    """Return a window around a pixel, clipped to the picture, and its first pixel."""
    height, width = look.image.shape
    low = np.maximum(np.rint(expected).astype(int) - half, 0)
    high = np.minimum(np.rint(expected).astype(int) + half + 1, [width, height])
    if (high - low < half).any():
        given = f"node {joint} is at the edge of the picture or outside; it may be cropped"
        raise InputError(look.where, given, "a photograph of the whole part")
    return look.image[low[1] : high[1], low[0] : high[0]], low.astype(np.float64)


def _not_found(look: Look, joint: int, expected: FloatArray, what: str) -> InputError:
    given = f"node {joint} is not found near pixel ({expected[0]:.0f}, {expected[1]:.0f})"
    return InputError(look.where, given, f"{what} at every node, not covered by other objects")


@dataclass(frozen=True, eq=False)
class HubPictures:
    """Surroundings of every joint without load.

    Args:
        pictures: one per node, square.
        centres: positions of the joints in them, (n_nodes, 2) px.
    """

    pictures: tuple[Image, ...]
    centres: FloatArray


def hubs_of(look: Look, pixels: FloatArray, reach_mm: float) -> HubPictures:
    """Return the surroundings of the joints at given pixels, (n_nodes, 2)."""
    pictures, centres = [], []
    for joint, pixel in enumerate(pixels):
        scale = look.pixels_per_mm(look.plane.places(pixel[None])[0])
        picture, corner = look.cut(pixel, round(reach_mm * scale), joint)
        pictures.append(picture)
        centres.append(pixel - corner)
    return HubPictures(tuple(pictures), np.array(centres))


def track_hubs(
    look: Look, hubs: HubPictures, places_mm: FloatArray, search_mm: float
) -> FloatArray:
    """Find the hub of every joint; arguments as for `track_dots`."""
    guesses = look.plane.pixels(places_mm)
    centres = np.empty_like(guesses)
    for joint, expected in enumerate(guesses):
        search = round(search_mm * look.pixels_per_mm(places_mm[joint]))
        picture = hubs.pictures[joint]
        window, corner = _window(look, expected, search + picture.shape[0] // 2, joint)
        found = _lay_over(picture, window, hubs.centres[joint])
        if found is None:
            raise _not_found(look, joint, expected, "a hub")
        centres[joint] = corner + found
    return centres


def _lay_over(picture: Image, window: Image, centre: FloatArray) -> FloatArray | None:
    """Return the position of `centre` in a window registered to the picture; None if it fails."""
    cv2 = opencv()
    alike = cv2.matchTemplate(window, picture, cv2.TM_CCOEFF_NORMED)
    _, best, _, place = cv2.minMaxLoc(alike)
    if best < LEAST_LIKE_A_HUB:
        return None
    warp = np.array([[1, 0, place[0]], [0, 1, place[1]]], dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 100, 1e-6)
    try:
        _, warp = cv2.findTransformECC(picture, window, warp, cv2.MOTION_EUCLIDEAN, stop, None, 5)
    except cv2.error:  # raised if it does not converge
        return None
    moved: FloatArray = warp[:, :2].astype(np.float64) @ centre + warp[:, 2]
    return moved


def hub_shapes(look: Look, tiling: Tiling, places_mm: FloatArray, reach_mm: float) -> HubPictures:
    """Draw the expected surroundings of every joint from the design, at its place in the picture.

    Args:
        look: the photograph, which gives the scale.
        tiling: shape of the part, in its position in the part's plane.
        places_mm: positions of the joints there, (n_nodes, 2).
        reach_mm: half-width of the surroundings.
    """
    cv2 = opencv()
    pixels = look.plane.pixels(places_mm)
    half = round(reach_mm * look.pixels_per_mm(places_mm.mean(axis=0)))
    size, fine = 2 * half + 1, 4
    cells = [np.array(polygon.exterior.coords) for polygon in tiling.polygons]
    back, front = (255, 0) if look.dark else (0, 255)
    pictures, centres = [], []
    for pixel, place in zip(pixels, places_mm, strict=True):
        low = np.rint(pixel) - half
        canvas = np.full((fine * size, fine * size), back, dtype=np.uint8)
        for cell in cells:
            if np.abs(cell - place).max(axis=1).min() > 2 * reach_mm:
                continue
            drawn = (look.plane.pixels(cell) - low + 0.5) * fine - 0.5
            cv2.fillPoly(canvas, [np.rint(16 * drawn).astype(np.int32)], front, shift=4)
        small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
        pictures.append(cv2.GaussianBlur(small, (0, 0), 1.0))
        centres.append(pixel - low)
    return HubPictures(tuple(pictures), np.array(centres))
