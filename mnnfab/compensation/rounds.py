"""Evaluation of a round: the reference model of the trained widths, and the next correction.

The reference of bars is the continuum model, that of the loaded frame the rubber model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.compensation.record import Round
from mnnfab.errors import LostStateError
from mnnfab.model.agreement import relative_difference
from mnnfab.model.surrogate import FrameCorrection, Surrogate, fit_correction, round_fitted
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.task.reading import metric_as_read

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray, IntArray
    from mnnfab.problem.problem import TrainableProblem
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.task.task import ScoredTask
    from mnnfab.training.training import Training


@dataclass(frozen=True, eq=False)
class RoundResult:
    """A round, and the surrogate for the next one.

    Args:
        training: training of the widths.
        surrogate: surrogate on which they were trained.
        following: surrogate that agrees with the reference model at these widths.
        entry: entry of the record.
        part: the solved part; None once the next round has begun, to free its memory.
    """

    training: Training
    surrogate: Surrogate
    following: Surrogate
    entry: Round
    part: PrintedPart | None


Evaluate = Callable[
    ["TrainableProblem", "Training", "float | None", int, "StageTimer"], RoundResult
]
"""Function of the problem, the training of its widths, their loss scale (mm), the number of the
round and the stage timer."""


def evaluator(problem: TrainableProblem) -> Evaluate:
    """Return the evaluation of rounds for the model that a design is trained on."""
    return evaluate_frame if problem.design.schedule.model == "frame" else evaluate_bars


def evaluate_bars(
    problem: TrainableProblem,
    training: Training,
    loss_scale_mm: float | None,
    number: int,
    timer: StageTimer,
) -> RoundResult:
    """Compare the bar model with the continuum model, by their flexibility matrices."""
    widths, task = training.widths_mm, problem.task
    primary_metric, part = task.primary_metric, PrintedPart(problem, widths, timer)
    continuum = part.continuum
    found, predicted = continuum.response, problem.response(widths)
    applied, metrics = problem.surrogate.correction, task.metrics(found)
    entry = Round(
        number=number,
        loss_scale_mm=loss_scale_mm,
        difference=relative_difference(found, predicted, task.single_loads),
        scale=applied.scale if applied else 1.0,
        additive=_norm(applied.additive) / _norm(found.flexibility) if applied else 0.0,
        metric_predicted=primary_metric.of(task.metrics(predicted)),
        metric=primary_metric.of(metrics),
        metric_training=primary_metric.on_training_samples(metrics),
        loss_training=task.loss_value(found, task.train_indices),
        dofs=continuum.n_dofs,
        discretisation_error=part.discretisation.error,
    )
    correction = fit_correction(part.bars.flexibility, found.flexibility)
    following = replace(problem.surrogate, correction=correction)
    return _with_moduli(RoundResult(training, problem.surrogate, following, entry, part), part)


def evaluate_frame(
    problem: TrainableProblem,
    training: Training,
    loss_scale_mm: float | None,
    number: int,
    timer: StageTimer,
) -> RoundResult:
    """Compare the loaded frame with the rubber model, by the outputs of all samples.

    The metrics are those as read.

    Raises:
        LostStateError: if the rubber model loses the path of a sample.
    """
    widths, task = training.widths_mm, problem.task
    part = PrintedPart(problem, widths, timer)
    with timer.stage(f"rubber model of {len(task.loads_N)} samples"):
        states = part.sample_states
    if states.lost.size:
        sample = int(states.lost[0])
        msg = (
            f"sample {sample}: no stable equilibrium of the rubber model beyond "
            f"{states.shares[sample]:.3g} times its loads ({states.lost.size} of "
            f"{states.n_samples} samples)"
        )
        raise LostStateError(msg)
    found = states.outputs_mm(task.outputs)
    predicted = _frame_outputs(problem, widths)
    applied, size = problem.surrogate.frame, _norm(found)
    entry = Round(
        number=number,
        loss_scale_mm=loss_scale_mm,
        difference=_norm(predicted - found) / size,
        scale=applied.hub_stiffness if applied else 1.0,
        additive=_norm(applied.differences_mm) / size if applied else 0.0,
        metric_predicted=read_metric(problem, predicted),
        metric=read_metric(problem, found),
        metric_training=read_metric(problem, found, task.train_indices),
        loss_training=task.loss.value(found[task.train_indices], task.targets[task.train_indices]),
        dofs=part.continuum.n_dofs,
        discretisation_error=part.discretisation.error,
    )
    following = replace(problem.surrogate, frame=_fitted(problem, part, found))
    return _with_moduli(RoundResult(training, problem.surrogate, following, entry, part), part)


def _with_moduli(result: RoundResult, part: PortPart) -> RoundResult:
    """Return a round with the effective moduli of its part by the continuum model."""
    from mnnfab.trainable_models.modulus_loss import modulus_loss

    loss, solved = modulus_loss(part.problem), part.cell_moduli
    if loss is None or solved is None:
        return result
    found = loss.targets.values(solved.moduli)
    differences = found - loss.values(part.widths_mm) + loss.differences
    size = float(np.abs(found).max()) or 1.0
    deviation = float(loss.targets.deviations(found).max())
    return replace(
        result,
        following=replace(result.following, modulus_differences=round_fitted(differences, size)),
        entry=result.entry.model_copy(update={"modulus_deviation": deviation}),
    )


def _frame_outputs(problem: TrainableProblem, widths_mm: FloatArray) -> FloatArray:
    """Return the outputs of all samples by the loaded frame as it is trained, (n_samples, n_out).

    Raises:
        LostStateError: if a sample has no stable state.
    """
    from mnnfab.trainable_models.loaded_frame import loaded_frame_model

    model = loaded_frame_model(problem)
    return model.solve(widths_mm, problem.task.loads_N).outputs_mm


def _fitted(problem: TrainableProblem, part: PortPart, found: FloatArray) -> FrameCorrection:
    """Return the correction with which the frame has the outputs of the rubber model."""
    from fem.frames.calibration import calibrate_hubs
    from mnnfab.trainable_models.loaded_frame import loaded_frame_model

    task, widths = problem.task, part.widths_mm
    frames = loaded_frame_model(problem).model.frames
    response = part.continuum.response
    hubs = calibrate_hubs(frames, widths, response, task.inputs, task.outputs).frames
    stiffness = float(round_fitted(hubs.hub_stiffness))
    uncorrected = FrameCorrection(stiffness, np.zeros_like(found))
    surrogate = replace(problem.surrogate, frame=uncorrected)
    own = _frame_outputs(replace(problem, surrogate=surrogate), widths)
    return FrameCorrection(stiffness, round_fitted(found - own, float(np.abs(found).max())))


def read_metric(
    problem: TrainableProblem, outputs_mm: FloatArray, samples: IntArray | None = None
) -> float:
    """Return the metric as read of outputs (n_samples, n_out) mm.

    Args:
        problem: problem, whose design states the error of a reading.
        outputs_mm: outputs of all samples; NaN without a stable state.
        samples: samples on which it is evaluated; all if not given.
    """
    task: ScoredTask = problem.task
    resolution = problem.design.check.resolution_mm
    if samples is None:
        return metric_as_read(task, outputs_mm, resolution).value
    chosen = replace(task, targets=task.targets[samples])
    value = metric_as_read(chosen, outputs_mm[samples], resolution).value
    if task.target_kind != "displacements":
        return value
    # Relative errors are relative to the targets of all samples.
    return value * float(np.sqrt((chosen.targets**2).mean() / (task.targets**2).mean()))


def _norm(values: FloatArray) -> float:
    return float(np.linalg.norm(values))
