"""Stiffness laws: spring constant k(w) of a bond as a function of its width, used in training."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.design.fabrication import Fabrication
from mnnfab.io.short_repr import short_repr
from mnnfab.model.bars import stiffness_per_width
from mnnfab.model.joints import series_integral
from mnnfab.network.network import Network

LawName = Literal["bar", "series", "calibrated"]


@dataclass(frozen=True, eq=False)
class StiffnessLaw:
    """Stiffness of every bond as a polynomial of its width without constant term.

    k(w) = c₁ w + c₂ w² + …, so that k(0) = 0.

    Args:
        name: "bar" (E w t / a), "series" (with thinned joints) or "calibrated" (the series law,
            calibrated on continuum models).
        coefficients: c₁, c₂, … of each bond, (n_bonds, degree) N/mm per power of mm.
    """

    name: LawName
    coefficients: FloatArray
    _powers: tuple[FloatArray, ...] = field(init=False, repr=False)
    _derivative_powers: tuple[FloatArray, ...] = field(init=False, repr=False)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Freeze the coefficients and store them by power for Horner's rule."""
        object.__setattr__(self, "coefficients", frozen_floats(self.coefficients))
        powers = tuple(frozen_floats(column) for column in self.coefficients.T)
        derivatives = tuple(frozen_floats((p + 1) * column) for p, column in enumerate(powers))
        object.__setattr__(self, "_powers", powers)
        object.__setattr__(self, "_derivative_powers", derivatives)

    def stiffness(self, widths_mm: FloatArray) -> FloatArray:
        """Return k, (…, n_bonds) N/mm, of widths of the same shape."""
        *lower, value = self._powers
        for coefficient in reversed(lower):
            value = value * widths_mm + coefficient
        return value * widths_mm

    def derivative(self, widths_mm: FloatArray) -> FloatArray:
        """Return dk/dw, N/mm², with a shape that broadcasts against the widths, (…, n_bonds)."""
        *lower, value = self._derivative_powers
        for coefficient in reversed(lower):
            value = value * widths_mm + coefficient
        return value

    def softened(self, factor: float) -> StiffnessLaw:
        """Return the law divided by a factor, by which all displacements are multiplied."""
        return replace(self, coefficients=self.coefficients / factor)


@dataclass(frozen=True)
class Calibration:
    """Compliance ratio of bonds in the continuum model to springs in series, by width.

    Args:
        widths_mm: widths of the uniform networks that were solved.
        softening: displacements of each network in the continuum model divided by those with
            the series law.
    """

    widths_mm: tuple[float, ...]
    softening: tuple[float, ...]


def bar_law(network: Network, youngs_modulus_MPa: float, thickness_mm: float) -> StiffnessLaw:
    """Return the law of plain bars, k = E w t / a."""
    per_width = stiffness_per_width(network, youngs_modulus_MPa, thickness_mm)
    return StiffnessLaw("bar", per_width[:, None])


def series_law(
    network: Network, youngs_modulus_MPa: float, fabrication: Fabrication
) -> StiffnessLaw:
    """Return the law of bonds with thinned joints, k = E t / ∫ ds / w(s).

    The widths of joint, taper and middle are proportional, so k is proportional to the width.
    """
    integral = series_integral(np.ones(network.n_bonds), network.lengths, fabrication)
    per_width = youngs_modulus_MPa * fabrication.thickness_mm / integral
    return StiffnessLaw("series", per_width[:, None])


def calibrated_law(series: StiffnessLaw, calibration: Calibration) -> StiffnessLaw:
    """Return the series law divided by the compliance ratio of the calibration.

    The reciprocal of the compliance ratio is interpolated by a polynomial through the calibration
    widths, so the degree of the law is the number of widths.
    """
    stiffening = 1 / np.array(calibration.softening)
    powers = np.vander(calibration.widths_mm, increasing=True)
    factors = np.linalg.solve(powers, stiffening)
    return StiffnessLaw("calibrated", series.coefficients * factors)
