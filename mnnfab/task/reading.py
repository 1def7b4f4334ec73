"""Metrics of a task as it is read: with an error of every displacement reading.

The error of a reading is normal, independent, and has the same standard deviation everywhere. The
expected metric has a closed form, or one integral per sample; nothing is drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.bands import Bands, measure_sd
from mnnfab.losses.readout import Readout, predicted_classes
from mnnfab.task.metrics import metric_label
from mnnfab.task.task import ScoredTask, Task

ReadName = Literal["accuracy", "relative_error", "target_deviation"]


@dataclass(frozen=True)
class ReadMetric:
    """A metric of all samples as they are read.

    Args:
        name: share of samples that are read as their class, RMS of the prediction error divided
            by the RMS of all targets, or largest RMS deviation from a target in tolerances.
        value: expected metric.
        sd: standard deviation of the metric between repetitions of the experiment.
        exact: metric without an error of the readings.
        n_samples: number of samples.
    """

    name: ReadName
    value: float
    sd: float
    exact: float
    n_samples: int

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger value is better."""
        return self.name == "accuracy"

    @property
    def label(self) -> str:
        """Name of the metric for people; the accuracy of one sample is a probability."""
        return _label(self.name, self.n_samples)

    def meets(self, limit: float) -> bool:
        """Return whether the expected metric is as good as a limit; False for NaN."""
        return self.value >= limit if self.higher_is_better else self.value <= limit


def read_label(task: Task) -> str:
    """Return the name, for people, of the metric as read of a task."""
    return _label(_name(task), len(task.targets))


def _name(task: Task) -> ReadName:
    if task.target_kind == "classes":
        return "accuracy"
    return "target_deviation" if task.target_kind == "bands" else "relative_error"


def _label(name: ReadName, n_samples: int) -> str:
    if name == "accuracy" and n_samples == 1:
        return "probability of the right answer"
    return metric_label(name)


def metric_as_read(
    task: ScoredTask, outputs_mm: FloatArray, resolution_mm: float, load_factor: float = 1.0
) -> ReadMetric:
    """Return the metric of displacements that are read with an error.

    Args:
        task: task with a metric.
        outputs_mm: displacements of the outputs, (n_samples, n_out); samples with NaN, for which
            there is no stable equilibrium, are wrong.
        resolution_mm: standard deviation of a reading of a node; an output that is a sum over
            nodes has the error of its sum.
        load_factor: factor on the loads of the task; target displacements and thresholds are
            multiplied by it.
    """
    if task.target_kind == "classes":
        readout = task.readout.scaled(load_factor)
        probabilities = class_probabilities(task, outputs_mm, resolution_mm, readout)
        right = predicted_classes(readout, outputs_mm) == task.targets.argmax(axis=1)
        scatter = np.sqrt((probabilities * (1 - probabilities)).sum()) / len(probabilities)
        expected = float(probabilities.mean())
        return ReadMetric("accuracy", expected, float(scatter), float(right.mean()), len(right))
    sd_mm = task.reading_sd(resolution_mm)
    if task.bands is not None:
        return _target_deviation(task, task.bands, outputs_mm, sd_mm, load_factor)
    return _relative_error(load_factor * task.targets, outputs_mm, sd_mm)


def class_probabilities(
    task: Task, outputs_mm: FloatArray, resolution_mm: float, readout: Readout | None = None
) -> FloatArray:
    """Return the probability that each sample is read as its class, (n_samples,).

    Args:
        task: task with classes.
        outputs_mm: displacements of the outputs, (n_samples, n_out); NaN gives 0.
        resolution_mm: standard deviation of a reading of a node; if outputs are sums over nodes,
            all have the error of the one that is read worst.
        readout: rule by which displacements become a class; by default that of the task.
    """
    sd_mm = float(task.reading_sd(resolution_mm).max())
    found = np.isfinite(outputs_mm).all(axis=1)
    probabilities = np.zeros(len(outputs_mm))
    right = task.targets[found].argmax(axis=1)
    read = (readout or task.readout).log_probabilities(outputs_mm[found], right, sd_mm)
    probabilities[found] = np.exp(read.values).clip(0.0, 1.0)
    return probabilities


def _target_deviation(
    task: Task, bands: Bands, outputs_mm: FloatArray, sd_mm: FloatArray, load_factor: float
) -> ReadMetric:
    """Return the largest RMS deviation from a target as it is read."""
    pairs = tuple((one.above, one.below) for one in task.ratios)
    scaled = bands.scaled(load_factor, len(task.outputs))
    measures, sd = task.measures(outputs_mm), measure_sd(outputs_mm, sd_mm, pairs)
    second, fourth = scaled.read_moments(measures, sd)
    lost = bands.given & ~np.isfinite(measures)
    read = np.sqrt(np.where(lost, np.inf, second))
    exact = np.where(lost, np.inf, scaled.deviations(measures))
    worst = np.unravel_index(int(read.argmax()), read.shape)
    value = float(read[worst])
    spread = float(np.sqrt(max(fourth[worst] - second[worst] ** 2, 0.0)))
    sd_read = spread / (2 * value) if 0 < value < np.inf else 0.0
    return ReadMetric(
        "target_deviation", value, sd_read, float(exact.max()), int(bands.given.sum())
    )


def _relative_error(targets: FloatArray, outputs_mm: FloatArray, sd_mm: FloatArray) -> ReadMetric:
    """Return the RMS of the error with E[(d + n)²] = d² + s², var = 4 d² s² + 2 s⁴."""
    difference, variance = outputs_mm - targets, np.broadcast_to(sd_mm**2, targets.shape)
    size = float(np.sqrt((targets**2).mean()))
    exact = float(np.sqrt((difference**2).mean()))
    read = float(np.sqrt((difference**2 + variance).mean()))
    spread = np.sqrt((4 * difference**2 * variance + 2 * variance**2).sum()) / difference.size
    return ReadMetric(
        "relative_error", read / size, float(spread / (2 * read)) / size, exact / size, len(targets)
    )
