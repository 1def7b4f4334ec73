"""Probability that the largest of some readings with an error is the right one.

All lengths are in units of the standard deviation of a reading. A reading r of an output of the
displacement a has a folded normal distribution. All others must be below the reading of the right
output c:

    P = ∫ f(r, a_c) Π_j G(r, a_j) dr over r > 0,
    f = φ(r - a) + φ(r + a),   G = Φ(r - a) - Φ(-r - a).

With signs, f = φ(r - a) and G = Φ(r - a), and r is any number.

The integrand is evaluated by its logarithm around its maximum, so that samples far on the wrong
side have their probabilities and slopes too.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr, logsumexp

from mnnfab.arrays import FloatArray, IntArray

#: Points of the integral, and its range on both sides of the maximum of the integrand.
POINTS, RANGE = 96, 9.0
#: Bisections of the maximum, which leave less than 0.1 standard deviations up to 1e5.
BISECTIONS = 20
#: Smallest reading: the integrand has a logarithm there.
SMALLEST = 1e-12
_LOG_ROOT = 0.5 * np.log(2 * np.pi)


class LogProbabilities(NamedTuple):
    """Logarithms of the probabilities of right readings.

    Args:
        values: log P of each sample, (n_samples,).
        slopes: derivatives in the displacements a, (n_samples, n_out).
    """

    values: FloatArray
    slopes: FloatArray


def log_probabilities(sizes: FloatArray, right: IntArray) -> LogProbabilities:
    """Return the logarithms of the probabilities that the right output has the largest reading.

    Args:
        sizes: |displacement| of each output over the standard deviation, (n_samples, n_out).
        right: right output of each sample, (n_samples,).
    """
    rows = np.arange(len(sizes))
    own = sizes[rows, right]
    others = np.arange(sizes.shape[1]) != right[:, None]
    knots, weights = _quadrature()
    centre = _maxima(sizes, own, others)
    low, high = np.maximum(centre - RANGE, 0.0), centre + RANGE
    half = ((high - low) / 2)[:, None]
    readings = np.maximum(low[:, None] + half * (knots + 1), SMALLEST)

    mean = own[:, None]
    logarithms = np.log(half * weights) - (readings - mean) ** 2 / 2 - _LOG_ROOT
    logarithms += np.log1p(np.exp(-2 * readings * mean))
    slopes_below = np.empty((*sizes.shape, POINTS))
    for output in range(sizes.shape[1]):
        below, slopes_below[:, output] = _below(readings, sizes[:, output, None])
        logarithms += np.where(others[:, output, None], below, 0.0)
    values = logsumexp(logarithms, axis=1)
    shares = np.exp(logarithms - values[:, None])
    slopes = np.where(others, np.vecdot(slopes_below, shares[:, None, :]), 0.0)
    slopes[rows, right] = np.vecdot(shares, readings * np.tanh(readings * mean) - mean)
    return LogProbabilities(values, slopes)


def signed_log_probabilities(outputs: FloatArray, right: IntArray) -> LogProbabilities:
    """Return the logarithms of the probabilities that the right output has the largest reading.

    Readings have signs.

    Args:
        outputs: displacement of each output over the standard deviation, (n_samples, n_out).
        right: right output of each sample, (n_samples,).
    """
    rows = np.arange(len(outputs))
    own = outputs[rows, right]
    others = np.arange(outputs.shape[1]) != right[:, None]
    knots, weights = _quadrature()
    readings = _maxima(outputs, own, others)[:, None] + RANGE * knots
    from_own = readings - own[:, None]
    logarithms = np.log(RANGE * weights) - from_own**2 / 2 - _LOG_ROOT
    rates = np.empty((*outputs.shape, POINTS))
    for output in range(outputs.shape[1]):
        distances = readings - outputs[:, output, None]
        below = log_ndtr(distances)
        logarithms += np.where(others[:, output, None], below, 0.0)
        rates[:, output] = np.exp(-(distances**2) / 2 - _LOG_ROOT - below)
    values = logsumexp(logarithms, axis=1)
    shares = np.exp(logarithms - values[:, None])
    slopes = np.where(others, -np.vecdot(rates, shares[:, None, :]), 0.0)
    slopes[rows, right] = np.vecdot(shares, from_own)
    return LogProbabilities(values, slopes)


@cache
def _quadrature() -> tuple[FloatArray, FloatArray]:
    """Return the points from -1 to 1 and weights of Gauss and Legendre."""
    return np.polynomial.legendre.leggauss(POINTS)


def _below(readings: FloatArray, size: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return log G and its derivative in a."""
    near, far = log_ndtr(readings - size), log_ndtr(-readings - size)
    below = near + np.log(-np.expm1(far - near))
    density = np.exp(-((readings - size) ** 2) / 2 - _LOG_ROOT - below)
    return below, density * np.expm1(-2 * readings * size)


def _maxima(sizes: FloatArray, own: FloatArray, others: np.ndarray) -> FloatArray:
    """Return about where each integrand is largest, (n_samples,), by the slope of its logarithm.

    That of readings with signs is used for both.
    """
    low, high = own.copy(), np.maximum(own, sizes.max(axis=1)) + 3.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        distances = middle[:, None] - sizes
        rates = np.exp(-(distances**2) / 2 - _LOG_ROOT - log_ndtr(distances))
        rising = np.where(others, rates, 0.0).sum(axis=1) > middle - own
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    maxima: FloatArray = (low + high) / 2
    return maxima
