"""Rank of the candidates of a search, by the limits they meet and their metric as read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mnnfab.loaded_part.requirements import MODEL_MARGIN, requirements_of

if TYPE_CHECKING:
    from mnnfab.compensation.record import Candidate, LimitsMet
    from mnnfab.problem.problem import TrainableProblem

#: Order of candidates; those that could not be evaluated have none.
_LEVELS = {None: 0, "not met": 1, "met": 2, "met with margin": 3}


@dataclass(frozen=True)
class CandidateLimits:
    """Limits on the values of a candidate.

    Args:
        stability: smallest load factor of instability.
        strain: largest strain.
        metric: limit of the metric as read.
        better: direction in which the metric improves.
    """

    stability: float
    strain: float
    metric: float
    better: Literal["higher", "lower"]

    def met(self, candidate: Candidate) -> LimitsMet:
        """Return whether an evaluated candidate meets the limits.

        The margin is on stability and strain, which rubber and solid evaluate in the end.
        """
        stability, strain, metric = self._ratios(candidate)
        if min(stability, strain, metric) < 1.0:
            return "not met"
        return "met with margin" if min(stability, strain) >= MODEL_MARGIN else "met"

    def rank(self, candidate: Candidate) -> tuple[int, float, float, float]:
        """Return the rank of a candidate for comparison, larger is better.

        Candidates that meet the limits with margin come before those that meet them, those that do
        not, and refused ones. Those that meet them are compared by their metric as read of the
        training samples to four digits, which is more than the training reproduces, then by
        their loads and mass; those that do not, by the limit that they miss most.
        """
        level = _LEVELS[candidate.limits]
        if level <= 1 or candidate.metric_training is None:
            value = min(self._ratios(candidate)) if level else 0.0
        else:
            value = float(f"{candidate.metric_training:.4g}")
            value = value if self.better == "higher" else -value
        return level, value, -(candidate.load_gf or 0.0), -(candidate.mass_g or 0.0)

    def _ratios(self, candidate: Candidate) -> tuple[float, float, float]:
        """Return stability, strain and metric relative to their limits, at least 1 where met.

        Values that an evaluated candidate does not have are those of its record: no instability,
        and no strain and no metric where a sample is lost.
        """
        stability, metric = candidate.stability, candidate.metric_training
        return (
            math.inf if stability is None else _ratio(stability, self.stability),
            0.0 if candidate.strain is None else _ratio(self.strain, candidate.strain),
            0.0
            if metric is None
            else _ratio(metric, self.metric)
            if self.better == "higher"
            else _ratio(self.metric, metric),
        )


def candidate_limits(problem: TrainableProblem) -> CandidateLimits:
    """Return the limits of a design on the candidates of its search."""
    found = requirements_of(problem)
    limit = found.metric_limit
    assert limit is not None, "a trainable problem has a metric"
    better = problem.task.primary_metric.better
    return CandidateLimits(found.stability, found.strain, limit, better)


def _ratio(value: float, divisor: float) -> float:
    return value / divisor if divisor else math.inf
