"""Bands: targets with tolerances, one-sided targets, and ratios of outputs.

A measure of a sample is the displacement of an output or the ratio of two of them. Its band is an
interval from `low` to `high`, of which one end may be infinite, and a tolerance: the target is met
if the measure is at most one tolerance outside of the interval. A weight of 0 makes it free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.io.short_repr import short_repr

Ratios = tuple[tuple[int, int], ...]
"""Outputs above and below the line of each ratio."""


@dataclass(frozen=True, eq=False)
class Bands:
    """Bands of the measures of some samples; arrays (n_samples, n_measures).

    Args:
        low: lower ends; -inf if there is none.
        high: upper ends; inf if there is none.
        tolerance: deviation from the interval that is allowed, positive.
        weight: weight of each target in the loss; 0 if the measure is free.
    """

    low: FloatArray
    high: FloatArray
    tolerance: FloatArray
    weight: FloatArray

    __repr__ = short_repr

    @property
    def as_targets(self) -> FloatArray:
        """The bands as the targets of a task, (n_samples, 4 n_measures); see `bands_of`."""
        return np.hstack([self.low, self.high, self.tolerance, self.weight])

    @property
    def given(self) -> np.ndarray:
        """Whether each measure has a target."""
        given: np.ndarray = self.weight > 0
        return given

    def take(self, samples: IntArray | slice) -> Bands:
        """Return the bands of some samples."""
        parts = (self.low, self.high, self.tolerance, self.weight)
        return Bands(*(part[samples] for part in parts))

    def times(self, factor: float) -> Bands:
        """Return the bands in another unit."""
        return Bands(self.low * factor, self.high * factor, self.tolerance * factor, self.weight)

    def excess(self, measures: FloatArray) -> FloatArray:
        """Return by how much measures are outside of their intervals, with the sign; 0 if free."""
        outside = measures - np.clip(measures, self.low, self.high)
        return np.where(self.given, outside, 0.0)

    def deviations(self, measures: FloatArray) -> FloatArray:
        """Return the deviations of measures in tolerances; a target is met at 1 or less."""
        deviations: FloatArray = np.abs(self.excess(measures)) / self.tolerance
        return deviations

    def read_moments(self, measures: FloatArray, sd: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the means of the second and fourth powers of deviations as they are read.

        A reading is normal about its measure. With z = (m - a)/s, the excess below an end a has
        E[x²] = s² ((1 + z²) Φ(-z) - z φ(z)) and
        E[x⁴] = s⁴ ((3 + 6 z² + z⁴) Φ(-z) - (5 z + z³) φ(z)).

        Args:
            measures: measures, (n_samples, n_measures).
            sd: standard deviation of the readings of the measures, above 0.

        Returns:
            Both means in tolerances, (n_samples, n_measures).
        """
        second, fourth = np.zeros(self.low.shape), np.zeros(self.low.shape)
        with np.errstate(invalid="ignore", over="ignore"):
            for z in ((measures - self.low) / sd, (self.high - measures) / sd):
                tail, density = ndtr(-z), np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
                near = np.isfinite(z)
                second += np.where(near, (1 + z**2) * tail - z * density, 0.0)
                fourth += np.where(
                    near, (3 + 6 * z**2 + z**4) * tail - (5 * z + z**3) * density, 0.0
                )
        share = np.where(self.given, sd / self.tolerance, 0.0)
        # Far inside, the difference of both terms is rounding.
        return share**2 * np.maximum(second, 0.0), share**4 * np.maximum(fourth, 0.0)

    def scaled(self, factor: float, n_outputs: int) -> Bands:
        """Return the bands with those of the displacements, the first measures, times a factor."""
        factors = np.ones(self.low.shape[1])
        factors[:n_outputs] = factor
        scaled = (self.low * factors, self.high * factors, self.tolerance * factors)
        return Bands(*scaled, self.weight)


def bands_of(targets: FloatArray) -> Bands:
    """Return the bands of the targets of a task, (n_samples, 4 n_measures)."""
    return Bands(*np.split(targets, 4, axis=1))


def measures_of(displacements: FloatArray, ratios: Ratios) -> FloatArray:
    """Return displacements and ratios, (n_samples, n_out + n_ratios); inf or NaN for x / 0."""
    if not ratios:
        return displacements
    above, below = np.array(ratios).T
    with np.errstate(divide="ignore", invalid="ignore"):
        found = displacements[:, above] / displacements[:, below]
    return np.hstack([displacements, found])


def displacement_slopes(
    displacements: FloatArray, slopes: FloatArray, ratios: Ratios
) -> FloatArray:
    """Return derivatives in displacements, (n_samples, n_out), from those in the measures."""
    n_out = displacements.shape[1]
    found: FloatArray = slopes[:, :n_out].copy()
    for column, (above, below) in enumerate(ratios, start=n_out):
        own, divisor = slopes[:, column], displacements[:, below]
        used = own != 0
        found[used, above] += own[used] / divisor[used]
        change = own[used] * displacements[used, above] / divisor[used] ** 2
        found[used, below] -= change
    return found


def measure_sd(displacements: FloatArray, sd_mm: FloatArray, ratios: Ratios) -> FloatArray:
    """Return the standard deviation of readings of the measures, (n_samples, n_measures).

    Args:
        displacements: displacements of the outputs, (n_samples, n_out) mm.
        sd_mm: standard deviation of the readings of the outputs, (n_out,) mm.
        ratios: the ratios; their errors are those of small relative errors.
    """
    own = np.broadcast_to(sd_mm, displacements.shape)
    if not ratios:
        return own
    above, below = np.array(ratios).T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = displacements[:, above] / displacements[:, below]
        sizes = np.hypot(sd_mm[above], ratio * sd_mm[below]) / np.abs(displacements[:, below])
    return np.hstack([own, sizes])


def band_text(bands: Bands, sample: int, measure: int) -> str | None:
    """Return a target as text, such as "0.5 ± 0.05" or "at least 0.3"; None if it is free."""
    if not bands.given[sample, measure]:
        return None
    low, high, tolerance = (
        float(values[sample, measure]) for values in (bands.low, bands.high, bands.tolerance)
    )
    if low == high:
        return f"{low:.4g} ± {tolerance:.2g}"
    if math.isinf(high):
        return f"at least {low - tolerance:.4g}"
    if math.isinf(low):
        return f"at most {high + tolerance:.4g}"
    return f"{low - tolerance:.4g} to {high + tolerance:.4g}"
