"""Centres of painted dots: least-squares fit of an ellipse with a soft edge.

I(x) = low + (high - low) Φ((R - |A (x - c)|) / s) with A = [[1 + p, q], [q, 1 - p]]: centre c,
radius R, shape p and q, edge s and both grey levels are fitted to the pixels in and just around the
dot. A fit of all its pixels is free of the bias towards whole pixels that centroids and
interpolated edges have. The strain of the part makes an ellipse of a disc: a fitted circle would
leave residuals all around it, and be drawn to a light background behind a thin rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.special import erf

from mnnfab.arrays import FloatArray
from mnnfab.lab.opencv import Image

#: Distance outside of the edge up to which pixels are fitted; other objects may follow beyond it.
FIT_MARGIN_PX = 4.0
#: Share of the radius within which the grey level of a dot is uniform.
INNER_SHARE = 0.7


@dataclass(frozen=True)
class Dot:
    """Dot in a photograph.

    Args:
        centre: x, y px.
        radius: R of the fit, about the mean of the semi-axes, px.
        edge: standard deviation of its edge, px.
        contrast: high less low, grey levels.
        residual: root mean square residual of the model inside of the dot, over the contrast:
            noise, or an object in front of it.
    """

    centre: tuple[float, float]
    radius: float
    edge: float
    contrast: float
    residual: float


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
    pixels = _pixels(image, centre, radius_px + FIT_MARGIN_PX)
    if pixels is None:
        return None
    x, y, grey = pixels
    inside = np.hypot(x - centre[0], y - centre[1]) < 0.6 * radius_px
    levels = float(np.median(grey[inside])), float(np.percentile(grey, 10))
    start = np.array([*centre, radius_px, 1.0, levels[1], levels[0] - levels[1], 0.0, 0.0])
    scale = max(abs(float(start[5])), 1.0)

    def residuals(parameters: FloatArray) -> FloatArray:
        residual: FloatArray = (_shade(parameters, x, y) - grey) / scale
        return residual

    fit = least_squares(
        residuals,
        start,
        x_scale=[1, 1, 1, 1, scale, scale, 1 / radius_px, 1 / radius_px],
        loss="huber",
        f_scale=0.05,
        max_nfev=40,
    )
    parameters = fit.x
    inner = np.hypot(x - parameters[0], y - parameters[1]) < INNER_SHARE * parameters[2]
    if not inner.any():
        return None
    residual = (_shade(parameters, x, y) - grey)[inner] / max(abs(parameters[5]), 1e-9)
    rms_residual = float(np.sqrt(np.mean(residual**2)))
    plausible = (
        0.5 * radius_px < parameters[2] < 1.6 * radius_px
        and np.hypot(*(parameters[:2] - centre)) < radius_px
    )
    if not plausible or abs(parameters[5]) < 5:
        return None
    return Dot(
        (float(parameters[0]), float(parameters[1])),
        float(parameters[2]),
        abs(float(parameters[3])),
        float(parameters[5]),
        rms_residual,
    )


def _pixels(
    image: Image, centre: FloatArray, reach: float
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Return x, y and grey level of the pixels around a position; None if some are missing."""
    low = np.floor(centre - reach - 1).astype(int)
    high = np.ceil(centre + reach + 2).astype(int)
    if (low < 0).any() or high[0] > image.shape[1] or high[1] > image.shape[0]:
        return None
    patch = image[low[1] : high[1], low[0] : high[0]].astype(np.float64)
    x, y = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    near = np.hypot(x - centre[0], y - centre[1]) <= reach
    return x[near].astype(float), y[near].astype(float), patch[near]


def _shade(parameters: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the grey levels of the model: centre, R, s, low, high - low, p and q."""
    along, across = x - parameters[0], y - parameters[1]
    p, q = parameters[6:]
    distance = np.hypot((1 + p) * along + q * across, q * along + (1 - p) * across)
    depth = (parameters[2] - distance) / (np.sqrt(2) * max(abs(parameters[3]), 0.2))
    shade: FloatArray = parameters[4] + parameters[5] * (1 + erf(depth)) / 2
    return shade
