"""Compensation loop: train, solve the continuum model, calibrate the bar model, train again."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.compensation.record import (
    Candidate,
    Compensation,
    Round,
    best_round,
    compensation_of,
    with_loss_scale,
)
from mnnfab.errors import InputError, MnnfabError
from mnnfab.findings import Finding
from mnnfab.model.agreement import relative_difference
from mnnfab.model.surrogate import Correction, Surrogate, fit_correction
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.training.training import train

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.design.check_section import CompensateSection
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.training.training import Training

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Compensated:
    """Result of the compensation loop.

    Args:
        problem: the problem, with the surrogate on which the kept widths were trained.
        training: training of the kept widths.
        compensation: record of the rounds.
        findings: findings on the rounds.
        before: training runs of the rounds before the kept one.
    """

    problem: Problem
    training: Training
    compensation: Compensation
    findings: tuple[Finding, ...]
    before: tuple[Training, ...]


@dataclass(frozen=True, eq=False)
class _Solved:
    """A round, and the correction for the next one.

    Args:
        training: training of the widths.
        surrogate: surrogate on which they were trained.
        fitted: correction that makes the bar model agree with the continuum model at these widths.
        entry: entry of the record.
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
    """Run the compensation loop of the [compensate] section.

    If a later round cannot be trained, built or solved, the loop ends with the rounds before it.

    Args:
        problem: problem with the uncorrected bar model.
        training: training on the uncorrected bar model.
        candidates: candidates of a previous search, for the record.
        timer: stage timer.

    Raises:
        InputError: if the design has no task with a metric, or no section [compensate].
        ToolError: if the continuum model of the first widths cannot be solved.
    """
    problem, section = require_trainable(problem), require_section(problem)
    rounds = [_solve(problem, training, None, 0, timer)]
    findings: list[Finding] = []
    for number in range(1, section.rounds + 1):
        corrected = problem.corrected(rounds[-1].fitted)
        round_task = with_loss_scale(problem.task, section.loss_scale_mm)
        trained = replace(corrected, task=round_task)
        try:
            with timer.stage(f"train, round {number}"):
                again = train_on(trained, rounds[-1].training.widths_mm, timer)
            found = _solve(corrected, again, section.loss_scale_mm, number, timer)
        except MnnfabError as error:
            message = f"round {number} failed, the earlier rounds are used: {error}"
            findings.append(Finding("loop-ended", "warning", "[compensate]", message))
            break
        log.info("round %d: difference %.3g", number, found.entry.difference)
        rounds.append(found)
        if found.entry.difference <= section.tolerance:
            break
    return _keep(problem, section, rounds, candidates, findings)


def require_section(problem: Problem) -> CompensateSection:
    """Return the [compensate] section of a design.

    Raises:
        InputError: if the design has none.
    """
    section = problem.design.compensate
    if section is None:
        raise InputError(
            f"{problem.design.name}, [compensate]", "missing", "a section [compensate]"
        )
    return section


def train_on(problem: TrainableProblem, widths_mm: FloatArray, timer: StageTimer) -> Training:
    """Continue the training from given widths in a single run, without restarts or retries."""
    schedule = replace(problem.schedule, restarts=1, retries=0)
    return train(problem.trainable(), widths_mm, schedule, timer.watcher.epoch)


def _solve(
    problem: TrainableProblem,
    training: Training,
    loss_scale_mm: float | None,
    number: int,
    timer: StageTimer,
) -> _Solved:
    """Solve the continuum model of the trained widths and compare it with the prediction."""
    widths, task = training.widths_mm, problem.task
    primary_metric, part = task.primary_metric, PrintedPart(problem, widths, timer)
    continuum = part.continuum
    found, predicted = continuum.response, problem.response(widths)
    correction, metrics = problem.surrogate.correction, task.metrics(found)
    entry = Round(
        number=number,
        loss_scale_mm=loss_scale_mm,
        difference=relative_difference(found, predicted, task.single_loads),
        scale=correction.scale if correction else 1.0,
        additive=_norm(correction.additive) / _norm(found.flexibility) if correction else 0.0,
        metric_predicted=primary_metric.of(task.metrics(predicted)),
        metric=primary_metric.of(metrics),
        metric_training=primary_metric.in_training(metrics),
        loss_training=task.loss_value(found, task.train_indices),
        dofs=continuum.n_dofs,
        discretisation_error=part.discretisation.error,
    )
    fitted = fit_correction(part.bars.flexibility, found.flexibility)
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
        message = (
            "no later round improves the continuum-model metric of round 0; the widths of round 0 "
            "are kept"
        )
        findings = [*findings, Finding("loop-of-no-use", "warning", "[compensate]", message)]
    return Compensated(
        problem=replace(problem, surrogate=kept.surrogate),
        # The record keeps the results of the restarts of the first training.
        training=replace(kept.training, restarts=rounds[0].training.restarts),
        compensation=compensation_of(kept.surrogate, entries, candidates),
        findings=tuple(findings),
        before=tuple(one.training for one in rounds[:best]),
    )
