"""Compensation as a stage: train, solve the continuum, correct the bars by it, train again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.compensation import Candidate, Compensation, Round, best_round, compensation_of
from mnnfab.compensation import trained_task as with_loss_scale
from mnnfab.problem import Problem, train_problem
from mnnfab.stages.model import solve_part
from mnnfab.stages.part import tile_part
from mnnfab.surrogate import Correction, Surrogate, fit_correction, relative_difference

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.tasks import Headline, Task
    from mnnfab.training import Training
    from mnnfab.watching import Clock


@dataclass(frozen=True, eq=False)
class Compensated:
    """What the loop ends with.

    Args:
        problem: with the surrogate that predicts the kept widths.
        training: that was kept.
        compensation: the rounds.
    """

    problem: Problem
    training: Training
    compensation: Compensation


@dataclass(frozen=True, eq=False)
class _Tried:
    """A round with what it leaves for the next one.

    Args:
        training: of its widths.
        surrogate: that it was trained on.
        fitted: the correction after which bars of its widths are its continuum.
        entry: its line in the record.
    """

    training: Training
    surrogate: Surrogate
    fitted: Correction
    entry: Round


def compensate(
    problem: Problem, training: Training, candidates: tuple[Candidate, ...], clock: Clock
) -> Compensated:
    """Run the loop of a design's [compensate] section.

    Args:
        problem: the design, its bars not corrected yet.
        training: on those bars.
        candidates: of the search before, for the record.
        clock: told of the progress.

    Raises:
        ToolError: if a continuum cannot be solved.
    """
    section, task = problem.design.compensate, problem.task
    assert section is not None, "only asked where there is one"
    assert task is not None, "checked with the design"
    assert task.headline is not None, "checked with the design"
    tried = [_try(problem, task, training, None, 0, clock)]
    for number in range(1, section.rounds + 1):
        corrected = with_correction(problem, tried[-1].fitted)
        sharper = with_loss_scale(task, section.loss_scale_mm)
        with clock.stage(f"train, round {number}"):
            again = train_again(replace(corrected, task=sharper), tried[-1].training, clock)
        tried.append(_try(corrected, task, again, section.loss_scale_mm, number, clock))
        if tried[-1].entry.difference <= section.tolerance:
            break
    return _keep(problem, tried, task.headline, candidates)


def train_again(problem: Problem, before: Training, clock: Clock) -> Training:
    """Train from the widths of the training before, which are nearly right already."""
    start = replace(problem, start_widths_mm=before.widths_mm)
    return train_problem(start, clock.watcher.epoch)


def with_correction(problem: Problem, correction: Correction) -> Problem:
    """Return the problem with its bars corrected."""
    return replace(problem, surrogate=replace(problem.surrogate, correction=correction))


def _try(
    problem: Problem,
    task: Task,
    training: Training,
    loss_scale_mm: float | None,
    number: int,
    clock: Clock,
) -> _Tried:
    """Solve the continuum of a training's widths and compare it with what was predicted."""
    widths, headline = training.widths_mm, task.headline
    assert headline is not None, "checked with the design"
    continuum, discretisation = solve_part(problem, task, tile_part(problem, widths), clock)
    found = continuum.response.flexibility
    predicted = problem.response(task, widths).flexibility
    correction, metrics = problem.surrogate.correction, task.metrics(found)
    entry = Round(
        number=number,
        loss_scale_mm=loss_scale_mm,
        difference=relative_difference(predicted, found),
        scale=correction.scale if correction else 1.0,
        additive=_norm(correction.additive) / _norm(found) if correction else 0.0,
        metric_predicted=headline.of(task.metrics(predicted)),
        metric=headline.of(metrics),
        metric_training=headline.in_training(metrics),
        loss_training=task.loss_value(found, task.train_rows),
        dofs=continuum.n_dofs,
        discretisation_error=discretisation.error,
    )
    bars = problem.uncorrected.response(task, widths).flexibility
    return _Tried(training, problem.surrogate, fit_correction(bars, found), entry)


def _norm(values: FloatArray) -> float:
    return float(np.linalg.norm(values))


def _keep(
    problem: Problem,
    tried: list[_Tried],
    headline: Headline,
    candidates: tuple[Candidate, ...],
) -> Compensated:
    section = problem.design.compensate
    assert section is not None, "only asked where there is one"
    entries = [one.entry for one in tried]
    best = best_round(entries, headline, section.tolerance)
    entries[best] = entries[best].model_copy(update={"kept": True})
    kept = tried[best]
    # Nothing predicted the first round: its own continuum does now.
    surrogate = kept.surrogate if best else replace(kept.surrogate, correction=kept.fitted)
    return Compensated(
        problem=replace(problem, surrogate=surrogate),
        training=kept.training,
        compensation=compensation_of(surrogate, entries, candidates),
    )
