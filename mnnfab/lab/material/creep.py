"""Creep: how much farther a part moves for every tenfold time under load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from mnnfab.arrays import FloatArray

#: The time (s) that amplitudes are told for.
REFERENCE_S = 60.0
#: Times within this factor of each other tell no slope.
LEAST_SPAN = 2.0


@dataclass(frozen=True)
class Creep:
    """Amplitudes grow as 1 + slope · log10(t / 60 s).

    Args:
        slope: share of the amplitude at 60 s, per decade of time.
        half_width: of its 95 % interval.
        n_readings: that it is from.
        mean_s: geometric mean of the times of all readings.
    """

    slope: float
    half_width: float
    n_readings: int
    mean_s: float

    def growth(self, times_s: FloatArray) -> FloatArray:
        """Return amplitudes at some times over those at 60 s; 1 where the time is not known."""
        known = np.isfinite(times_s) & (times_s > 0)
        decades = np.log10(np.where(known, times_s, REFERENCE_S) / REFERENCE_S)
        grown: FloatArray = 1 + self.slope * decades
        return grown


def fit_creep(amplitudes: FloatArray, series: FloatArray, times_s: FloatArray) -> Creep | None:
    """Fit one slope to several series of readings, each with an amplitude of its own.

    Args:
        amplitudes: (n,), of any unit.
        series: which series each is of, (n,).
        times_s: since the weight was hung, (n,); NaN where it is not known.

    Returns:
        The slope; None if times do not tell one.

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
    # Readings err by a share of their amplitude, so series count alike whatever theirs is.
    means = {name: amplitudes[series == name].mean() for name in names.tolist()}
    amplitudes = amplitudes / np.array([means[name] for name in series.tolist()])
    spans = [np.ptp(decades[series == name]) for name in names]
    if max(spans) < np.log10(LEAST_SPAN):
        return None
    design = (series[:, None] == names).astype(float)
    # a_s (1 + c x): linear in a_s and, once a_s is known, in c; two rounds are exact enough.
    slope = 0.0
    for _ in range(20):
        growth = 1 + slope * decades
        sizes = np.linalg.lstsq(design * growth[:, None], amplitudes, rcond=None)[0]
        own = design @ sizes
        lever = own * decades
        left = amplitudes - own
        # The part of the lever that amplitudes cannot take.
        lever_free = lever - design @ np.linalg.lstsq(design, lever, rcond=None)[0]
        slope = float(lever_free @ left / (lever_free @ lever_free))
    n_free = len(times) - len(names) - 1
    if n_free < 1:
        return None
    residual = amplitudes - own * (1 + slope * decades)
    sd = np.sqrt(float(residual @ residual) / n_free / float(lever_free @ lever_free))
    half = float(stats.t.ppf(0.975, n_free)) * float(sd)
    mean = float(np.exp(np.log(times).mean()))
    return Creep(slope, half, len(times), mean)
