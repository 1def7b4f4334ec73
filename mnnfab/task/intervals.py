"""Intervals, tolerances and weights of targets that are stated as numbers or texts."""

from __future__ import annotations

import math

from mnnfab.design.case_section import TargetBand

#: Tolerance of a target that states none: a share of the number, and at least this much of a ratio.
TOLERANCE_SHARE, RATIO_TOLERANCE = 0.1, 0.02
#: Largest tolerance of a range, as a share of its width.
RANGE_SHARE = 0.25


def interval(band: TargetBand, least: float, weight: float) -> tuple[float, float, float, float]:
    """Return the interval, the tolerance and the weight of a target.

    The interval of a one-sided target or a range is one tolerance within its ends, so that every
    kind of target is met up to one tolerance from its interval.
    """
    if band.is_free:
        return band.low, band.high, 1.0, 0.0
    ends = [abs(end) for end in (band.low, band.high) if math.isfinite(end)]
    tolerance = band.tolerance or max(TOLERANCE_SHARE * max(ends), least)
    if band.low == band.high:
        return band.low, band.high, tolerance, weight
    if math.isfinite(band.low) and math.isfinite(band.high):
        tolerance = min(tolerance, RANGE_SHARE * (band.high - band.low))
    return band.low + tolerance, band.high - tolerance, tolerance, weight
