"""Stiffness of bonds with thinned joints as springs in series, and its sensitivity to edge errors.

An edge error changes the width of joints, tapers and middle by the same amount.
"""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.fabrication import Fabrication


def series_integral(
    widths_mm: FloatArray,
    lengths_mm: FloatArray,
    fabrication: Fabrication,
    edge_error_mm: FloatArray | float = 0.0,
) -> FloatArray:
    """Return ∫ ds / w(s) along each bond, dimensionless; the stiffness is E t divided by it.

    Joint, taper, middle, taper and joint are springs in series. Over a linear taper from ρ w
    to w the integral is ℓ ln(1/ρ) / (w (1 - ρ)).

    Args:
        widths_mm: widths of the middle, (…, n_bonds).
        lengths_mm: lengths from node to node, (n_bonds,).
        fabrication: joints and tapers.
        edge_error_mm: printed width minus nominal width, constant along the bond.

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
    # ln(1 + x) / x, with the limit 1 at x = 0 (no step).
    x = step / narrowest
    logarithm = np.where(x > 0, np.log1p(x) / np.where(x > 0, x, 1.0), 1.0) / narrowest
    middle = lengths_mm - joint - taper
    total: FloatArray = joint / narrowest + taper * logarithm + middle / widest
    return total


def edge_sensitivity(
    widths_mm: FloatArray, lengths_mm: FloatArray, fabrication: Fabrication
) -> FloatArray:
    """Return η = d ln k / d ln w for an edge error, (…, n_bonds).

    An edge error acts like a width error of a plain bar that is η times as large. η is 1 for a
    plain bar and larger with thinned joints, where the relative error is larger. It is the
    derivative of `series_integral` by central differences.

    Args:
        widths_mm: widths of the middle, (…, n_bonds).
        lengths_mm: lengths from node to node, (n_bonds,).
        fabrication: joints and tapers.
    """
    step = 1e-4 * fabrication.joint_ratio * widths_mm
    thinner, wider = (
        series_integral(widths_mm, lengths_mm, fabrication, sign * step) for sign in (-1.0, 1.0)
    )
    weight: FloatArray = widths_mm * np.log(thinner / wider) / (2 * step)
    return weight
