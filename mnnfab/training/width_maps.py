"""Width maps: they keep the widths within printable limits during training.

The optimiser works on a dimensionless latent value z for each bond; the map converts it to a
width. The widths of a part are those of the map, rounded by `part_widths`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy import sparse
from scipy.special import expit, logit

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.io.short_repr import short_repr

#: Smallest distance of start widths of the logistic map from a limit, as a fraction of the range.
FROM_A_LIMIT = 1e-3
#: Decimals of the trained widths of a part, in mm: they are rounded to 1e-9 mm. The last bits of a
#: training depend on the BLAS kernels, that is, on the processor; the rounded widths, and all
#: files made of them, do not.
WIDTH_DECIMALS = 9


class WidthMap(Protocol):
    """Map between latent values and widths."""

    @property
    def width_min_mm(self) -> float:
        """Lower limit of the widths."""
        ...

    @property
    def width_max_mm(self) -> float:
        """Upper limit of the widths."""
        ...

    def widths(self, latent: FloatArray) -> FloatArray:
        """Return widths, (n_bonds,) mm."""
        ...

    def derivative(self, latent: FloatArray) -> FloatArray:
        """Return d width / d latent, (n_bonds,) mm."""
        ...

    def latent(self, widths: FloatArray) -> FloatArray:
        """Return the latent values of `widths`, (n_bonds,)."""
        ...

    def project(self, latent: FloatArray) -> FloatArray:
        """Return the nearest admissible latent values, (n_bonds,)."""
        ...

    @property
    def latent_limits(self) -> tuple[float | None, float | None]:
        """Lower and upper limit of the latent values; None for no limit."""
        ...

    def random_latent(self, generator: np.random.Generator, n_bonds: int) -> FloatArray:
        """Return latent values of random start widths, (n_bonds,)."""
        ...

    def pulled_back(self, slopes: FloatArray) -> FloatArray:
        """Return the gradient in the latent values from slopes, (n_bonds,).

        Args:
            slopes: derivative in each width, times `derivative`, (n_bonds,).
        """
        ...

    def clamped(self, limits_mm: tuple[float, float]) -> WidthMap:
        """Return the linear map with other limits, and the same bonds of one width."""
        ...


def part_widths(width_map: WidthMap, latent: FloatArray) -> FloatArray:
    """Return the widths of a part, of the shape of `latent`, mm: rounded, then within the limits.

    All widths of parts that are made from latent values come from here.

    >>> part_widths(Clamp(4 / 3, 2.5), np.array([0.0, 0.1, 1.0])).tolist()
    [1.3333333333333333, 1.45, 2.5]
    """
    rounded = width_map.widths(latent).round(WIDTH_DECIMALS)
    return frozen_floats(np.clip(rounded, width_map.width_min_mm, width_map.width_max_mm))


@dataclass(frozen=True)
class Clamp:
    """Linear map with projection onto the limits.

    w = w_min + (w_max - w_min) z with z projected onto 0 … 1.
    """

    width_min_mm: float
    width_max_mm: float

    def widths(self, latent: FloatArray) -> FloatArray:
        """Return w(z), (n_bonds,) mm."""
        return self.width_min_mm + (self.width_max_mm - self.width_min_mm) * latent

    def derivative(self, latent: FloatArray) -> FloatArray:
        """Return dw/dz, which is constant, (n_bonds,) mm."""
        return np.full(latent.shape, self.width_max_mm - self.width_min_mm)

    def latent(self, widths: FloatArray) -> FloatArray:
        """Return z(w), (n_bonds,)."""
        return (widths - self.width_min_mm) / (self.width_max_mm - self.width_min_mm)

    def project(self, latent: FloatArray) -> FloatArray:
        """Return z projected onto 0 … 1."""
        return np.minimum(np.maximum(latent, 0.0), 1.0)

    @property
    def latent_limits(self) -> tuple[float, float]:
        """Limits of z: 0 and 1."""
        return 0.0, 1.0

    def random_latent(self, generator: np.random.Generator, n_bonds: int) -> FloatArray:
        """Return z of widths uniformly distributed over the range, (n_bonds,)."""
        return generator.uniform(size=n_bonds)

    def pulled_back(self, slopes: FloatArray) -> FloatArray:
        """Return the slopes: each width is a function of its own latent value."""
        return slopes

    def clamped(self, limits_mm: tuple[float, float]) -> Clamp:
        """Return the linear map with other limits."""
        return Clamp(*limits_mm)


@dataclass(frozen=True)
class Logistic:
    """Logistic map, w = w_min + (w_max - w_min) / (1 + exp(-s z)).

    Args:
        width_min_mm: lower limit, an asymptote.
        width_max_mm: upper limit, an asymptote.
        sharpness: s; the derivative dw/dz at z = 0 is s / 4 times the range. The paper uses 10 for
            behaviours and regression and 5 for classification.
    """

    width_min_mm: float
    width_max_mm: float
    sharpness: float

    def widths(self, latent: FloatArray) -> FloatArray:
        """Return w(z), (n_bonds,) mm."""
        share = expit(self.sharpness * latent)
        return self.width_min_mm + (self.width_max_mm - self.width_min_mm) * share

    def derivative(self, latent: FloatArray) -> FloatArray:
        """Return dw/dz, (n_bonds,) mm."""
        share = expit(self.sharpness * latent)
        return (self.width_max_mm - self.width_min_mm) * self.sharpness * share * (1.0 - share)

    def latent(self, widths: FloatArray) -> FloatArray:
        """Return z(w), (n_bonds,).

        z is infinite at a limit. Widths are therefore clipped to a thousandth of the range
        inside the limits, where training can still change them.
        """
        share = (widths - self.width_min_mm) / (self.width_max_mm - self.width_min_mm)
        return logit(np.clip(share, FROM_A_LIMIT, 1.0 - FROM_A_LIMIT)) / self.sharpness

    def project(self, latent: FloatArray) -> FloatArray:
        """Return z unchanged: all values are admissible."""
        return latent

    @property
    def latent_limits(self) -> tuple[None, None]:
        """Limits of z: none."""
        return None, None

    def random_latent(self, generator: np.random.Generator, n_bonds: int) -> FloatArray:
        """Return z of widths uniformly distributed over the inner 90 % of the range, (n_bonds,).

        Closer to the limits the derivative of the map is too small for training to leave them.
        """
        share: FloatArray = logit(generator.uniform(0.05, 0.95, n_bonds))
        return share / self.sharpness

    def pulled_back(self, slopes: FloatArray) -> FloatArray:
        """Return the slopes: each width is a function of its own latent value."""
        return slopes

    def clamped(self, limits_mm: tuple[float, float]) -> Clamp:
        """Return the linear map with other limits."""
        return Clamp(*limits_mm)


@dataclass(frozen=True, eq=False)
class Tied:
    """A map with which the bonds of a class have one width: that of their mean latent value.

    Args:
        base: map of single bonds.
        classes: class of each bond, (n_bonds,), counted from 0.
    """

    base: WidthMap
    classes: IntArray

    __repr__ = short_repr

    @property
    def width_min_mm(self) -> float:
        """Lower limit of the widths."""
        return self.base.width_min_mm

    @property
    def width_max_mm(self) -> float:
        """Upper limit of the widths."""
        return self.base.width_max_mm

    @cached_property
    def _averaging(self) -> sparse.csr_array:
        """The mean over the class of each bond, a symmetric matrix, (n_bonds, n_bonds)."""
        n_bonds = len(self.classes)
        entries = np.ones(n_bonds), (np.arange(n_bonds), self.classes)
        members = sparse.csr_array(sparse.coo_array(entries))
        sizes = np.bincount(self.classes)
        return sparse.csr_array(members @ sparse.diags_array(1.0 / sizes) @ members.T)

    def tied(self, values: FloatArray) -> FloatArray:
        """Return values with the mean of their class, (…, n_bonds)."""
        rows = values.reshape(-1, values.shape[-1])
        means: FloatArray = np.asarray((self._averaging @ rows.T).T)
        return means.reshape(values.shape)

    def widths(self, latent: FloatArray) -> FloatArray:
        """Return widths, (n_bonds,) mm."""
        return self.base.widths(self.tied(latent))

    def derivative(self, latent: FloatArray) -> FloatArray:
        """Return d width / d mean latent value, (n_bonds,) mm."""
        return self.base.derivative(self.tied(latent))

    def latent(self, widths: FloatArray) -> FloatArray:
        """Return the latent values of `widths`, (n_bonds,), with the mean of their class."""
        return self.tied(self.base.latent(widths))

    def project(self, latent: FloatArray) -> FloatArray:
        """Return the nearest admissible latent values, (n_bonds,)."""
        return self.base.project(latent)

    @property
    def latent_limits(self) -> tuple[float | None, float | None]:
        """Lower and upper limit of the latent values; None for no limit."""
        return self.base.latent_limits

    def random_latent(self, generator: np.random.Generator, n_bonds: int) -> FloatArray:
        """Return latent values of random start widths, one for each class, (n_bonds,)."""
        return self.base.random_latent(generator, n_bonds)[self.classes]

    def pulled_back(self, slopes: FloatArray) -> FloatArray:
        """Return the gradient in the latent values: the means of the slopes of each class."""
        return self.tied(slopes)

    def clamped(self, limits_mm: tuple[float, float]) -> Tied:
        """Return the linear map with other limits, and the same bonds of one width."""
        return Tied(self.base.clamped(limits_mm), self.classes)
