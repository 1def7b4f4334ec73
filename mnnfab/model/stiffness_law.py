"""Stiffness laws: the spring constant k(w) of a bond by its width, which training goes by."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.design.design import Fabrication
from mnnfab.model.bars import stiffness_per_width
from mnnfab.model.joints import series_integral
from mnnfab.network.network import Network

LawName = Literal["bar", "series", "calibrated"]


@dataclass(frozen=True, eq=False)
class StiffnessLaw:
    """The stiffness of every bond as a polynomial of its width without constant term.

    k(w) = c₁ w + c₂ w² + …: no width, no stiffness.

    Args:
        name: "bar" (E w t / a), "series" (with thinned joints) or "calibrated" (that, corrected
            on a continuum).
        coefficients: c₁, c₂, … of each bond, (n_bonds, degree) N/mm per power of mm.
    """

    name: LawName
    coefficients: FloatArray
    _powers: tuple[FloatArray, ...] = field(init=False, repr=False)
    _slope_powers: tuple[FloatArray, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Freeze the coefficients, and lay them out by power as Horner's rule wants them."""
        object.__setattr__(self, "coefficients", frozen_floats(self.coefficients))
        powers = tuple(frozen_floats(column) for column in self.coefficients.T)
        slopes = tuple(frozen_floats((p + 1) * column) for p, column in enumerate(powers))
        object.__setattr__(self, "_powers", powers)
        object.__setattr__(self, "_slope_powers", slopes)

    def stiffness(self, widths_mm: FloatArray) -> FloatArray:
        """Return k, (…, n_bonds) N/mm, of widths of that shape."""
        *lower, value = self._powers
        for coefficient in reversed(lower):
            value = value * widths_mm + coefficient
        return value * widths_mm

    def slope(self, widths_mm: FloatArray) -> FloatArray:
        """Return dk/dw, N/mm², in a shape that those of the widths and (n_bonds,) make."""
        *lower, value = self._slope_powers
        for coefficient in reversed(lower):
            value = value * widths_mm + coefficient
        return value

    def softened(self, factor: float) -> StiffnessLaw:
        """Return the law of bonds that are softer by a factor: all displacements grow by it."""
        return replace(self, coefficients=self.coefficients / factor)


@dataclass(frozen=True)
class Calibration:
    """How much softer bonds are in a continuum than springs in series, by their width.

    Args:
        widths_mm: of uniform networks that were solved.
        softening: displacements of each over those of its springs in series.
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

    All widths of a bond are in proportion, so k is too.
    """
    integral = series_integral(np.ones(network.n_bonds), network.lengths, fabrication)
    per_width = youngs_modulus_MPa * fabrication.thickness_mm / integral
    return StiffnessLaw("series", per_width[:, None])


def calibrated_law(series: StiffnessLaw, calibration: Calibration) -> StiffnessLaw:
    """Return the law of springs in series, divided by the softening that was measured.

    One over the softening runs through the widths as a polynomial, so the law has a power
    more for every width.
    """
    stiffening = 1 / np.array(calibration.softening)
    powers = np.vander(calibration.widths_mm, increasing=True)
    factors = np.linalg.solve(powers, stiffening)
    return StiffnessLaw("calibrated", series.coefficients * factors)
