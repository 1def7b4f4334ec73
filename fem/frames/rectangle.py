"""Stiffness of rectangular sections."""

from __future__ import annotations

import numpy as np
from scipy.special import zeta

from mnnfab.arrays import FloatArray

#: Timoshenko's shear coefficient of a rectangular section.
SHEAR_COEFFICIENT = 5 / 6
#: Terms of the series of the torsion constant beyond its limit for strips; they fall like
#: exp(-n π a / b), and the first that is left out is below the machine precision.
TORSION_TERMS = 8


def torsion_constant(width_mm: FloatArray, thickness_mm: FloatArray | float) -> FloatArray:
    """Return J of rectangles, mm⁴: torque = G J twist, with Saint-Venant's free warping.

    With the longer side a and the shorter side b, J = β a b³ and

        β = 1/3 - 64 b / (π⁵ a) Σ tanh(n π a / 2 b) / n⁵,   n = 1, 3, 5, …

    (Timoshenko and Goodier, Theory of Elasticity, art. 109): 0.1406 for a square, 0.229 for 2 : 1.

    >>> torsion_constant(np.array([1.0, 2.0]), 1.0).round(4).tolist()
    [0.1406, 0.4574]
    """
    width, thickness = np.broadcast_arrays(np.asarray(width_mm, dtype=float), thickness_mm)
    longer, shorter = np.maximum(width, thickness), np.minimum(width, thickness)
    n = 2.0 * np.arange(TORSION_TERMS) + 1.0
    ratio = (longer / shorter)[..., None]
    strips = 31 / 32 * zeta(5)  # the sum of 1/n⁵
    series = strips - ((1 - np.tanh(n * np.pi * ratio / 2)) / n**5).sum(axis=-1)
    beta = 1 / 3 - 64 / np.pi**5 * (shorter / longer) * series
    constant: FloatArray = beta * longer * shorter**3
    return constant
