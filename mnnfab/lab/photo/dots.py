"""Centres of painted dots: least-squares fit of a disc with a soft edge.

I(x) = low + (high - low) Φ((R - |x - c|) / s): centre c, radius R, edge s and both grey levels are
fitted to the pixels in and just around the dot. A fit of all its pixels is free of the bias towards
whole pixels that centroids and interpolated edges have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import erf

from mnnfab.arrays import FloatArray
from mnnfab.lab.opencv import Image

#: Distance outside of the edge up to which pixels are fitted; other objects may follow beyond it.
AROUND_PX = 4.0
#: Share of the radius within which the grey level of a dot is uniform.
INSIDE = 0.7


@dataclass(frozen=True)
class Dot:
    """Dot in a photograph.

    Args:
        centre: x, y px.
        radius: px.
        edge: standard deviation of its edge, px.
        contrast: high less low, grey levels.
        uneven: root mean square residual of the model inside of the dot, over the contrast: noise,
            or an object in front of it.
    """

    centre: tuple[float, float]
    radius: float
    edge: float
    contrast: float
    uneven: float


def find_dot(image: Image, centre: FloatArray, radius_px: float) -> Dot | None:
    """Fit a dot near a position, and refit it with the pixels around the fitted centre."""
    first = fit_dot(image, centre, radius_px)
    return None if first is None else fit_dot(image, np.array(first.centre), first.radius)


def fit_dot(image: Image, centre: FloatArray, radius_px: float) -> Dot | None:
    """Fit a dot near a position.

    Args:
        image: with dots that are lighter or darker than their surroundings.
        centre: estimated position, px.
        radius_px: expected radius.

    Returns:
        The dot; None if it is cut off or the fit is not a dot.
    """
    reach = radius_px + AROUND_PX
    low = np.floor(centre - reach - 1).astype(int)
    high = np.ceil(centre + reach + 2).astype(int)
    if (low < 0).any() or high[0] > image.shape[1] or high[1] > image.shape[0]:
        return None
    patch = image[low[1] : high[1], low[0] : high[0]].astype(np.float64)
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    near = np.hypot(x - centre[0], y - centre[1]) <= reach
    x, y, grey = x[near].astype(float), y[near].astype(float), patch[near]
    inside = np.hypot(x - centre[0], y - centre[1]) < 0.6 * radius_px
    levels = float(np.median(grey[inside])), float(np.percentile(grey, 10))
    start = np.array([*centre, radius_px, 1.0, levels[1], levels[0] - levels[1]])

    def model(v: FloatArray) -> FloatArray:
        depth = (v[2] - np.hypot(x - v[0], y - v[1])) / (np.sqrt(2) * max(abs(v[3]), 0.2))
        shade: FloatArray = v[4] + v[5] * (1 + erf(depth)) / 2
        return shade

    scale = max(abs(float(start[5])), 1.0)

    def off_by(v: FloatArray) -> FloatArray:
        left: FloatArray = (model(v) - grey) / scale
        return left

    found = least_squares(
        off_by,
        start,
        x_scale=[1, 1, 1, 1, scale, scale],
        loss="huber",
        f_scale=0.05,
        max_nfev=40,
    )
    v = found.x
    well_inside = np.hypot(x - v[0], y - v[1]) < INSIDE * v[2]
    if not well_inside.any():
        return None
    left = (model(v) - grey)[well_inside] / max(abs(v[5]), 1e-9)
    uneven = float(np.sqrt(np.mean(left**2)))
    whole = 0.5 * radius_px < v[2] < 1.6 * radius_px and np.hypot(*(v[:2] - centre)) < radius_px
    if not whole or abs(v[5]) < 5:
        return None
    return Dot((float(v[0]), float(v[1])), float(v[2]), abs(float(v[3])), float(v[5]), uneven)
