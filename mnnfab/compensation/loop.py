"""Compensation as a stage: train, solve the continuum, correct the bars by it, train on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.compensation.record import Candidate, Compensation, Round, best_round, compensation_of
from mnnfab.compensation.record import trained_task as with_loss_scale
from mnnfab.errors import InputError, MnnfabError
from mnnfab.findings import Finding
from mnnfab.model.surrogate import Correction, Surrogate, fit_correction, relative_difference
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.training.training import train

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.design.check_section import CompensateSection
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.task.task import Task
    from mnnfab.training.training import Training


@dataclass(frozen=True, eq=False)
class Compensated:
    """What the loop ends with.

    Args:
        problem: with the surrogate that the kept widths were trained on.
        training: that was kept.
        compensation: the rounds.
        findings: what a user should know of them.
        before: the trainings that the kept one went on from.
    """

    problem: Problem
    training: Training
    compensation: Compensation
    findings: tuple[Finding, ...]
    before: tuple[Training, ...]


@dataclass(frozen=True, eq=False)
class _Solved:
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
    problem: Problem,
    training: Training,
    candidates: tuple[Candidate, ...],
    timer: StageTimer,
) -> Compensated:
    """Run the loop of a design's [compensate] section.

    A later round that cannot be trained, built or solved ends the loop with those before it.

    Args:
        problem: the design, its bars not corrected yet.
        training: on those bars.
        candidates: of the search before, for the record.
        timer: told of the progress.

    Raises:
        InputError: if the design has no task with a metric, or no [compensate].
        ToolError: if the continuum of the first widths cannot be solved.
    """
    problem, section = require_trainable(problem), require_section(problem)
    rounds = [_solve(problem, training, None, 0, timer)]
    findings: list[Finding] = []
    for number in range(1, section.rounds + 1):
        corrected = problem.corrected(rounds[-1].fitted)
        sharper = with_loss_scale(problem.task, section.loss_scale_mm)
        try:
            with timer.stage(f"train, round {number}"):
                again = train_on(corrected, sharper, rounds[-1].training.widths_mm, timer)
            found = _solve(corrected, again, section.loss_scale_mm, number, timer)
        except MnnfabError as error:
            words = f"round {number} failed, those before it count: {error}"
            findings.append(Finding("loop-ended", "warning", "[compensate]", words))
            break
        rounds.append(found)
        if found.entry.difference <= section.tolerance:
            break
    return _keep(problem, section, rounds, candidates, findings)


def require_section(problem: Problem) -> CompensateSection:
    """Return the [compensate] section of a design.

    Raises:
        InputError: if it has none.
    """
    section = problem.design.compensate
    if section is None:
        raise InputError(
            f"{problem.design.name}, [compensate]", "missing", "a section [compensate]"
        )
    return section


def train_on(problem: Problem, task: Task, widths_mm: FloatArray, timer: StageTimer) -> Training:
    """Train on from widths that are nearly right already, once, whatever the design's restarts."""
    schedule = replace(problem.schedule, restarts=1, retries=0)
    return train(problem.trainable(task), widths_mm, schedule, timer.watcher.epoch)


def _solve(
    problem: TrainableProblem,
    training: Training,
    loss_scale_mm: float | None,
    number: int,
    timer: StageTimer,
) -> _Solved:
    """Solve the continuum of a training's widths and compare it with what was predicted."""
    widths, task = training.widths_mm, problem.task
    primary_metric, part = task.primary_metric, PrintedPart(problem, widths, timer)
    continuum = part.continuum
    found, predicted = continuum.response, problem.response(task, widths)
    correction, metrics = problem.surrogate.correction, task.metrics(found)
    entry = Round(
        number=number,
        loss_scale_mm=loss_scale_mm,
        difference=relative_difference(predicted.flexibility, found.flexibility),
        scale=correction.scale if correction else 1.0,
        additive=_norm(correction.additive) / _norm(found.flexibility) if correction else 0.0,
        metric_predicted=primary_metric.of(task.metrics(predicted)),
        metric=primary_metric.of(metrics),
        metric_training=primary_metric.in_training(metrics),
        loss_training=task.loss_value(found, task.train_indices),
        dofs=continuum.n_dofs,
        discretisation_error=part.discretisation.error,
    )
    bars = problem.uncorrected.response(task, widths)
    fitted = fit_correction(bars.flexibility, found.flexibility)
    return _Solved(training, problem.surrogate, fitted, entry)


def _norm(values: FloatArray) -> float:
    return float(np.linalg.norm(values))


def _keep(
    problem: TrainableProblem,
    section: CompensateSection,
    rounds: list[_Solved],
    candidates: tuple[Candidate, ...],
    findings: list[Finding],
) -> Compensated:
    entries = [one.entry for one in rounds]
    best = best_round(entries, problem.task.primary_metric, section.tolerance)
    entries[best] = entries[best].model_copy(update={"kept": True})
    kept = rounds[best]
    if best == 0:
        words = (
            "no later round does as well on the continuum: what was trained on plain bars is kept"
        )
        findings = [*findings, Finding("loop-of-no-use", "warning", "[compensate]", words)]
    return Compensated(
        problem=replace(problem, surrogate=kept.surrogate),
        # How the first trainings from several starts ended stays on record.
        training=replace(kept.training, restarts=rounds[0].training.restarts),
        compensation=compensation_of(kept.surrogate, entries, candidates),
        findings=tuple(findings),
        before=tuple(one.training for one in rounds[:best]),
    )
