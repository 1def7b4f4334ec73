"""Creep: growth of displacements per decade of time under load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from mnnfab.arrays import FloatArray

#: Reference time of amplitudes (s).
REFERENCE_S = 60.0
#: Smallest ratio of times from which a slope is fitted.
MIN_TIME_RATIO = 2.0


@dataclass(frozen=True)
class Creep:
    """Logarithmic creep law: amplitudes grow as 1 + slope · log10(t / 60 s).

    Args:
        slope: share of the amplitude at 60 s, per decade of time.
        half_width: half-width of its 95 % interval.
        n_readings: number of readings.
        mean_s: geometric mean of the times of all readings.
    """

    slope: float
    half_width: float
    n_readings: int
    mean_s: float

    def growth(self, times_s: FloatArray) -> FloatArray:
        """Return the ratio of amplitudes at given times to those at 60 s; 1 for unknown times."""
        known = np.isfinite(times_s) & (times_s > 0)
        decades = np.log10(np.where(known, times_s, REFERENCE_S) / REFERENCE_S)
        growth: FloatArray = 1 + self.slope * decades
        return growth


def fit_creep(amplitudes: FloatArray, series: FloatArray, times_s: FloatArray) -> Creep | None:
    """Fit one slope to several series of readings with different amplitudes.

    Args:
        amplitudes: (n,), in any unit.
        series: label of the series of each reading, (n,).
        times_s: time since the weight was applied, (n,); NaN if not known.

    Returns:
        The slope; None if the times do not determine one.

    >>> t = np.array([6.0, 60.0, 600.0, 6.0, 60.0, 600.0])
    >>> one = fit_creep(np.array([0.97, 1.0, 1.03, 1.94, 2.0, 2.06]), np.repeat([0, 1], 3), t)
    >>> round(one.slope, 6)
    0.03
    """
    known = np.isfinite(times_s) & (times_s > 0)
    amplitudes, series, times = amplitudes[known], series[known], times_s[known]
    if not len(times):
        return None
    decades = np.log10(times / REFERENCE_S)
    names = np.unique(series)
    # Errors are proportional to the amplitude, so amplitudes are normalised by series.
    means = {name: amplitudes[series == name].mean() for name in names.tolist()}
    amplitudes = amplitudes / np.array([means[name] for name in series.tolist()])
    spans = [np.ptp(decades[series == name]) for name in names]
    if max(spans) < np.log10(MIN_TIME_RATIO):
        return None
    design = (series[:, None] == names).astype(float)
    # a_s (1 + c x) is linear in a_s and in c, so both are fitted alternately.
    slope = 0.0
    for _ in range(20):
        growth = 1 + slope * decades
        coefficients = np.linalg.lstsq(design * growth[:, None], amplitudes, rcond=None)[0]
        fitted = design @ coefficients
        sensitivity = fitted * decades
        residual = amplitudes - fitted
        # Component of the lever orthogonal to the amplitudes.
        projected_sensitivity = (
            sensitivity - design @ np.linalg.lstsq(design, sensitivity, rcond=None)[0]
        )
        slope = float(
            projected_sensitivity @ residual / (projected_sensitivity @ projected_sensitivity)
        )
    n_free = len(times) - len(names) - 1
    if n_free < 1:
        return None
    residual = amplitudes - fitted * (1 + slope * decades)
    sd = np.sqrt(
        float(residual @ residual) / n_free / float(projected_sensitivity @ projected_sensitivity)
    )
    half_width = float(stats.t.ppf(0.975, n_free)) * float(sd)
    mean = float(np.exp(np.log(times).mean()))
    return Creep(slope, half_width, len(times), mean)
