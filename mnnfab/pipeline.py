"""The pipeline: stages put together, from a design file to a folder of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mnnfab.compensation import compensation_of
from mnnfab.errors import InputError
from mnnfab.findings import Finding, Verdict
from mnnfab.problem import Problem, load_problem
from mnnfab.reach_words import assess_problem, reach_text
from mnnfab.record import (
    WIDTHS,
    Record,
    load_record,
    make_record,
)
from mnnfab.report.results import Results
from mnnfab.run_folder import (
    DESIGN,
    default_folder,
    run_folder,
    write_training,
)
from mnnfab.stages.check import check_widths_on_continuum
from mnnfab.stages.ladder import climb, ladder_text
from mnnfab.stages.model import calibrated
from mnnfab.stages.train import ancestry_of, fit, load, train_and_tell
from mnnfab.stages.tray import write_tray
from mnnfab.stages.write import write_manifest, write_results
from mnnfab.training_words import training_text
from mnnfab.watching import Clock, Silent, Watcher
from mnnfab.widths_file import check_widths


@dataclass(frozen=True)
class Outcome:
    """What a command line needs to know of a finished run.

    Args:
        folder: where the results are.
        verdict: of the gate.
        findings: of all checks.
        files: names of the exported files.
        told: those of the findings that the watcher was told before.
    """

    folder: Path
    verdict: Verdict
    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    told: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Trained:
    """What a command line needs to know of a training.

    Args:
        folder: where the results are.
        words: what it came to, in a line; empty if the design gives its widths.
    """

    folder: Path
    words: str


def run(
    design_file: Path,
    out: Path | None = None,
    *,
    start_from: Path | None = None,
    force: bool = False,
    watcher: Watcher | None = None,
) -> Outcome:
    """Take a design from its file to a checked, exported part.

    Args:
        design_file: the design.
        out: folder for the results; out/<name> if not given.
        start_from: folder of an earlier run whose widths the training starts from.
        force: export even if the design fails its gate.
        watcher: told of the progress.

    Raises:
        MnnfabError: if the input cannot be used or a kernel fails; nothing is written then.
    """
    clock = Clock(watcher or Silent())
    fitted = fit(*load(design_file, start_from, out, clock), clock)
    problem, training = fitted.problem, fitted.training
    ancestry = ancestry_of(problem, training, start_from)
    record = make_record(training, ancestry, fitted.told, fitted.compensation)
    results = check_widths_on_continuum(problem, record, clock)
    folder = out or default_folder(problem)
    results = write_results(results, folder, clock, export=True, force=force)
    return _outcome(results, folder, fitted.told)


def train(
    design_file: Path,
    out: Path | None = None,
    *,
    start_from: Path | None = None,
    watcher: Watcher | None = None,
) -> Trained:
    """Train a design and write its widths; what later stages wrote there before is removed.

    Args:
        design_file: the design.
        out: folder for the results; out/<name> if not given.
        start_from: folder of an earlier run whose widths the training starts from.
        watcher: told of the progress.

    Returns:
        The folder of the results, and what the training came to.
    """
    clock = Clock(watcher or Silent())
    problem, before = load(design_file, start_from, out, clock)
    before += _left_to_run(problem, clock)
    training, after = train_and_tell(problem, clock)
    ancestry = ancestry_of(problem, training, start_from)
    compensation = compensation_of(problem.surrogate)
    record = make_record(training, ancestry, (*before, *after), compensation)
    folder = out or default_folder(problem)
    with run_folder(folder) as staging:
        write_training(staging, problem, record)
        write_manifest(staging, ())
    return Trained(folder, training_text(problem, training))


def _left_to_run(problem: Problem, clock: Clock) -> tuple[Finding, ...]:
    """Tell that a training alone is no loop, if the design wants one."""
    section = problem.design.compensate
    if section is None or not section.enabled:
        return ()
    words = "left to `mnnfab run`: these widths are trained on bars alone"
    finding = Finding("not-compensated", "warning", "[compensate]", words)
    clock.watcher.finding(finding)
    return (finding,)


def reach(design_file: Path, *, watcher: Watcher | None = None) -> str:
    """Find out what is in reach of a design's task, without training it.

    Returns:
        The report as text.

    Raises:
        InputError: if the design cannot be used or has no task.
    """
    clock = Clock(watcher or Silent())
    with clock.stage("read"):
        problem = load_problem(design_file)
    task = problem.task
    if task is None or task.kind == "none":
        raise InputError("[task] kind", '"none"', "a task whose reach can be found out")
    problem = calibrated(problem, clock)
    with clock.stage("reach"):
        found = assess_problem(problem, task)
    return reach_text(problem, task, found)


def ladder(folder: Path, *, watcher: Watcher | None = None) -> str:
    """Ask every model, from bars to the solid, what the widths in a folder do.

    Returns:
        The table as text.

    Raises:
        InputError: if there is no such run, or its design has no ports.
    """
    clock = Clock(watcher or Silent())
    problem, record = _load_run(folder, clock)
    if problem.task is None:
        raise InputError(str(folder), "a design without ports", "one with inputs and outputs")
    return ladder_text(problem.task, climb(problem, problem.task, record.widths_mm, clock))


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
    with clock.stage("tray"):
        files = write_tray(folders, out, copies=copies, gap_mm=gap_mm, force=force)
    return tuple(file.file for file in files)


def check(folder: Path, *, watcher: Watcher | None = None) -> Outcome:
    """Check the trained widths in a folder on the continuum and write the reports."""
    return _resume(folder, watcher, export=False, force=False)


def export(folder: Path, *, force: bool = False, watcher: Watcher | None = None) -> Outcome:
    """Check the trained widths in a folder, and export the part if they pass."""
    return _resume(folder, watcher, export=True, force=force)


def _resume(folder: Path, watcher: Watcher | None, *, export: bool, force: bool) -> Outcome:
    clock = Clock(watcher or Silent())
    problem, record = _load_run(folder, clock)
    problem, record = _without_stale_history(problem, record)
    results = check_widths_on_continuum(problem, record, clock)
    return _outcome(write_results(results, folder, clock, export=export, force=force), folder)


def _load_run(folder: Path, clock: Clock) -> tuple[Problem, Record]:
    """Return the problem in a folder with the surrogate that its training ended with."""
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder", "a folder that `mnnfab train` wrote")
    with clock.stage("read"):
        problem = load_problem(folder / DESIGN)
        record = load_record(folder, problem)
        check_widths(str(folder / WIDTHS), record.widths_mm, problem.width_limits_mm)
    return replace(problem, surrogate=record.compensation.surrogate), record


def _outcome(results: Results, folder: Path, told: tuple[Finding, ...] = ()) -> Outcome:
    return Outcome(
        folder=folder,
        verdict=results.verdict,
        findings=results.findings,
        files=tuple(file.file for file in results.files),
        told=told,
    )


def _without_stale_history(problem: Problem, record: Record) -> tuple[Problem, Record]:
    """Drop what does not belong to these widths, if they were changed by hand.

    History, rounds and the correction of the bars are of others; the calibration of the
    stiffness law is of none.
    """
    task, losses = problem.task, record.history.get("loss_train")
    if task is None or losses is None:
        return problem, record
    predicted = problem.response(task, record.widths_mm).flexibility
    loss = record.trained_on(task).loss_value(predicted, task.train_rows)
    # Losses have no unit; one of nearly zero, a perfect fit, is all rounding.
    if np.isclose(loss, losses[-1], rtol=1e-9, atol=1e-12):
        return problem, record
    message = f"has loss {loss:.6g}, its training ended with {losses[-1]:.6g}: history left out"
    finding = Finding("widths-changed", "warning", WIDTHS, message)
    problem = problem.uncorrected
    known = compensation_of(problem.surrogate)
    return problem, Record(record.widths_mm, {}, {}, findings=(finding,), compensation=known)
