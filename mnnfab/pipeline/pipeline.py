"""The pipeline: all stages from a design file to a folder of results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab.compensation.record import compensation_of
from mnnfab.design.design_file import LocatedDesign
from mnnfab.errors import Interrupted
from mnnfab.findings import Finding, Verdict
from mnnfab.io.atomic_folder import recover
from mnnfab.io.folder_lock import locked_folder, recover_unless_locked
from mnnfab.io.json_values import to_jsonable
from mnnfab.pipeline.fitting import (
    TrainedDesign,
    ancestry_of,
    prepare,
    read,
    train_and_report,
    train_design,
)
from mnnfab.pipeline.trays import write_tray
from mnnfab.pipeline.writing import OutputOptions, write_manifest, write_results
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.part import PrintedPart
from mnnfab.printed_part.reactions import with_reactions
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import Problem, has_ports, require_ports, require_trainable
from mnnfab.problem.request_hash import request_of
from mnnfab.progress.live import ProgressFileWatcher
from mnnfab.progress.watcher import NullWatcher, ProgressWatcher, StageTimer
from mnnfab.report.key_figures import key_values
from mnnfab.runs.load import load_run, require_run
from mnnfab.runs.record import WIDTHS, Record, make_record
from mnnfab.runs.run_folder import (
    earlier_results,
    exported_names,
    run_folder,
    write_training,
)
from mnnfab.validation.attainable_targets import assess_problem, reachability_text
from mnnfab.validation.check import check_part
from mnnfab.validation.model_hierarchy import evaluate_models, hierarchy_text, hierarchy_values
from mnnfab.validation.results import Results
from mnnfab.validation.training_results import training_text
from mnnfab.validation.verdicts import PartialVerdict


@dataclass(frozen=True)
class Outcome:
    """Outcome of a finished run, for the command line.

    Args:
        folder: folder of the results.
        verdict: verdict on the part: pass if all partial verdicts are.
        partial_verdicts: verdicts on printability, stability and task.
        findings: findings of all checks.
        files: names of the exported files.
        reported: findings that were reported to the progress watcher during the run.
        removed: removed files of an earlier part, which do not belong to the new results.
        key_figures: key figures of the part, as in `report.json`.
        seconds: time of all stages.
    """

    folder: Path
    verdict: Verdict
    partial_verdicts: tuple[PartialVerdict, ...]
    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    reported: tuple[Finding, ...] = ()
    removed: tuple[str, ...] = ()
    key_figures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True)
class TrainingOutcome:
    """Outcome of a training, for the command line.

    Args:
        folder: folder of the results.
        summary: result in one line; empty if the design gives its widths.
        removed: removed files of an earlier part, which has other widths.
    """

    folder: Path
    summary: str
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class QueryResult:
    """Result of a query that writes no files.

    Args:
        text: result as text for a terminal.
        values: the same as values for JSON.
    """

    text: str
    values: Mapping[str, Any]


def run(
    design: Path | LocatedDesign,
    out: Path | None = None,
    *,
    start_from: Path | None = None,
    force: bool = False,
    pdf: bool = False,
    thorough: bool = False,
    watcher: ProgressWatcher | None = None,
) -> Outcome:
    """Train, check and export the part of a design.

    Args:
        design: design file, or a design with its location.
        out: folder for the results; out/<name> if not given.
        start_from: folder of an earlier run, whose widths are the initial widths.
        force: export even if the acceptance criteria are not met.
        pdf: also write the report as PDF.
        thorough: solve all samples of the loaded part by the rubber model.
        watcher: progress watcher.

    Raises:
        MnnfabError: if the input is not valid or a kernel fails; after the training, the trained
            widths are in the folder unless it has earlier results.
        Interrupted: on Ctrl-C after the training; the trained widths are in the folder.
    """
    options = _check_available(OutputOptions(force=force, pdf=pdf))
    with _locked_design(design, start_from, out, watcher) as locked:
        before = exported_names(locked.folder)
        problem = _checked_thoroughly(locked.problem, thorough=thorough)
        run_ = replace(locked, problem=problem)
        results, reported = _run_and_write(run_, start_from, options)
    return _outcome(results, locked.folder, before, reported)


def _checked_thoroughly(problem: Problem, *, thorough: bool) -> Problem:
    """Return the problem with `[check] thorough = true` if that is requested."""
    if not thorough:
        return problem
    check = problem.design.check.model_copy(update={"thorough": True})
    return replace(problem, design=problem.design.model_copy(update={"check": check}))


def _check_available(options: OutputOptions) -> OutputOptions:
    """Return the options after checking that the required packages are installed."""
    if options.pdf:
        from mnnfab.report.pdf import require_pdf

        require_pdf()
    return options


@dataclass(frozen=True)
class _LockedRun:
    """A problem, the locked folder of its results, and the stage timer."""

    problem: Problem
    folder: Path
    timer: StageTimer


@contextmanager
def _locked_design(
    design: Path | LocatedDesign,
    start_from: Path | None,
    out: Path | None,
    watcher: ProgressWatcher | None,
) -> Iterator[_LockedRun]:
    """Read a design and lock the folder of its results in the context."""
    timer = StageTimer(watcher or NullWatcher())
    problem, folder = read(design, start_from, out, timer)
    with locked_folder(folder):
        timer.watcher = ProgressFileWatcher(timer.watcher, folder, problem.design.name)
        yield _LockedRun(problem, folder, timer)


def _run_and_write(
    locked: _LockedRun, start_from: Path | None, options: OutputOptions
) -> tuple[Results, tuple[Finding, ...]]:
    """Train, check and write the results; on Ctrl-C or an error write the trained widths."""
    trained: list[TrainedDesign] = []
    timer, folder = locked.timer, locked.folder
    try:
        fitted = train_design(*prepare(locked.problem, timer), timer, trained.append)
        record = _record(fitted, start_from)
        results = check_part(fitted.problem, record, timer, fitted.part)
        request = request_of(locked.problem, force=options.force, pdf=options.pdf)
        results = write_results(results, folder, timer, replace(options, request=request))
    except KeyboardInterrupt as error:
        recover(folder)  # in case files were being moved
        # Complete results of an earlier run are not replaced by incomplete ones.
        if not trained or earlier_results(folder):
            raise
        record = _record(trained[-1], start_from)
        _write_widths(folder, trained[-1].problem, record, interrupted=True)
        raise Interrupted(folder) from error
    except Exception as error:
        if trained:
            _keep_widths(error, folder, trained[-1], start_from)
        raise
    return results, fitted.reported


def _keep_widths(
    error: Exception, folder: Path, trained: TrainedDesign, start_from: Path | None
) -> None:
    """Write the widths of a run that failed after its training, and note it in the error.

    Complete results of an earlier run are not replaced.
    """
    with suppress(Exception):  # what prevents this, as a full disk, is the first error too
        recover(folder)
        if not earlier_results(folder):
            _write_widths(folder, trained.problem, _record(trained, start_from))
            error.add_note(f"the trained widths are kept in {folder}; see `mnnfab export`")


def _record(fitted: TrainedDesign, start_from: Path | None) -> Record:
    ancestry = ancestry_of(fitted.problem, fitted.training, start_from)
    return make_record(
        fitted.training, ancestry, fitted.reported, fitted.compensation, fitted.earlier_trainings
    )


def _write_widths(
    folder: Path, problem: Problem, record: Record, *, interrupted: bool = False
) -> None:
    with run_folder(folder) as staging:
        write_training(staging, problem, record)
        write_manifest(staging, (), interrupted=interrupted)


def train(
    design: Path | LocatedDesign,
    out: Path | None = None,
    *,
    start_from: Path | None = None,
    watcher: ProgressWatcher | None = None,
) -> TrainingOutcome:
    """Train a design and write its widths; results of later stages in the folder are removed.

    Args:
        design: design file, or a design with its location.
        out: folder for the results; out/<name> if not given.
        start_from: folder of an earlier run, whose widths are the initial widths.
        watcher: progress watcher.

    Returns:
        The folder of the results, and the result of the training.
    """
    with _locked_design(design, start_from, out, watcher) as locked:
        timer = locked.timer
        problem, before = prepare(locked.problem, timer)
        before += _warn_not_compensated(problem, timer)
        training, after = train_and_report(problem, timer)
        if training.stopped and earlier_results(locked.folder):
            raise KeyboardInterrupt  # complete earlier results are kept
        compensation = compensation_of(problem.surrogate)
        fitted = TrainedDesign(problem, training, compensation, (*before, *after))
        removed = exported_names(locked.folder)
        record = _record(fitted, start_from)
        _write_widths(locked.folder, problem, record, interrupted=training.stopped)
        if training.stopped:
            raise Interrupted(locked.folder)
    return TrainingOutcome(locked.folder, training_text(problem, training), removed)


def _warn_not_compensated(problem: Problem, timer: StageTimer) -> tuple[Finding, ...]:
    """Report that training alone does not compensate, if the design enables compensation."""
    section = problem.design.compensate
    if section is None or not section.enabled:
        return ()
    message = "compensation is not part of `mnnfab train`; the widths are trained without it"
    finding = Finding("not-compensated", "warning", "[compensate]", message)
    timer.watcher.finding(finding)
    return (finding,)


def reach(design_file: Path, *, watcher: ProgressWatcher | None = None) -> QueryResult:
    """Estimate the attainable outputs and targets of a design, without training it.

    Returns:
        The result as text and as values.

    Raises:
        InputError: if the design is not valid or has no task.
    """
    timer = StageTimer(watcher or NullWatcher())
    with timer.stage("read"):
        problem = require_trainable(load_problem(design_file))
    for finding in problem.input_findings:
        timer.watcher.finding(finding)
    problem = calibrated(problem, timer)
    with timer.stage("reach"):
        found = assess_problem(problem)
    return QueryResult(reachability_text(problem, found), to_jsonable(found))


def ladder(folder: Path, *, watcher: ProgressWatcher | None = None) -> QueryResult:
    """Evaluate the widths in a folder with all models, from the bar model to the solid.

    Returns:
        The table as text and as values.

    Raises:
        InputError: if the folder is not a run, or its design has no ports.
    """
    timer = StageTimer(watcher or NullWatcher())
    require_run(folder)
    recover_unless_locked(folder)
    problem, record = load_run(folder, timer)
    part, _ = with_reactions(PrintedPart(require_ports(problem), record.widths_mm, timer))
    found = evaluate_models(part)
    return QueryResult(hierarchy_text(part.problem.task, found), hierarchy_values(found))


def tray(
    folders: Sequence[Path],
    out: Path,
    *,
    copies: int = 1,
    gap_mm: float = 5.0,
    force: bool = False,
    watcher: ProgressWatcher | None = None,
) -> tuple[str, ...]:
    """Place the parts of earlier runs on as few trays as possible and write them as 3MF and STL.

    Args:
        folders: folders of runs that meet their acceptance criteria.
        out: folder for the results.
        copies: number of copies of each part.
        gap_mm: gap between parts, and to the rim of the tray.
        force: include designs that do not meet the acceptance criteria.
        watcher: progress watcher.

    Returns:
        Names of the files.
    """
    timer = StageTimer(watcher or NullWatcher())
    for folder in folders:
        recover_unless_locked(folder)
    with locked_folder(out), timer.stage("tray"):
        files = write_tray(folders, out, copies=copies, gap_mm=gap_mm, force=force)
    return tuple(file.file for file in files)


def check(
    folder: Path,
    *,
    pdf: bool = False,
    thorough: bool = False,
    watcher: ProgressWatcher | None = None,
) -> Outcome:
    """Check the trained widths in a folder with all models and write the reports."""
    options = OutputOptions(export=False, pdf=pdf)
    return _resume(folder, watcher, options, thorough=thorough)


def export(
    folder: Path,
    *,
    force: bool = False,
    pdf: bool = False,
    thorough: bool = False,
    watcher: ProgressWatcher | None = None,
) -> Outcome:
    """Check the trained widths in a folder, and export the part if the criteria are met."""
    return _resume(folder, watcher, OutputOptions(force=force, pdf=pdf), thorough=thorough)


def _resume(
    folder: Path, watcher: ProgressWatcher | None, options: OutputOptions, *, thorough: bool
) -> Outcome:
    timer = StageTimer(watcher or NullWatcher())
    require_run(folder)
    _check_available(options)
    with locked_folder(folder):
        problem, record = load_run(folder, timer)
        timer.watcher = ProgressFileWatcher(timer.watcher, folder, problem.design.name)
        problem = _checked_thoroughly(problem, thorough=thorough)
        problem, record = _without_stale_history(problem, record)
        results = check_part(problem, record, timer)
        before = exported_names(folder)
        results = write_results(results, folder, timer, options)
    return _outcome(results, folder, before)


def _outcome(
    results: Results, folder: Path, before: tuple[str, ...], reported: tuple[Finding, ...] = ()
) -> Outcome:
    files = tuple(file.file for file in results.files)
    return Outcome(
        folder=folder,
        verdict=results.verdict,
        partial_verdicts=results.partial_verdicts,
        findings=results.findings,
        files=files,
        reported=reported,
        removed=tuple(name for name in before if not (folder / name).exists()),
        key_figures=key_values(results),
        seconds=sum(results.timings_s.values()),
    )


def _without_stale_history(problem: Problem, record: Record) -> tuple[Problem, Record]:
    """Return problem and record without the training history if the widths were changed since.

    History, rounds and the correction of the bar model belong to the trained widths; the
    calibration of the stiffness law is independent of the widths.
    """
    losses = record.history.get("loss_train")
    if not has_ports(problem) or losses is None:
        return problem, record
    predicted, task = problem.response(record.widths_mm), problem.task
    loss = record.trained_on(task).loss_value(predicted, task.train_indices)
    # Losses are dimensionless; a loss close to 0, a perfect fit, is dominated by rounding.
    if np.isclose(loss, losses[-1], rtol=1e-9, atol=1e-12):
        return problem, record
    message = (
        f"loss {loss:.6g}, but {losses[-1]:.6g} after training: the training history is omitted"
    )
    finding = Finding("widths-changed", "warning", WIDTHS, message)
    problem = problem.uncorrected
    known = compensation_of(problem.surrogate)
    return problem, Record(record.widths_mm, {}, {}, findings=(finding,), compensation=known)
