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
        training samples, to four digits because equal trainings differ by some millionths, then
        by their loads and mass; those that do not, by the limit that they miss most, then by
        stability, which tells the candidates that lose a sample apart.
        """
        level = _LEVELS[candidate.limits]
        load, mass, metric = (
            value or 0.0
            for value in (candidate.load_gf, candidate.mass_g, candidate.metric_training)
        )
        if level <= 1:
            ratios = self._ratios(candidate) if level else (0.0, 0.0, 0.0)
            return level, min(ratios), ratios[0], -load
        rounded = float(f"{metric:.4g}")
        return level, rounded if self.better == "higher" else -rounded, -load, -mass

    def compared(self, candidate: Candidate, label: str) -> str:
        """Return the values of an evaluated candidate beside their limits, for a message.

        Args:
            candidate: the candidate.
            label: name of the metric.
        """
        bound = "at least" if self.better == "higher" else "at most"
        values = (
            ("first instability", candidate.stability, "at least", self.stability),
            ("strain", candidate.strain, "at most", self.strain),
            (
                f"{label} as read of the training samples",
                candidate.metric_training,
                bound,
                self.metric,
            ),
        )
        return ", ".join(
            f"{name} {'none' if value is None else f'{value:.4g}'} ({direction} {limit:.4g})"
            for name, value, direction, limit in values
        )

    def _ratios(self, candidate: Candidate) -> tuple[float, float, float]:
        """Return stability, strain and metric relative to their limits, at least 1 where met.

        An evaluated candidate without a stability has no instability; one without a strain or a
        metric loses a sample.
        """
        stability, strain, metric = candidate.stability, candidate.strain, candidate.metric_training
        found = 0.0
        if metric is not None:
            higher = self.better == "higher"
            found = _ratio(metric, self.metric) if higher else _ratio(self.metric, metric)
        return (
            math.inf if stability is None else _ratio(stability, self.stability),
            0.0 if strain is None else _ratio(self.strain, strain),
            found,
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
