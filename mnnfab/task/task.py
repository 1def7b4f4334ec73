"""Tasks: which loads are hung, what the outputs should do, and how that is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.model.model import Model, PortModel
from mnnfab.network.ports import Port
from mnnfab.task.losses import Loss

MetricValue = float | list[float]
Metrics = dict[str, MetricValue]


@dataclass(frozen=True)
class LoadCase:
    """A named set of input loads that stands for the task in pictures and fields.

    Args:
        name: what a person would call it.
        loads_N: force at each input, one number an input, N.
    """

    name: str
    loads_N: tuple[float, ...]


@dataclass(frozen=True)
class Guess:
    """What an answer gets that does not look at the loads.

    Args:
        value: the commonest class, equal shares, or no displacement.
        luck: how much better an answer can be by chance alone.
    """

    value: float
    luck: float = 0.0


@dataclass(frozen=True)
class Headline:
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
    guess: Guess
    training: str
    training_guess: Guess

    def loss_against(self, reference: Metrics, metrics: Metrics) -> float:
        """Return how much worse `metrics` is than `reference`; negative if better."""
        return self._worse(self.of(reference), self.of(metrics))

    def is_of_use(self, metrics: Metrics) -> bool:
        """Return whether the samples are answered better than by ignoring the loads."""
        return self._beats(self.guess, self.of(metrics))

    def has_learned(self, metrics: Metrics) -> bool:
        """Return whether the training samples are answered better than by ignoring the loads."""
        return self._beats(self.training_guess, self.in_training(metrics))

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

    def _beats(self, guess: Guess, value: float) -> bool:
        return self._worse(guess.value, value) < -guess.luck  # never if one is NaN

    def _worse(self, reference: float, value: float) -> float:
        return reference - value if self.better == "higher" else value - reference


def _no_rows() -> IntArray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Parts:
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
class Task:
    """A task as numbers: loads, targets, a loss and a judge.

    Args:
        kind: the word in the design file.
        inputs: ports where the loads act.
        outputs: ports where the answers are read.
        loads_N: force at each input for each sample, (n_samples, n_in) N.
        targets: what each output should do, (n_samples, n_out): wanted
            displacements in mm, or a 1 in the column of the right class.
        loss: compares displacements with targets.
        parts: which samples are for what.
        judge: metrics from displacements, (n_samples, n_out) mm.
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
    parts: Parts
    judge: Callable[[Task, FloatArray], Metrics]
    headline: Headline | None
    load_cases: tuple[LoadCase, ...]
    exact_loads_N: FloatArray | None = None
    class_names: tuple[str, ...] = ()

    @property
    def train_rows(self) -> IntArray:
        """Samples to train on."""
        return self.parts.train

    def loss_value(self, model: PortModel, rows: IntArray) -> float:
        """Return the mean loss of a model over the samples `rows`."""
        return self.loss.value(model.outputs(self.loads_N[rows]), self.targets[rows])

    def loss_slope(self, outputs_mm: FloatArray, rows: IntArray) -> FloatArray:
        """Return the derivative of the mean loss over the samples `rows` in their outputs.

        Args:
            outputs_mm: of these samples, (n_rows, n_out).
            rows: the samples, as indices.

        Returns:
            (n_rows, n_out) per mm.
        """
        return self.loss.slope(outputs_mm, self.targets[rows])

    def stiffness_gradient(self, model: Model, rows: IntArray) -> FloatArray:
        """Return the exact dL/dk of the mean loss over the samples `rows`, (n_bonds,) per N/mm.

        The in situ rule (`mnnfab.model.model.in_situ_slope`) on any model, or on a measured part.
        """
        equilibrium = model.solve(self.loads_N[rows])
        return equilibrium.stiffness_slope(self.loss_slope(equilibrium.outputs_mm, rows))

    def metrics(self, model: PortModel) -> Metrics:
        """Return the metrics of a model over all samples."""
        metrics = self.judge(self, model.outputs(self.loads_N))
        if self.exact_loads_N is not None and self.headline is not None:
            exact = self.judge(self, model.outputs(self.exact_loads_N))
            metrics[f"{self.headline.name}_unrounded"] = self.headline.of(exact)
        return metrics


def judge_classes(task: Task, displacements: FloatArray) -> Metrics:
    """Return the share of samples whose class moves farthest, in each part of the data."""
    right = np.abs(displacements).argmax(axis=1) == task.targets.argmax(axis=1)
    return _by_part(task, "accuracy", lambda rows: float(right[rows].mean()))


def judge_displacements(task: Task, displacements: FloatArray) -> Metrics:
    """Return the root mean square of u - û over that of all û, in each part of the data."""
    size = np.sqrt((task.targets**2).mean())

    def relative_error(rows: IntArray | slice) -> float:
        return float(np.sqrt(((displacements[rows] - task.targets[rows]) ** 2).mean()) / size)

    metrics = _by_part(task, "relative_error", relative_error)
    metrics["relative_error"] = metrics.pop("relative_error_all")
    return metrics


def judge_behaviour_class(task: Task, displacements: FloatArray) -> Metrics:
    """Return the displacements under the load and the share of the wanted output in them."""
    sizes = np.abs(displacements[0])
    share = float(sizes @ task.targets[0] / sizes.sum())
    return {"displacements_mm": displacements[0].tolist(), "target_share": share}


def judge_behaviour_targets(task: Task, displacements: FloatArray) -> Metrics:
    """Return the displacements under the load and their relative error."""
    error = judge_displacements(task, displacements)["relative_error"]
    return {"displacements_mm": displacements[0].tolist(), "relative_error": error}


def judge_nothing(task: Task, displacements: FloatArray) -> Metrics:  # noqa: ARG001
    """Return no metrics: a network without a task is neither right nor wrong."""
    return {}


def _by_part(task: Task, name: str, measure: Callable[[IntArray | slice], float]) -> Metrics:
    metrics: Metrics = {f"{name}_train": measure(task.parts.train)}
    if task.parts.validation.size:
        metrics[f"{name}_validation"] = measure(task.parts.validation)
    if task.parts.test.size:
        metrics[f"{name}_test"] = measure(task.parts.test)
    metrics[f"{name}_all"] = measure(slice(None))
    return metrics
