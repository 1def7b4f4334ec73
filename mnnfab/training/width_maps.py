"""Width maps: how widths stay within what can be printed while they are trained.

The optimiser works on a latent value z for each bond, without unit or limit; a
map turns it into a width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit, logit

from mnnfab.arrays import FloatArray

#: How far inside of a limit the logistic map starts at the least, as a share of the range.
FROM_A_LIMIT = 1e-3


class WidthMap(Protocol):
    """Latent values to widths and back."""

    def widths(self, latent: FloatArray) -> FloatArray:
        """Return widths, (n_bonds,) mm."""
        ...

    def slope(self, latent: FloatArray) -> FloatArray:
        """Return d width / d latent, (n_bonds,) mm."""
        ...

    def latent(self, widths: FloatArray) -> FloatArray:
        """Return the latent values of `widths`, (n_bonds,)."""
        ...

    def project(self, latent: FloatArray) -> FloatArray:
        """Return the nearest latent values that are allowed, (n_bonds,)."""
        ...

    @property
    def latent_limits(self) -> tuple[float | None, float | None]:
        """Least and greatest latent value, if there are any."""
        ...

    def random_latent(self, generator: np.random.Generator, n_bonds: int) -> FloatArray:
        """Return latent values of random widths to start from, (n_bonds,)."""
        ...


@dataclass(frozen=True)
class Clamp:
    """Widths follow z in a straight line and stop at the limits: projected steps.

    w = w_min + (w_max - w_min) z with z held within 0 … 1.
    """

    width_min_mm: float
    width_max_mm: float

    def widths(self, latent: FloatArray) -> FloatArray:
        """Return w(z), (n_bonds,) mm."""
        return self.width_min_mm + (self.width_max_mm - self.width_min_mm) * latent

    def slope(self, latent: FloatArray) -> FloatArray:
        """Return dw/dz, the same everywhere, (n_bonds,) mm."""
        return np.full_like(latent, self.width_max_mm - self.width_min_mm)

    def latent(self, widths: FloatArray) -> FloatArray:
        """Return z(w), (n_bonds,)."""
        return (widths - self.width_min_mm) / (self.width_max_mm - self.width_min_mm)

    def project(self, latent: FloatArray) -> FloatArray:
        """Return z moved to 0 or 1 where it left that range."""
        return np.minimum(np.maximum(latent, 0.0), 1.0)

    @property
    def latent_limits(self) -> tuple[float, float]:
        """0 and 1."""
        return 0.0, 1.0

    def random_latent(self, generator: np.random.Generator, n_bonds: int) -> FloatArray:
        """Return z of widths spread evenly over the range, (n_bonds,)."""
        return generator.uniform(size=n_bonds)


@dataclass(frozen=True)
class Logistic:
    """Widths approach the limits smoothly: w = w_min + (w_max - w_min) / (1 + exp(-s z)).

    Args:
        width_min_mm: lower limit, approached and never reached.
        width_max_mm: upper limit.
        sharpness: s, the slope at the middle in quarters of the range; the paper
            uses 10 for behaviours and regression and 5 for classification.
    """

    width_min_mm: float
    width_max_mm: float
    sharpness: float

    def widths(self, latent: FloatArray) -> FloatArray:
        """Return w(z), (n_bonds,) mm."""
        share = expit(self.sharpness * latent)
        return self.width_min_mm + (self.width_max_mm - self.width_min_mm) * share

    def slope(self, latent: FloatArray) -> FloatArray:
        """Return dw/dz, (n_bonds,) mm."""
        share = expit(self.sharpness * latent)
        return (self.width_max_mm - self.width_min_mm) * self.sharpness * share * (1.0 - share)

    def latent(self, widths: FloatArray) -> FloatArray:
        """Return z(w), (n_bonds,).

        A limit, whose z would be infinite, is taken for a place a thousandth of the range
        inside of it, which training can still leave.
        """
        share = (widths - self.width_min_mm) / (self.width_max_mm - self.width_min_mm)
        return logit(np.clip(share, FROM_A_LIMIT, 1.0 - FROM_A_LIMIT)) / self.sharpness

    def project(self, latent: FloatArray) -> FloatArray:
        """Return z as it is: every value is allowed."""
        return latent

    @property
    def latent_limits(self) -> tuple[None, None]:
        """None."""
        return None, None

    def random_latent(self, generator: np.random.Generator, n_bonds: int) -> FloatArray:
        """Return z of widths spread evenly over the inner nine tenths of the range, (n_bonds,).

        Nearer the limits the map is so flat that training would hardly leave them.
        """
        share: FloatArray = logit(generator.uniform(0.05, 0.95, n_bonds))
        return share / self.sharpness
