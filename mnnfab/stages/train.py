"""Training as a stage: a design read, trained, and told of; and what its start comes from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.formats import require_known
from mnnfab.compensation import Candidate, Compensation, compensation_of
from mnnfab.design_file import load_design
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.problem import Problem, load_problem, train_problem
from mnnfab.reach_words import findings_before_training
from mnnfab.record import WIDTHS, Ancestor, as_ancestor, load_ancestry
from mnnfab.run_folder import DESIGN, default_folder
from mnnfab.stages.compensate import compensate
from mnnfab.stages.model import calibrated
from mnnfab.stages.part import coupons_of, tile_part
from mnnfab.stages.search import search
from mnnfab.training import Training
from mnnfab.training_words import findings_of_training, kept_given_start
from mnnfab.watching import Clock
from mnnfab.width_limits import findings_of_limits


def load(
    design_file: Path, start_from: Path | None, out: Path | None, clock: Clock
) -> tuple[Problem, tuple[Finding, ...]]:
    """Return the problem, its stiffness law calibrated, and what the watcher was told of it."""
    with clock.stage("read"):
        problem = load_problem(design_file, start_from / WIDTHS if start_from else None)
        if start_from is not None:
            _keep_the_parent(start_from, out or default_folder(problem))
        require_known(problem.design.export.formats)
        _refuse_unprintable(problem)
    problem = calibrated(problem, clock)
    return problem, _told_before(problem, clock)


def _told_before(problem: Problem, clock: Clock) -> tuple[Finding, ...]:
    """Return what a user should know before training, and tell the watcher."""
    with clock.stage("reach"):
        before = (*_limits(problem), *findings_before_training(problem))
    return _tell(before, clock)


def _tell(findings: tuple[Finding, ...], clock: Clock) -> tuple[Finding, ...]:
    for finding in findings:
        clock.watcher.finding(finding)
    return findings


def train_and_tell(problem: Problem, clock: Clock) -> tuple[Training, tuple[Finding, ...]]:
    """Return the training of a problem, and what the watcher was told of it."""
    with clock.stage("train"):
        training = train_problem(problem, clock.watcher.epoch)
    return training, _tell(findings_of_training(problem, training), clock)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A design trained, and compensated if it wants that.

    Args:
        problem: with the surrogate that the widths were trained on.
        training: that was kept.
        compensation: the rounds.
        told: what the watcher was told of all of it.
    """

    problem: Problem
    training: Training
    compensation: Compensation
    told: tuple[Finding, ...]


def fit(problem: Problem, told: tuple[Finding, ...], clock: Clock) -> Fitted:
    """Train a problem, with search and loop if its design wants them.

    Args:
        problem: the design, loaded.
        told: what the watcher was told of it.
        clock: told of the progress.
    """
    section = problem.design.compensate
    if section is None or not section.enabled:
        training, after = train_and_tell(problem, clock)
        return Fitted(problem, training, compensation_of(problem.surrogate), (*told, *after))
    candidates: tuple[Candidate, ...] = ()
    if section.search is not None:
        chosen = search(problem, clock)
        candidates = chosen.candidates
        if chosen.problem is not problem:  # another design: what was said may not hold of it
            problem, told = chosen.problem, _told_before(chosen.problem, clock)
    with clock.stage("train"):
        training = train_problem(problem, clock.watcher.epoch)
    done = compensate(problem, training, candidates, clock)
    after = _tell((*findings_of_training(problem, done.training), *done.findings), clock)
    return Fitted(done.problem, done.training, done.compensation, (*told, *after))


def _limits(problem: Problem) -> list[Finding]:
    if problem.given_widths_mm is not None:
        return []
    return findings_of_limits(problem.design.fabrication, problem.printer)


def _keep_the_parent(start_from: Path, folder: Path) -> None:
    """Refuse to write over the run that the training starts from."""
    if start_from.resolve() == folder.resolve():
        raise InputError("--from", f"{start_from}, where the results go", "another --out")


def ancestry_of(
    problem: Problem, training: Training, start_from: Path | None
) -> tuple[Ancestor, ...]:
    """Return what the training's start comes from; nothing if another start did better."""
    if not kept_given_start(training):
        return ()
    if start_from is not None:
        parent = load_design(start_from / DESIGN)
        return as_ancestor(start_from, parent.name, parent.task.kind)
    if problem.start_table is not None:
        digest = hashlib.sha256(problem.start_table).hexdigest()
        known = load_ancestry(problem.folder)  # of a run whose design is run again
        if known and known[-1].widths_sha256 == digest:
            return known
        return (Ancestor(str(problem.design.schedule.start), "", 0, None, digest),)
    return ()


def _refuse_unprintable(problem: Problem) -> None:
    """Tile the narrowest and the widest part: better refused now than after training.

    Neighbours of very unequal widths can still overlap where equal ones do not; the
    trained widths are tiled again.
    """
    given = problem.given_widths_mm
    limits = [np.full(problem.network.n_bonds, width) for width in problem.width_limits_mm]
    for widths in limits if given is None else [given]:
        tile_part(problem, widths)
    coupons_of(problem)
