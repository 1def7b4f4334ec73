"""Tasks: loads at the inputs, targets of the outputs, loss and metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, Self, TypeAlias

import numpy as np
from typing_extensions import TypeIs, TypeVar

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.findings import Finding
from mnnfab.io.short_repr import short_repr
from mnnfab.losses.bands import Bands, bands_of, measures_of
from mnnfab.losses.loss import Loss, TargetKind
from mnnfab.losses.readout import Readout, predicted_classes
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE
from mnnfab.model.model import Equilibrium, Model, PortModel, WidthEquilibrium
from mnnfab.model.prescribed import PrescribedDisplacements
from mnnfab.network.ports import AnyPort, noise_factor
from mnnfab.task.metrics import Metrics, PrimaryMetric, with_deviations
from mnnfab.task.modulus_targets import ModulusTargets

MetricT_co = TypeVar(
    "MetricT_co", bound="PrimaryMetric | None", covariant=True, default="PrimaryMetric | None"
)
"""Type of the primary metric of a task: a metric or None."""


@dataclass(frozen=True)
class LoadCase:
    """A named set of input loads that represents the task in figures and field outputs.

    Args:
        name: name of the load case in figures and tables.
        loads_N: force at each input, N.
    """

    name: str
    loads_N: tuple[float, ...]


@dataclass(frozen=True)
class Ratio:
    """The ratio of two outputs.

    Args:
        name: name in reports.
        above: index of the output above the line.
        below: index of the output below the line.
    """

    name: str
    above: int
    below: int


def _no_samples() -> IntArray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class DataSplit:
    """Split of the data into training, validation and test samples, as arrays of indices.

    Args:
        train: training samples.
        validation: samples for selecting the best of several restarts; may be empty.
        test: samples that are not used in training; may be empty.
    """

    train: IntArray
    validation: IntArray = field(default_factory=_no_samples)
    test: IntArray = field(default_factory=_no_samples)

    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class Task(Generic[MetricT_co]):
    """A task: loads, targets, a loss and its metrics.

    A `Task[PrimaryMetric]` has a metric and can be trained; it is a `ScoredTask`.

    Args:
        kind: value of the key `kind` in the design file.
        inputs: ports where the loads act.
        outputs: ports where displacements are read.
        loads_N: force at each input for each sample, (n_samples, n_in) N.
        targets: targets of the outputs: displacements in mm, (n_samples, n_out), or classes
            one-hot, (n_samples, n_classes).
        loss: loss of the displacements for the targets.
        split: training, validation and test samples.
        evaluate: function that returns the metrics of displacements, (n_samples, n_out) mm.
        primary_metric: metric of the acceptance criteria; None without one.
        load_cases: load cases of figures, field outputs and limit states.
        exact_loads_N: loads before rounding to applied weights, (n_samples, n_in) N; None if
            they are not rounded.
        class_names: names of the classes; empty if the targets are not those of samples.
        input_findings: findings on what was assumed or changed when the data were read.
        readout: rule by which displacements become a class.
        ratios: ratios of outputs with targets, for targets that are bands.
        moduli: targets of the effective moduli of the network; None if it has none.
        prescribed: displacements of inputs; None if all inputs are loaded. `loads_N` and
            `load_cases` then have the reactions of the model that they were made with.
        reactions: bands of their reactions, (n_samples, n_in) N; None without any.
    """

    kind: str
    inputs: tuple[AnyPort, ...]
    outputs: tuple[AnyPort, ...]
    loads_N: FloatArray
    targets: FloatArray
    loss: Loss
    split: DataSplit
    evaluate: Callable[[Task, FloatArray], Metrics]
    primary_metric: MetricT_co
    load_cases: tuple[LoadCase, ...]
    exact_loads_N: FloatArray | None = None
    class_names: tuple[str, ...] = ()
    input_findings: tuple[Finding, ...] = ()
    readout: Readout = LARGEST_MAGNITUDE
    ratios: tuple[Ratio, ...] = ()
    moduli: ModulusTargets | None = None
    prescribed: PrescribedDisplacements | None = None
    reactions: Bands | None = None

    __repr__ = short_repr

    @property
    def train_indices(self) -> IntArray:
        """Training samples, as indices."""
        return self.split.train

    @property
    def target_kind(self) -> TargetKind | None:
        """Kind of the targets; None for a task without a metric."""
        return None if self.primary_metric is None else self.loss.targets

    @property
    def compares_outputs_alone(self) -> bool:
        """Whether outputs are compared with each other alone, not with lengths.

        A factor on all outputs then changes no answer that is read without error.
        """
        return self.target_kind == "classes" and self.readout.scaled(2.0) == self.readout

    @property
    def bands(self) -> Bands | None:
        """Bands of all load cases; None if the targets are of another kind."""
        return bands_of(self.targets) if self.target_kind == "bands" else None

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Names of the measures that may have a band: outputs, then ratios."""
        return (*map(str, self.outputs), *(ratio.name for ratio in self.ratios))

    def measures(self, outputs_mm: FloatArray) -> FloatArray:
        """Return displacements and ratios of outputs, (n_samples, n_measures).

        Args:
            outputs_mm: displacements of the outputs, (n_samples, n_out).
        """
        return measures_of(outputs_mm, tuple((one.above, one.below) for one in self.ratios))

    def reading_sd(self, resolution_mm: float) -> FloatArray:
        """Return the standard deviation of readings of the outputs, (n_out,) mm.

        Args:
            resolution_mm: standard deviation of a reading of one node.
        """
        return resolution_mm * np.array([noise_factor(port) for port in self.outputs])

    @property
    def single_loads(self) -> FloatArray:
        """Load cases for the comparison of models: each input alone, (n_in, n_in) N.

        All have the largest load of the task, in the direction of the input's own loads, so that
        nonlinear models can be compared as well.
        """
        directions = np.where(self.loads_N.sum(axis=0) > 0, 1.0, -1.0)
        loads: FloatArray = np.diag(directions) * np.abs(self.loads_N).max()
        return loads

    def applied_loads(
        self, model: PortModel, indices: IntArray | slice = slice(None)
    ) -> FloatArray:
        """Return the loads of the samples `indices`, with the reactions of a linear model.

        Without prescribed displacements the model is not used.
        """
        loads = self.loads_N[indices]
        return (
            loads if self.prescribed is None else self.prescribed.take(indices).loads(model, loads)
        )

    @property
    def given_sizes(self) -> FloatArray:
        """Loads and prescribed displacements as given, N and mm, (n_samples, n_in).

        Their signs do not depend on a model; those of reactions may.
        """
        if self.prescribed is None:
            return self.loads_N
        given = self.loads_N.copy()
        own = self.prescribed.displacements_mm
        given[:, self.prescribed.inputs] = np.where(
            np.isnan(own), given[:, self.prescribed.inputs], own
        )
        return given

    def with_loads(self, loads_N: FloatArray) -> Self:
        """Return the task of load cases with other loads, (n_samples, n_in) N."""
        rows = zip(self.load_cases, loads_N.tolist(), strict=True)
        cases = tuple(replace(case, loads_N=tuple(row)) for case, row in rows)
        return replace(self, loads_N=frozen_floats(loads_N), load_cases=cases)

    def loss_value(self, model: PortModel, indices: IntArray) -> float:
        """Return the mean loss of a model over the samples `indices`."""
        loads = self.applied_loads(model, indices)
        return self.loss_of(model.outputs(loads), loads, indices)

    def loss_of(self, outputs_mm: FloatArray, loads_N: FloatArray, indices: IntArray) -> float:
        """Return the mean loss of outputs and loads of the samples `indices`."""
        value = self.loss.value(outputs_mm, self.targets.take(indices, axis=0))
        return value + self._reaction_loss(loads_N, indices)[0]

    def _reaction_loss(
        self, loads_N: FloatArray, indices: IntArray
    ) -> tuple[float, FloatArray | float]:
        """Return the mean loss of the reactions, and its derivative in the loads, per N."""
        if self.reactions is None:
            return 0.0, 0.0
        bands = self.reactions.take(indices)
        excess = bands.excess(loads_N) / bands.tolerance
        value = float((bands.weight * excess**2).sum()) / len(indices)
        return value, 2 * bands.weight * excess / bands.tolerance / len(indices)

    def output_gradient(self, outputs_mm: FloatArray, indices: IntArray) -> FloatArray:
        """Return the derivative of the mean loss over the samples `indices` in their outputs.

        Args:
            outputs_mm: outputs of these samples, (n_samples, n_out).
            indices: indices of the samples.

        Returns:
            The derivative, (n_samples, n_out) per mm.
        """
        # `take` needs a quarter of the time of indexing on small arrays: the training step.
        return self.loss.gradient(outputs_mm, self.targets.take(indices, axis=0))

    def stiffness_gradient(self, model: Model, indices: IntArray | None = None) -> FloatArray:
        """Return the exact gradient of the mean loss in the stiffnesses, (n_bonds,) per N/mm.

        In situ rule (`mnnfab.model.model.in_situ_gradient`) for any model or measured part.

        Args:
            model: model of the network.
            indices: indices of the samples; by default the training samples.
        """
        samples = self.train_indices if indices is None else indices
        loads = self.applied_loads(model, samples)
        equilibrium = model.solve(loads)
        return equilibrium.stiffness_gradient(self._whole_gradient(equilibrium, loads, samples))

    def width_gradient(
        self,
        equilibrium: WidthEquilibrium,
        indices: IntArray,
        chain: FloatArray | float = 1.0,
        loads_N: FloatArray | None = None,
    ) -> FloatArray:
        """Return the exact gradient of the mean loss in the widths, times `chain`, (n_bonds,).

        Args:
            equilibrium: equilibria under the loads of the samples `indices`.
            indices: indices of the samples.
            chain: derivative of each width in its latent value, (n_bonds,) mm.
            loads_N: these loads, (n_samples, n_in), if they are not those of the task; see
                `applied_loads`.
        """
        loads_N = self.loads_N[indices] if loads_N is None else loads_N
        gradient = self._whole_gradient(equilibrium, loads_N, indices)
        return equilibrium.width_gradient(gradient, chain)

    def _whole_gradient(
        self, equilibrium: Equilibrium, loads_N: FloatArray, indices: IntArray
    ) -> FloatArray:
        """Return the derivative of the mean loss in the outputs, with the effect of reactions."""
        gradient = self.output_gradient(equilibrium.outputs_mm, indices)
        if self.prescribed is None:
            return gradient
        of_loads = self._reaction_loss(loads_N, indices)[1] + np.zeros_like(loads_N)
        return self.prescribed.take(indices).output_gradient(equilibrium, gradient, of_loads)

    def metrics(self, model: PortModel) -> Metrics:
        """Return the metrics of a model over all samples."""
        loads = self.applied_loads(model)
        metrics = self._with_reactions(self.evaluate(self, model.outputs(loads)), loads)
        if self.exact_loads_N is not None and self.primary_metric is not None:
            exact = self.evaluate(self, model.outputs(self.exact_loads_N))
            metrics[f"{self.primary_metric.name}_unrounded"] = self.primary_metric.of(exact)
        return metrics

    @property
    def n_band_targets(self) -> int:
        """Number of targets with tolerances under loads: of outputs, ratios and reactions."""
        bands = (self.bands, self.reactions)
        return sum(int(one.given.sum()) for one in bands if one is not None)

    @property
    def has_targets(self) -> bool:
        """Whether anything under the loads has a target; bands may all be free."""
        return self.bands is None or self.n_band_targets > 0

    def _with_reactions(self, metrics: Metrics, loads_N: FloatArray) -> Metrics:
        """Return metrics of bands with the deviations of the reactions from theirs."""
        own = self.reactions
        if own is None or self.bands is None:
            return metrics
        n_others = int(self.bands.given.sum())
        return with_deviations(metrics, n_others, own.deviations(loads_N)[own.given])


TaskT = TypeVar("TaskT", bound=Task)
"""Type of a task that a function returns as it was given."""

ScoredTask: TypeAlias = Task[PrimaryMetric]
"""A task with a primary metric, which can be trained."""


def is_scored(task: Task | None) -> TypeIs[ScoredTask]:
    """Return True if a task has a primary metric."""
    return task is not None and task.primary_metric is not None


def classification_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the accuracy in each subset of the data; samples without a stable state are wrong."""
    correct = predicted_classes(task.readout, displacements) == task.targets.argmax(axis=1)
    return _by_subset(task, "accuracy", lambda indices: float(correct[indices].mean()))


def displacement_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the RMS of the prediction error divided by the RMS of all targets, for each subset."""
    size = np.sqrt((task.targets**2).mean())

    def relative_error(indices: IntArray | slice) -> float:
        return float(np.sqrt(((displacements[indices] - task.targets[indices]) ** 2).mean()) / size)

    metrics = _by_subset(task, "relative_error", relative_error)
    metrics["relative_error"] = metrics.pop("relative_error_all")
    return metrics


def behaviour_class_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the displacements under the load and the target share of the sum of magnitudes."""
    magnitudes = np.abs(displacements[0])
    share = float(magnitudes @ task.targets[0] / magnitudes.sum())
    return {"displacements_mm": displacements[0].tolist(), "target_share": share}


def behaviour_target_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the displacements under the load and their relative error."""
    error = displacement_metrics(task, displacements)["relative_error"]
    return {"displacements_mm": displacements[0].tolist(), "relative_error": error}


def band_metrics(task: Task, displacements: FloatArray) -> Metrics:
    """Return the largest deviation from a target in tolerances, and how many targets are met."""
    bands = task.bands
    assert bands is not None, "a task of bands"
    deviations = np.nan_to_num(bands.deviations(task.measures(displacements)), nan=np.inf)
    met = (deviations <= 1.0)[bands.given]
    share = float(met.mean()) if met.size else 1.0  # without targets, all of them are met
    return {"target_deviation": float(deviations.max()), "targets_met": share}


def no_metrics(task: Task, displacements: FloatArray) -> Metrics:  # noqa: ARG001
    """Return no metrics, for networks without a task."""
    return {}


def _by_subset(task: Task, name: str, measure: Callable[[IntArray | slice], float]) -> Metrics:
    metrics: Metrics = {f"{name}_train": measure(task.split.train)}
    if task.split.validation.size:
        metrics[f"{name}_validation"] = measure(task.split.validation)
    if task.split.test.size:
        metrics[f"{name}_test"] = measure(task.split.test)
    metrics[f"{name}_all"] = measure(slice(None))
    return metrics
