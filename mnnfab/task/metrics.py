"""Metrics of a task: the primary metric, and the constant-prediction baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mnnfab.arrays import FloatArray

MetricValue = float | list[float]
Metrics = dict[str, MetricValue]


#: Subsets of the samples, by the last word of a metric key.
_SUBSETS = {
    "all": "all samples",
    "train": "training samples",
    "validation": "validation samples",
    "test": "test samples",
    "unrounded": "unrounded loads",
}
#: Names that say more than their keys.
_NAMES = {
    "target_deviation": "largest deviation from a target, in tolerances",
    "targets_met": "share of the targets that are met",
}


def metric_label(key: str) -> str:
    """Return the name of a metric for people, from its key in the metrics.

    >>> metric_label("accuracy_train")
    'accuracy (training samples)'
    >>> metric_label("accuracy_all_unrounded")
    'accuracy (all samples, unrounded loads)'
    >>> metric_label("displacements_mm")
    'displacements (mm)'
    """
    if key in _NAMES:
        return _NAMES[key]
    words, qualifiers = key.split("_"), list[str]()
    while len(words) > 1 and words[-1] in _SUBSETS:
        qualifiers.insert(0, _SUBSETS[words.pop()])
    if len(words) > 1 and words[-1] == "mm":
        qualifiers.insert(0, words.pop())
    name = " ".join(words)
    return f"{name} ({', '.join(qualifiers)})" if qualifiers else name


def with_deviations(metrics: Metrics, n_targets: int, deviations: FloatArray) -> Metrics:
    """Return metrics of targets with tolerances, with further targets.

    Args:
        metrics: metrics of `n_targets` targets.
        n_targets: number of these targets.
        deviations: deviations from further targets in tolerances, (n,); met up to 1.
    """
    largest, share = (metrics[key] for key in ("target_deviation", "targets_met"))
    assert isinstance(largest, float)
    assert isinstance(share, float)
    met = share * n_targets + float((deviations <= 1.0).sum())
    return metrics | {
        "target_deviation": max(largest, float(deviations.max(initial=0.0))),
        "targets_met": met / max(n_targets + len(deviations), 1),
    }


@dataclass(frozen=True)
class Baseline:
    """Constant-prediction baseline: the metric of a prediction that does not depend on the loads.

    Args:
        value: metric of the most frequent class, of equal shares, or of zero displacement.
        chance_margin: margin of chance by which a metric must exceed the value.
    """

    value: float
    chance_margin: float = 0.0


@dataclass(frozen=True)
class PrimaryMetric:
    """The primary metric of a task, which the acceptance criteria evaluate.

    Args:
        name: key in the metrics.
        better: direction of improvement.
        baseline: constant-prediction baseline.
        training: key of the same metric on the training samples alone.
        training_baseline: constant-prediction baseline on the training samples alone.
    """

    name: str
    better: Literal["higher", "lower"]
    baseline: Baseline
    training: str
    training_baseline: Baseline

    @property
    def label(self) -> str:
        """Name of the metric for people."""
        return metric_label(self.name)

    def ranked(self, value: float) -> float:
        """Return a value of the metric with the sign for which larger is better."""
        return value if self.better == "higher" else -value

    def worse_by(self, reference: float, value: float) -> float:
        """Return the amount by which `value` is worse than `reference`; negative if better."""
        return self.ranked(reference) - self.ranked(value)

    def degradation(self, reference: Metrics, metrics: Metrics) -> float:
        """Return the amount by which `metrics` is worse than `reference`; negative if better."""
        return self.worse_by(self.of(reference), self.of(metrics))

    def beats_baseline(self, metrics: Metrics) -> bool:
        """Return True if the metric beats the constant-prediction baseline."""
        return self._beats(self.baseline, self.of(metrics))

    def beats_training_baseline(self, metrics: Metrics) -> bool:
        """Return True if the metric on the training samples beats their baseline."""
        return self._beats(self.training_baseline, self.on_training_samples(metrics))

    def of(self, metrics: Metrics) -> float:
        """Return the primary metric."""
        value = metrics[self.name]
        assert isinstance(value, float), "a primary metric is a single number"
        return value

    def on_training_samples(self, metrics: Metrics) -> float:
        """Return the primary metric on the training samples alone."""
        value = metrics[self.training]
        assert isinstance(value, float), "a primary metric is a single number"
        return value

    def _beats(self, baseline: Baseline, value: float) -> bool:
        return self.worse_by(baseline.value, value) < -baseline.chance_margin  # False for NaN


#: Baseline of a relative error: that of outputs that do not move.
ZERO_PREDICTION = Baseline(1.0)
