"""Bonds with thinned joints: springs in series, and what an error of their edges does."""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.design import Fabrication


def series_integral(
    widths_mm: FloatArray,
    lengths_mm: FloatArray,
    fabrication: Fabrication,
    edge_error_mm: FloatArray | float = 0.0,
) -> FloatArray:
    """Return ∫ ds / w(s) along each bond, without unit; its stiffness is E t over it.

    Joint, taper, middle, taper and joint are springs in series. Over a linear taper from ρ w
    to w the integral is ℓ ln(1/ρ) / (w (1 - ρ)).

    Args:
        widths_mm: of the middle, (…, n_bonds).
        lengths_mm: from node to node, (n_bonds,).
        fabrication: joints and tapers.
        edge_error_mm: by how much the print is wider everywhere than drawn.

    >>> shape = Fabrication(
    ...     thickness_mm=2.0, width_min_mm=1.5, width_max_mm=2.5, width_initial_mm=2.0
    ... )
    >>> softer = series_integral(np.array([2.0]), np.array([16.0]), shape) / (16.0 / 2.0)
    >>> softer.round(3)
    array([1.298])
    """
    ratio, joint = fabrication.joint_ratio, 2 * fabrication.joint_length_mm
    taper = 2 * fabrication.taper_length_mm
    widest, narrowest = widths_mm + edge_error_mm, ratio * widths_mm + edge_error_mm
    step = widest - narrowest
    # ln(1 + x) / x, which is 1 where there is no step.
    x = step / narrowest
    logarithm = np.where(x > 0, np.log1p(x) / np.where(x > 0, x, 1.0), 1.0) / narrowest
    middle = lengths_mm - joint - taper
    total: FloatArray = joint / narrowest + taper * logarithm + middle / widest
    return total


def edge_weight(
    widths_mm: FloatArray, lengths_mm: FloatArray, fabrication: Fabrication
) -> FloatArray:
    """Return η = d ln k / d ln w of an error of the edges: it acts as η times that of the middle.

    1 for a plain bar, more with thinned joints, of which the same error is a larger share. The
    derivative of `series_integral` by central differences.

    Args:
        widths_mm: of the middle, (…, n_bonds).
        lengths_mm: from node to node, (n_bonds,).
        fabrication: joints and tapers.
    """
    step = 1e-4 * fabrication.joint_ratio * widths_mm
    thinner, wider = (
        series_integral(widths_mm, lengths_mm, fabrication, sign * step) for sign in (-1.0, 1.0)
    )
    weight: FloatArray = widths_mm * np.log(thinner / wider) / (2 * step)
    return weight
