"""Effective moduli of a periodic network as a sheet in plane stress, by direction.

The strains are ε_xx, ε_yy and γ_xy = 2 ε_xy. The stiffness matrix C gives the mean stress of a cell
over its area and thickness, σ = C ε; its inverse is the compliance matrix S, in which
E_x = 1/S_11, ν_xy = -S_21/S_11 and G_xy = 1/S_33.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.design.modulus_section import Quantity
from mnnfab.io.short_repr import short_repr


@dataclass(frozen=True, eq=False)
class Moduli:
    """Effective moduli.

    Args:
        stiffness_MPa: C, (3, 3), symmetric and positive definite.
    """

    stiffness_MPa: FloatArray

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Make the matrix read-only."""
        object.__setattr__(self, "stiffness_MPa", frozen_floats(self.stiffness_MPa))

    @property
    def compliance(self) -> FloatArray:
        """S, (3, 3) per MPa."""
        compliance: FloatArray = np.asarray(np.linalg.inv(self.stiffness_MPa), dtype=np.float64)
        return compliance

    def youngs_modulus(self, direction_deg: float = 0.0) -> float:
        """Return Young's modulus along a direction, counter-clockwise from x, MPa."""
        return 1.0 / float(self._turned(direction_deg)[0, 0])

    def poisson_ratio(self, direction_deg: float = 0.0) -> float:
        """Return minus the strain across a direction over the strain along it, pulled along it."""
        turned = self._turned(direction_deg)
        return -float(turned[1, 0] / turned[0, 0])

    def shear_modulus(self, direction_deg: float = 0.0) -> float:
        """Return the shear modulus of a direction and the one across it, MPa."""
        return 1.0 / float(self._turned(direction_deg)[2, 2])

    def value(self, quantity: Quantity, direction_deg: float = 0.0) -> float:
        """Return a modulus, MPa, or Poisson's ratio."""
        of: dict[Quantity, Callable[[float], float]] = {
            "youngs-modulus": self.youngs_modulus,
            "poisson-ratio": self.poisson_ratio,
            "shear-modulus": self.shear_modulus,
        }
        return of[quantity](direction_deg)

    def gradient(self, quantity: Quantity, direction_deg: float = 0.0) -> FloatArray:
        """Return the derivative of a value in the entries of C, (3, 3).

        dS = -S dC S, and all values are functions of the turned S.
        """
        turn = strain_rotation(direction_deg)
        turned = self._turned(direction_deg)
        slopes = np.zeros((3, 3))
        if quantity == "poisson-ratio":
            slopes[1, 0] = -1.0 / turned[0, 0]
            slopes[0, 0] = turned[1, 0] / turned[0, 0] ** 2
        else:
            place = 0 if quantity == "youngs-modulus" else 2
            slopes[place, place] = -1.0 / turned[place, place] ** 2
        by_compliance = turn.T @ slopes @ turn
        found: FloatArray = -self.compliance @ by_compliance @ self.compliance
        return (found + found.T) / 2

    def anisotropy(self, n_directions: int = 180) -> float:
        """Return the largest Young's modulus of all directions over the smallest."""
        angles = np.arange(n_directions) * 180.0 / n_directions
        values = [self.youngs_modulus(float(angle)) for angle in angles]
        return max(values) / min(values)

    def _turned(self, direction_deg: float) -> FloatArray:
        """Return S in axes of which the first has the direction, (3, 3) per MPa."""
        turn = strain_rotation(direction_deg)
        turned: FloatArray = turn @ self.compliance @ turn.T
        return turned


def strain_rotation(direction_deg: float) -> FloatArray:
    """Return the matrix from (ε_xx, ε_yy, γ_xy) to the strains in turned axes, (3, 3).

    Its transpose turns stresses back, so S in turned axes is T S Tᵀ.
    """
    c, s = math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))
    return np.array(
        [[c * c, s * s, c * s], [s * s, c * c, -c * s], [-2 * c * s, 2 * c * s, c * c - s * s]]
    )
