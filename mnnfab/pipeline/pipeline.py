"""The pipeline: stages put together, from a design file to a folder of results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab.compensation.record import compensation_of
from mnnfab.design.design_file import Located
from mnnfab.errors import InputError, Interrupted
from mnnfab.findings import Finding, Verdict
from mnnfab.io.atomic_folder import settle
from mnnfab.io.folder_lock import claimed, settle_unless_claimed
from mnnfab.io.json_values import as_plain
from mnnfab.pipeline.fitting import Fitted, ancestry_of, fit, prepare, read, train_and_tell
from mnnfab.pipeline.trays import write_tray
from mnnfab.pipeline.writing import Wanted, write_manifest, write_results
from mnnfab.printed_part.calibration import calibrated
from mnnfab.problem.problem import Problem, load_problem
from mnnfab.problem.request_hash import request_of
from mnnfab.progress.live import Follower
from mnnfab.progress.watcher import Clock, Silent, Watcher
from mnnfab.runs.load import load_run, require_run
from mnnfab.runs.record import WIDTHS, Record, make_record
from mnnfab.runs.run_folder import (
    earlier_results,
    exported_names,
    run_folder,
    write_training,
)
from mnnfab.validation.check import check_part
from mnnfab.validation.model_hierarchy import climb, ladder_text
from mnnfab.validation.reachability import assess_problem, reach_text
from mnnfab.validation.results import Results
from mnnfab.validation.training import training_text


@dataclass(frozen=True)
class Outcome:
    """What a command line needs to know of a finished run.

    Args:
        folder: where the results are.
        verdict: of the gate.
        findings: of all checks.
        files: names of the exported files.
        told: those of the findings that the watcher was told before.
        removed: files of an earlier part that this one's results do not go with.
    """

    folder: Path
    verdict: Verdict
    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    told: tuple[Finding, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What a command line needs to know of a training.

    Args:
        folder: where the results are.
        words: what it came to, in a line; empty if the design gives its widths.
        removed: files of an earlier part, which is not of these widths.
    """

    folder: Path
    words: str
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """An answer that is written nowhere.

    Args:
        text: for people.
        values: the same for programs.
    """

    text: str
    values: Mapping[str, Any]


def run(
    design: Path | Located,
    out: Path | None = None,
    *,
    start_from: Path | None = None,
    force: bool = False,
    pdf: bool = False,
    watcher: Watcher | None = None,
) -> Outcome:
    """Take a design from its file to a checked, exported part.

    Args:
        design: file of the design, or the design itself.
        out: folder for the results; out/<name> if not given.
        start_from: folder of an earlier run whose widths the training starts from.
        force: export even if the design fails its gate.
        pdf: write the report as PDF too.
        watcher: told of the progress.

    Raises:
        MnnfabError: if the input cannot be used or a kernel fails; nothing is written then.
        Interrupted: by Ctrl-C after the training, with its widths in the folder.
    """
    wanted = _wanted(Wanted(force=force, pdf=pdf))
    with _opened(design, start_from, out, watcher) as work:
        before = exported_names(work.folder)
        results, told = _made(work, start_from, wanted)
    return _outcome(results, work.folder, before, told)


def _wanted(wanted: Wanted) -> Wanted:
    """Return what is wanted, once it is known that it can be had."""
    if wanted.pdf:
        from mnnfab.report.pdf import require_pdf

        require_pdf()
    return wanted


@dataclass(frozen=True)
class _Work:
    """A design that was read, and the claimed folder that its results go to."""

    problem: Problem
    folder: Path
    clock: Clock


@contextmanager
def _opened(
    design: Path | Located, start_from: Path | None, out: Path | None, watcher: Watcher | None
) -> Iterator[_Work]:
    """Read a design, and keep others out of the folder of its results."""
    clock = Clock(watcher or Silent())
    problem, folder = read(design, start_from, out, clock)
    with claimed(folder):
        clock.watcher = Follower(clock.watcher, folder, problem.design.name)
        yield _Work(problem, folder, clock)


def _made(
    work: _Work, start_from: Path | None, wanted: Wanted
) -> tuple[Results, tuple[Finding, ...]]:
    """Train, check and write; if that is interrupted, keep the widths that there are."""
    trained: list[Fitted] = []
    clock, folder = work.clock, work.folder
    try:
        fitted = fit(*prepare(work.problem, clock), clock, trained.append)
        record = _record(fitted, start_from)
        results = check_part(fitted.problem, record, clock)
        request = request_of(work.problem, force=wanted.force, pdf=wanted.pdf)
        results = write_results(results, folder, clock, replace(wanted, request=request))
    except KeyboardInterrupt as error:
        settle(folder)  # should it have come while files were moved
        # What is whole already must not give way to what is not.
        if not trained or earlier_results(folder):
            raise
        _write_widths(folder, trained[-1].problem, _record(trained[-1], start_from))
        raise Interrupted(folder) from error
    return results, fitted.told


def _record(fitted: Fitted, start_from: Path | None) -> Record:
    ancestry = ancestry_of(fitted.problem, fitted.training, start_from)
    return make_record(fitted.training, ancestry, fitted.told, fitted.compensation, fitted.before)


def _write_widths(folder: Path, problem: Problem, record: Record) -> None:
    with run_folder(folder) as staging:
        write_training(staging, problem, record)
        write_manifest(staging, ())


def train(
    design: Path | Located,
    out: Path | None = None,
    *,
    start_from: Path | None = None,
    watcher: Watcher | None = None,
) -> Trained:
    """Train a design and write its widths; what later stages wrote there before is removed.

    Args:
        design: file of the design, or the design itself.
        out: folder for the results; out/<name> if not given.
        start_from: folder of an earlier run whose widths the training starts from.
        watcher: told of the progress.

    Returns:
        The folder of the results, and what the training came to.
    """
    with _opened(design, start_from, out, watcher) as work:
        clock = work.clock
        problem, before = prepare(work.problem, clock)
        before += _left_to_run(problem, clock)
        training, after = train_and_tell(problem, clock)
        if training.stopped and earlier_results(work.folder):
            raise KeyboardInterrupt  # what is whole must not give way to what is not
        compensation = compensation_of(problem.surrogate)
        fitted = Fitted(problem, training, compensation, (*before, *after))
        removed = exported_names(work.folder)
        _write_widths(work.folder, problem, _record(fitted, start_from))
        if training.stopped:
            raise Interrupted(work.folder)
    return Trained(work.folder, training_text(problem, training), removed)


def _left_to_run(problem: Problem, clock: Clock) -> tuple[Finding, ...]:
    """Tell that a training alone is no loop, if the design wants one."""
    section = problem.design.compensate
    if section is None or not section.enabled:
        return ()
    words = "left to `mnnfab run`: these widths are trained on bars alone"
    finding = Finding("not-compensated", "warning", "[compensate]", words)
    clock.watcher.finding(finding)
    return (finding,)


def reach(design_file: Path, *, watcher: Watcher | None = None) -> Told:
    """Find out what is in reach of a design's task, without training it.

    Returns:
        What was found, in words and in values.

    Raises:
        InputError: if the design cannot be used or has no task.
    """
    clock = Clock(watcher or Silent())
    with clock.stage("read"):
        problem = load_problem(design_file)
    task = problem.task
    if task is None or task.kind == "none":
        raise InputError("[task] kind", '"none"', "behaviour, regression or classification")
    problem = calibrated(problem, clock)
    with clock.stage("reach"):
        found = assess_problem(problem, task)
    return Told(reach_text(problem, task, found), as_plain(found))


def ladder(folder: Path, *, watcher: Watcher | None = None) -> Told:
    """Ask every model, from bars to the solid, what the widths in a folder do.

    Returns:
        The table, in words and in values.

    Raises:
        InputError: if there is no such run, or its design has no ports.
    """
    clock = Clock(watcher or Silent())
    require_run(folder)
    settle_unless_claimed(folder)
    problem, record = load_run(folder, clock)
    if problem.task is None:
        raise InputError(str(folder), "a design without ports", "one with inputs and outputs")
    found = climb(problem, problem.task, record.widths_mm, clock)
    return Told(ladder_text(problem.task, found), as_plain(found))


def tray(
    folders: Sequence[Path],
    out: Path,
    *,
    copies: int = 1,
    gap_mm: float = 5.0,
    force: bool = False,
    watcher: Watcher | None = None,
) -> tuple[str, ...]:
    """Put the parts of earlier runs on as few trays as they fit, in 3MF and STL.

    Args:
        folders: of runs that passed their gate.
        out: folder for the results.
        copies: of each part.
        gap_mm: between parts, and to the rim of the tray.
        force: take designs that failed their gate too.
        watcher: told of the progress.

    Returns:
        The names of the files.
    """
    clock = Clock(watcher or Silent())
    for folder in folders:
        settle_unless_claimed(folder)
    with claimed(out), clock.stage("tray"):
        files = write_tray(folders, out, copies=copies, gap_mm=gap_mm, force=force)
    return tuple(file.file for file in files)


def check(folder: Path, *, pdf: bool = False, watcher: Watcher | None = None) -> Outcome:
    """Check the trained widths in a folder on the continuum and write the reports."""
    return _resume(folder, watcher, Wanted(export=False, pdf=pdf))


def export(
    folder: Path, *, force: bool = False, pdf: bool = False, watcher: Watcher | None = None
) -> Outcome:
    """Check the trained widths in a folder, and export the part if they pass."""
    return _resume(folder, watcher, Wanted(force=force, pdf=pdf))


def _resume(folder: Path, watcher: Watcher | None, wanted: Wanted) -> Outcome:
    clock = Clock(watcher or Silent())
    require_run(folder)
    _wanted(wanted)
    with claimed(folder):
        problem, record = load_run(folder, clock)
        clock.watcher = Follower(clock.watcher, folder, problem.design.name)
        problem, record = _without_stale_history(problem, record)
        results = check_part(problem, record, clock)
        before = exported_names(folder)
        results = write_results(results, folder, clock, wanted)
    return _outcome(results, folder, before)


def _outcome(
    results: Results, folder: Path, before: tuple[str, ...], told: tuple[Finding, ...] = ()
) -> Outcome:
    files = tuple(file.file for file in results.files)
    return Outcome(
        folder=folder,
        verdict=results.verdict,
        findings=results.findings,
        files=files,
        told=told,
        removed=tuple(name for name in before if not (folder / name).exists()),
    )


def _without_stale_history(problem: Problem, record: Record) -> tuple[Problem, Record]:
    """Drop what does not belong to these widths, if they were changed by hand.

    History, rounds and the correction of the bars are of others; the calibration of the
    stiffness law is of none.
    """
    task, losses = problem.task, record.history.get("loss_train")
    if task is None or losses is None:
        return problem, record
    predicted = problem.response(task, record.widths_mm)
    loss = record.trained_on(task).loss_value(predicted, task.train_rows)
    # Losses have no unit; one of nearly zero, a perfect fit, is all rounding.
    if np.isclose(loss, losses[-1], rtol=1e-9, atol=1e-12):
        return problem, record
    message = f"has loss {loss:.6g}, its training ended with {losses[-1]:.6g}: history left out"
    finding = Finding("widths-changed", "warning", WIDTHS, message)
    problem = problem.uncorrected
    known = compensation_of(problem.surrogate)
    return problem, Record(record.widths_mm, {}, {}, findings=(finding,), compensation=known)
