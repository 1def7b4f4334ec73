"""Reading, training and compensation of a design, and the ancestry of its initial widths."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from export.formats import require_known
from mnnfab.compensation.loop import compensate
from mnnfab.compensation.record import Candidate, Compensation, compensation_of
from mnnfab.compensation.removal import without_thin_bonds
from mnnfab.compensation.search import search
from mnnfab.design.check_section import CompensateSection
from mnnfab.design.design import Design
from mnnfab.design.design_file import LocatedDesign, load_design, locate_design
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.part import PrintedPart
from mnnfab.printed_part.tiling import coupons_of
from mnnfab.problem.loading import make_problem
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.progress.watcher import StageTimer
from mnnfab.runs.record import WIDTHS, Ancestor, as_ancestor, load_ancestry
from mnnfab.runs.run_folder import DESIGN, default_folder
from mnnfab.trainable_models.trainables import train_problem
from mnnfab.training.training import Training
from mnnfab.validation.attainable_targets import attainability_findings_before_training
from mnnfab.validation.training_results import kept_given_start, training_findings
from mnnfab.validation.width_limits import width_limit_findings


def read(
    source: Path | LocatedDesign, start_from: Path | None, out: Path | None, timer: StageTimer
) -> tuple[Problem, Path]:
    """Return the problem of a design or a design file, and the folder of its results.

    Raises:
        InputError: if the design is not valid, or its widest or narrowest part cannot be built.
    """
    with timer.stage("read"):
        found = source if isinstance(source, LocatedDesign) else locate_design(source)
        if start_from is not None:
            _check_same_network(found.design, start_from)
        start = start_from / WIDTHS if start_from else None
        problem = make_problem(found.design, found.folder, start)
        folder = out or default_folder(problem)
        if start_from is not None:
            _check_not_parent(start_from, folder)
        require_known(problem.design.export.formats)
        _refuse_unprintable(problem)
    return problem, folder


def prepare(problem: Problem, timer: StageTimer) -> tuple[Problem, tuple[Finding, ...]]:
    """Return the problem with its stiffness law calibrated, and the findings reported on it.

    If the design removes thin bonds, it is that of the network that is left.
    """
    read = _report(problem.input_findings, timer)
    problem, removed = without_thin_bonds(calibrated(problem, timer), timer)
    read = (*read, *_report(removed, timer))
    return problem, (*read, *_findings_before_training(problem, timer))


def _findings_before_training(
    problem: Problem, timer: StageTimer, known: tuple[Finding, ...] = ()
) -> tuple[Finding, ...]:
    """Return the findings before training, and report those that are not known yet."""
    with timer.stage("reach"):
        before = (*_limits(problem), *attainability_findings_before_training(problem))
    kinds = {(finding.code, finding.where) for finding in known}
    _report(tuple(one for one in before if (one.code, one.where) not in kinds), timer)
    return before


def _report(findings: tuple[Finding, ...], timer: StageTimer) -> tuple[Finding, ...]:
    for finding in findings:
        timer.watcher.finding(finding)
    return findings


def train_and_report(problem: Problem, timer: StageTimer) -> tuple[Training, tuple[Finding, ...]]:
    """Train a problem; return the training and the findings reported on it."""
    with timer.stage("train"):
        training = train_problem(problem, timer.watcher.epoch)
    return training, _report(training_findings(problem, training), timer)


@dataclass(frozen=True, eq=False)
class TrainedDesign:
    """A trained design, with compensation if the design enables it.

    Args:
        problem: the problem, with the surrogate on which the widths were trained.
        training: training of the kept widths.
        compensation: record of the compensation.
        reported: findings that were reported to the progress watcher.
        earlier_trainings: training runs of earlier rounds, in order.
        part: part of the kept widths, if it is solved already.
    """

    problem: Problem
    training: Training
    compensation: Compensation
    reported: tuple[Finding, ...]
    earlier_trainings: tuple[Training, ...] = ()
    part: PrintedPart | None = None


def train_design(
    problem: Problem,
    reported: tuple[Finding, ...],
    timer: StageTimer,
    keep: Callable[[TrainedDesign], None] = lambda _: None,
) -> TrainedDesign:
    """Train a problem, with search and compensation loop if the design enables them.

    Args:
        problem: problem of the design.
        reported: findings that were reported on it.
        timer: stage timer.
        keep: called with the results after every step, in case the next one is interrupted.
    """
    section = problem.design.compensate
    if section is None or not section.enabled:
        with timer.stage("train"):
            training = train_problem(problem, timer.watcher.epoch)
        fitted = TrainedDesign(problem, training, compensation_of(problem.surrogate), reported)
        keep(fitted)
        after = _report(training_findings(problem, training), timer)
        fitted = replace(fitted, reported=(*reported, *after))
        keep(fitted)
        return fitted
    candidates: tuple[Candidate, ...] = ()
    trainable = require_trainable(problem)
    if section.search is not None:
        chosen = search(trainable, timer)
        candidates = chosen.candidates
        if chosen.problem is not problem:  # the reported findings may not hold for another design
            trainable = _without_the_search(chosen.problem, section)
            before = _findings_before_training(trainable, timer, known=reported)
            reported = (*trainable.input_findings, *before)
        reported = (*reported, *_report(chosen.findings, timer))
    with timer.stage("train"):
        training = train_problem(trainable, timer.watcher.epoch)
    keep(TrainedDesign(trainable, training, compensation_of(trainable.surrogate), reported))
    done = compensate(trainable, training, candidates, timer)
    after = _report((*training_findings(trainable, done.training), *done.findings), timer)
    fitted = TrainedDesign(
        problem=done.problem,
        training=done.training,
        compensation=done.compensation,
        reported=(*reported, *after),
        earlier_trainings=done.earlier_trainings,
        part=done.part,
    )
    keep(fitted)
    return fitted


def _without_the_search(problem: TrainableProblem, section: CompensateSection) -> TrainableProblem:
    """Return the problem found by a search with a design that does not search again."""
    found = section.model_copy(update={"search": None})
    design = problem.design.model_copy(update={"compensate": found})
    return replace(problem, design=design)


def _limits(problem: Problem) -> list[Finding]:
    if problem.given_widths_mm is not None:
        return []
    return width_limit_findings(problem.design.fabrication, problem.printer)


def _check_not_parent(start_from: Path, folder: Path) -> None:
    """Refuse to overwrite the run from which the training starts."""
    if start_from.resolve() == folder.resolve():
        raise InputError("--from", f"{start_from} equals the output folder", "another --out")


def _check_same_network(design: Design, start_from: Path) -> None:
    """Refuse to start from an earlier run if bonds are removed before the training."""
    if design.schedule.remove_below_mm is not None:
        given = f"{start_from}, with [training] remove_below_mm"
        allowed = f"the design of that run, {start_from / DESIGN}, with the bonds that are left"
        raise InputError("--from", given, allowed)


def ancestry_of(
    problem: Problem, training: Training, start_from: Path | None
) -> tuple[Ancestor, ...]:
    """Return the ancestry of the initial widths; empty if a random start was kept instead."""
    if not kept_given_start(training):
        return ()
    if start_from is not None:
        parent = load_design(start_from / DESIGN)
        return as_ancestor(start_from, parent.name, parent.task.kind)
    if problem.start_table is not None:
        digest = hashlib.sha256(problem.start_table).hexdigest()
        known = load_ancestry(problem.folder)  # if the design of a run is run again
        if known and known[-1].widths_sha256 == digest:
            return known
        return (Ancestor(str(problem.design.schedule.start), "", 0, None, digest),)
    return ()


def _refuse_unprintable(problem: Problem) -> None:
    """Tile the narrowest and the widest part, to refuse infeasible designs before training.

    Neighbouring bonds of very unequal widths can still overlap where equal ones do not, so the
    trained widths are tiled again later.
    """
    given = problem.given_widths_mm
    limits = [np.full(problem.network.n_bonds, width) for width in problem.width_limits_mm]
    for widths in limits if given is None else [given]:
        _ = PrintedPart(problem, widths).tiling  # raises if the part cannot be built
    coupons_of(problem)
