"""Tasks: which loads are hung, what the outputs should do, and how that is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeAlias

import numpy as np
from typing_extensions import TypeIs, TypeVar

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.losses.loss import Loss
from mnnfab.model.model import Model, PortModel
from mnnfab.network.ports import Port
from mnnfab.task.metrics import Metrics, PrimaryMetric

MetricT_co = TypeVar(
    "MetricT_co", bound="PrimaryMetric | None", covariant=True, default="PrimaryMetric | None"
)
"""What a task is scored by: a metric, or nothing."""


@dataclass(frozen=True)
class LoadCase:
    """A named set of input loads that stands for the task in pictures and fields.

    Args:
        name: what a person would call it.
        loads_N: force at each input, one number an input, N.
    """

    name: str
    loads_N: tuple[float, ...]


def _no_rows() -> IntArray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class DataSplit:
    """Which samples are for what; each an array of row numbers.

    Args:
        train: samples to train on.
        validation: samples that choose the best of several restarts; may be empty.
        test: samples kept apart; may be empty.
    """

    train: IntArray
    validation: IntArray = field(default_factory=_no_rows)
    test: IntArray = field(default_factory=_no_rows)


@dataclass(frozen=True, eq=False)
class Task(Generic[MetricT_co]):
    """A task as numbers: loads, targets, a loss and its metrics.

    `Task[Headline]` has a metric to be trained for, and is a `ScoredTask`.

    Args:
        kind: the word in the design file.
        inputs: ports where the loads act.
        outputs: ports where the answers are read.
        loads_N: force at each input for each sample, (n_samples, n_in) N.
        targets: what each output should do, (n_samples, n_out): wanted
            displacements in mm, or a 1 in the column of the right class.
        loss: compares displacements with targets.
        split: which samples are for what.
        evaluate: metrics from displacements, (n_samples, n_out) mm.
        headline: the metric that the gate looks at, if there is one.
        load_cases: what pictures and fields show.
        exact_loads_N: loads before they were rounded to weights that can be hung,
            (n_samples, n_in) N; none if they were not.
        class_names: of the outputs, where each stands for a class.
    """

    kind: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    loads_N: FloatArray
    targets: FloatArray
    loss: Loss
    split: DataSplit
    evaluate: Callable[[Task, FloatArray], Metrics]
    primary_metric: MetricT_co
    load_cases: tuple[LoadCase, ...]
    exact_loads_N: FloatArray | None = None
    class_names: tuple[str, ...] = ()

    @property
    def train_indices(self) -> IntArray:
        """Samples to train on."""
        return self.split.train

    def loss_value(self, model: PortModel, indices: IntArray) -> float:
        """Return the mean loss of a model over the samples `indices`."""
        return self.loss.value(model.outputs(self.loads_N[indices]), self.targets[indices])

    def loss_slope(self, outputs_mm: FloatArray, indices: IntArray) -> FloatArray:
        """Return the derivative of the mean loss over the samples `indices` in their outputs.

        Args:
            outputs_mm: of these samples, (n_rows, n_out).
            indices: the samples, as indices.

        Returns:
            (n_rows, n_out) per mm.
        """
        return self.loss.slope(outputs_mm, self.targets[indices])

    def stiffness_gradient(self, model: Model, indices: IntArray) -> FloatArray:
        """Return the exact dL/dk of the mean loss over the samples `indices`, (n_bonds,) per N/mm.

        The in situ rule (`mnnfab.model.model.in_situ_slope`) on any model, or on a measured part.
        """
        equilibrium = model.solve(self.loads_N[indices])
        return equilibrium.stiffness_slope(self.loss_slope(equilibrium.outputs_mm, indices))

    def metrics(self, model: PortModel) -> Metrics:
        """Return the metrics of a model over all samples."""
        metrics = self.evaluate(self, model.outputs(self.loads_N))
        if self.exact_loads_N is not None and self.primary_metric is not None:
            exact = self.evaluate(self, model.outputs(self.exact_loads_N))
            metrics[f"{self.primary_metric.name}_unrounded"] = self.primary_metric.of(exact)
        return metrics


ScoredTask: TypeAlias = Task[PrimaryMetric]
"""A task with a metric: one that can be trained for."""


def is_scored(task: Task | None) -> TypeIs[ScoredTask]:
    """Return whether a task has a metric."""
    return task is not None and task.primary_metric is not None


def classification_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the share of samples whose class moves farthest, in each part of the data."""
    right = np.abs(displacements).argmax(axis=1) == task.targets.argmax(axis=1)
    return _by_part(task, "accuracy", lambda indices: float(right[indices].mean()))


def displacement_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the root mean square of u - û over that of all û, in each part of the data."""
    size = np.sqrt((task.targets**2).mean())

    def relative_error(indices: IntArray | slice) -> float:
        return float(np.sqrt(((displacements[indices] - task.targets[indices]) ** 2).mean()) / size)

    metrics = _by_part(task, "relative_error", relative_error)
    metrics["relative_error"] = metrics.pop("relative_error_all")
    return metrics


def behaviour_class_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the displacements under the load and the share of the wanted output in them."""
    sizes = np.abs(displacements[0])
    share = float(sizes @ task.targets[0] / sizes.sum())
    return {"displacements_mm": displacements[0].tolist(), "target_share": share}


def behaviour_target_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the displacements under the load and their relative error."""
    error = displacement_metrics(task, displacements)["relative_error"]
    return {"displacements_mm": displacements[0].tolist(), "relative_error": error}


def no_metrics(task: Task, displacements: FloatArray) -> Metrics:  # noqa: ARG001
    """Return no metrics: a network without a task is neither right nor wrong."""
    return {}


def _by_part(task: Task, name: str, measure: Callable[[IntArray | slice], float]) -> Metrics:
    metrics: Metrics = {f"{name}_train": measure(task.split.train)}
    if task.split.validation.size:
        metrics[f"{name}_validation"] = measure(task.split.validation)
    if task.split.test.size:
        metrics[f"{name}_test"] = measure(task.split.test)
    metrics[f"{name}_all"] = measure(slice(None))
    return metrics
