"""Metrics of a task: the primary one, and the baseline that a network must beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MetricValue = float | list[float]
Metrics = dict[str, MetricValue]


@dataclass(frozen=True)
class Baseline:
    """What an answer gets that does not look at the loads.

    Args:
        value: the commonest class, equal shares, or no displacement.
        luck: how much better an answer can be by chance alone.
    """

    value: float
    chance_margin: float = 0.0


@dataclass(frozen=True)
class PrimaryMetric:
    """The one number by which a task is judged.

    Args:
        name: key in the metrics.
        better: whether a higher or a lower value is the better one.
        guess: what answers get that ignore the loads.
        training: key of the same number on the training samples alone.
        training_guess: what answers get there that ignore the loads.
    """

    name: str
    better: Literal["higher", "lower"]
    baseline: Baseline
    training: str
    training_baseline: Baseline

    def ranked(self, value: float) -> float:
        """Return a value of the metric so that the larger one is the better one."""
        return value if self.better == "higher" else -value

    def worse_by(self, reference: float, value: float) -> float:
        """Return how much worse `value` is than `reference`; negative if better."""
        return self.ranked(reference) - self.ranked(value)

    def degradation(self, reference: Metrics, metrics: Metrics) -> float:
        """Return how much worse `metrics` is than `reference`; negative if better."""
        return self.worse_by(self.of(reference), self.of(metrics))

    def beats_baseline(self, metrics: Metrics) -> bool:
        """Return whether the samples are answered better than by ignoring the loads."""
        return self._beats(self.baseline, self.of(metrics))

    def beats_training_baseline(self, metrics: Metrics) -> bool:
        """Return whether the training samples are answered better than by ignoring the loads."""
        return self._beats(self.training_baseline, self.in_training(metrics))

    def of(self, metrics: Metrics) -> float:
        """Return the headline metric itself."""
        value = metrics[self.name]
        assert isinstance(value, float), "a headline is one number"
        return value

    def in_training(self, metrics: Metrics) -> float:
        """Return the same metric on the training samples alone."""
        value = metrics[self.training]
        assert isinstance(value, float), "a headline is one number"
        return value

    def _beats(self, baseline: Baseline, value: float) -> bool:
        return self.worse_by(baseline.value, value) < -baseline.chance_margin  # never if one is NaN
