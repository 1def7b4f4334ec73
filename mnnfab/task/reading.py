"""Metrics of a task as it is read: with an error of every displacement reading.

The error of a reading is normal, independent, and has the same standard deviation everywhere. The
expected metric has a closed form, or one integral per sample; nothing is drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.readout import Readout, predicted_classes
from mnnfab.task.task import ScoredTask, Task

ReadName = Literal["accuracy", "relative_error"]


@dataclass(frozen=True)
class ReadMetric:
    """A metric of all samples as they are read.

    Args:
        name: share of samples that are read as their class, or RMS of the prediction
            error divided by the RMS of all targets.
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
    return "accuracy" if task.target_kind == "classes" else "relative_error"


def _label(name: ReadName, n_samples: int) -> str:
    if name == "accuracy" and n_samples == 1:
        return "probability of the right answer"
    return name.replace("_", " ")


def metric_as_read(
    task: ScoredTask, outputs_mm: FloatArray, resolution_mm: float, load_factor: float = 1.0
) -> ReadMetric:
    """Return the metric of displacements that are read with an error.

    Args:
        task: task with a metric.
        outputs_mm: displacements of the outputs, (n_samples, n_out); samples with NaN, for which
            there is no stable equilibrium, are wrong.
        resolution_mm: standard deviation of a reading.
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
    return _relative_error(load_factor * task.targets, outputs_mm, resolution_mm)


def class_probabilities(
    task: Task, outputs_mm: FloatArray, resolution_mm: float, readout: Readout | None = None
) -> FloatArray:
    """Return the probability that each sample is read as its class, (n_samples,).

    Args:
        task: task with classes.
        outputs_mm: displacements of the outputs, (n_samples, n_out); NaN gives 0.
        resolution_mm: standard deviation of a reading.
        readout: rule by which displacements become a class; by default that of the task.
    """
    found = np.isfinite(outputs_mm).all(axis=1)
    probabilities = np.zeros(len(outputs_mm))
    right = task.targets[found].argmax(axis=1)
    read = (readout or task.readout).log_probabilities(outputs_mm[found], right, resolution_mm)
    probabilities[found] = np.exp(read.values).clip(0.0, 1.0)
    return probabilities


def _relative_error(
    targets: FloatArray, outputs_mm: FloatArray, resolution_mm: float
) -> ReadMetric:
    """Return the RMS of the error with E[(d + n)²] = d² + s², var = 4 d² s² + 2 s⁴."""
    difference, variance = outputs_mm - targets, resolution_mm**2
    size = float(np.sqrt((targets**2).mean()))
    exact = float(np.sqrt((difference**2).mean()))
    read = float(np.sqrt((difference**2).mean() + variance))
    spread = np.sqrt((4 * difference**2 * variance + 2 * variance**2).sum()) / difference.size
    return ReadMetric(
        "relative_error", read / size, float(spread / (2 * read)) / size, exact / size, len(targets)
    )
