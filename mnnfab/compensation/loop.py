"""Compensation loop: train, solve the reference model, correct the model by it, train again."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mnnfab.compensation.record import (
    Candidate,
    Compensation,
    best_round,
    compensation_of,
    with_loss_scale,
)
from mnnfab.compensation.rounds import RoundResult, evaluator
from mnnfab.errors import InputError, MnnfabError
from mnnfab.findings import Finding
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.trainable_models.trainables import trainable_of
from mnnfab.training.training import train

if TYPE_CHECKING:
    from mnnfab.design.check_section import CompensateSection
    from mnnfab.printed_part.part import PrintedPart
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.training.training import Training

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class CompensationResult:
    """Result of the compensation loop.

    Args:
        problem: the problem, with the surrogate on which the kept widths were trained.
        training: training of the kept widths.
        compensation: record of the rounds.
        findings: findings on the rounds.
        earlier_trainings: training runs of the rounds before the kept one.
        part: solved part of the kept widths; None unless they are those of the last round.
    """

    problem: Problem
    training: Training
    compensation: Compensation
    findings: tuple[Finding, ...]
    earlier_trainings: tuple[Training, ...]
    part: PrintedPart | None


def compensate(
    problem: Problem,
    training: Training,
    candidates: tuple[Candidate, ...],
    timer: StageTimer,
) -> CompensationResult:
    """Run the compensation loop of the [compensate] section.

    If a later round cannot be trained, built or solved, the loop ends with the rounds before it.

    Args:
        problem: problem with the uncorrected model.
        training: training on the uncorrected model.
        candidates: candidates of a previous search, for the record.
        timer: stage timer.

    Raises:
        InputError: if the design has no task with a metric, or no section [compensate].
        ToolError: if the reference model of the first widths cannot be solved.
        LostStateError: if the rubber model loses the path of a sample at the first widths.
    """
    problem, section = require_trainable(problem), require_section(problem)
    evaluate = evaluator(problem)
    rounds = [evaluate(problem, training, None, 0, timer)]
    findings: list[Finding] = []
    for number in range(1, section.rounds + 1):
        rounds[-1] = replace(rounds[-1], part=None)
        try:
            with timer.stage(f"train, round {number}"):
                corrected, retrained = train_corrected(
                    problem, rounds[-1], section.loss_scale_mm, timer
                )
            result = evaluate(corrected, retrained, section.loss_scale_mm, number, timer)
        except MnnfabError as error:
            message = f"round {number} failed, the earlier rounds are used: {error}"
            findings.append(Finding("loop-ended", "warning", "[compensate]", message))
            break
        log.info("round %d: difference %.3g", number, result.entry.difference)
        rounds.append(result)
        moduli_met = (result.entry.modulus_deviation or 0.0) <= 1.0
        if result.entry.difference <= section.tolerance and moduli_met:
            break
    return _select_round(problem, section, rounds, candidates, findings)


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


def train_corrected(
    problem: TrainableProblem, found: RoundResult, loss_scale_mm: float | None, timer: StageTimer
) -> tuple[TrainableProblem, Training]:
    """Correct the model by a round, and continue the training from the widths of this round.

    The training is a single run, without restarts or retries.

    Args:
        problem: problem with the uncorrected model.
        found: the round.
        loss_scale_mm: loss scale of the training; None for that of the task.
        timer: stage timer.

    Returns:
        The problem with the corrected model and the loss of the task, and the training.
    """
    corrected = replace(problem, surrogate=found.following)
    trained = replace(corrected, task=with_loss_scale(problem.task, loss_scale_mm))
    schedule = replace(problem.schedule, restarts=1, retries=0)
    start = found.training.widths_mm
    return corrected, train(trainable_of(trained), start, schedule, timer.watcher.epoch)


def _select_round(
    problem: TrainableProblem,
    section: CompensateSection,
    rounds: list[RoundResult],
    candidates: tuple[Candidate, ...],
    findings: list[Finding],
) -> CompensationResult:
    entries = [result.entry for result in rounds]
    best = best_round(entries, problem.task.primary_metric, section.tolerance)
    entries[best] = entries[best].model_copy(update={"kept": True})
    kept = rounds[best]
    if best == 0:
        message = (
            "no later round improves the training metric of round 0 on the reference model; the "
            "widths of round 0 are kept"
        )
        findings = [*findings, Finding("loop-of-no-use", "warning", "[compensate]", message)]
    return CompensationResult(
        problem=replace(problem, surrogate=kept.surrogate),
        # The record keeps the results of the restarts of the first training.
        training=replace(kept.training, restarts=rounds[0].training.restarts),
        compensation=compensation_of(kept.surrogate, entries, candidates),
        findings=tuple(findings),
        earlier_trainings=tuple(result.training for result in rounds[:best]),
        part=kept.part,
    )
