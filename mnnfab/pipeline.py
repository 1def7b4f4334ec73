"""The pipeline: stages put together, from a design file to a folder of results."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from geometry.cells import tile
from geometry.printability import check_printability
from mnnfab.agreement import compare
from mnnfab.conditioning import judge_conditioning
from mnnfab.design_file import load_design
from mnnfab.errors import InputError
from mnnfab.findings import Finding, Verdict, as_advice, verdict
from mnnfab.gate import judge_continuum
from mnnfab.problem import Problem, load_problem, train_problem
from mnnfab.reach_words import assess_problem, findings_before_training, reach_text
from mnnfab.record import (
    WIDTHS,
    Ancestor,
    Record,
    as_ancestor,
    load_ancestry,
    load_record,
    make_record,
)
from mnnfab.report.results import Results
from mnnfab.run_folder import (
    DESIGN,
    MANIFEST,
    PAGE,
    REPORT,
    default_folder,
    run_folder,
    write_training,
)
from mnnfab.training_words import findings_of_training, kept_given_start, training_text
from mnnfab.widths_file import check_widths

if TYPE_CHECKING:
    from export.manifest import ExportedFile
    from fem.continuum import Continuum
    from geometry.tiling import Tiling
    from mnnfab.tasks import Task
    from mnnfab.training import Training


class Watcher(Protocol):
    """Told how far the work is; the command line shows it, the library stays silent."""

    def stage(self, name: str) -> None:
        """Take note that a stage begins."""
        ...

    def epoch(self, done: int, total: int, loss: float) -> None:
        """Take note of an epoch of training."""
        ...

    def finding(self, finding: Finding) -> None:
        """Take note of what was found before or in training."""
        ...


class Silent:
    """A watcher that shows nothing."""

    def stage(self, name: str) -> None:
        """Ignore the stage."""

    def epoch(self, done: int, total: int, loss: float) -> None:
        """Ignore the epoch."""

    def finding(self, finding: Finding) -> None:
        """Ignore the finding."""


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


@dataclass
class _Clock:
    """Times the stages and announces them."""

    watcher: Watcher
    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.watcher.stage(name)
        start = time.perf_counter()
        yield
        self.timings_s[name] = time.perf_counter() - start


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
    clock = _Clock(watcher or Silent())
    problem, training, told = _load_and_train(design_file, start_from, out, clock)
    record = make_record(training, _ancestry(problem, training, start_from), told)
    results = _check(problem, record, clock)
    folder = out or default_folder(problem)
    outcome = _write(results, folder, clock, export=True, force=force)
    return replace(outcome, told=told)


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
    clock = _Clock(watcher or Silent())
    problem, training, told = _load_and_train(design_file, start_from, out, clock)
    record = make_record(training, _ancestry(problem, training, start_from), told)
    folder = out or default_folder(problem)
    with run_folder(folder) as staging:
        write_training(staging, problem, record)
        write_manifest(staging, ())
    return Trained(folder, training_text(problem, training))


def reach(design_file: Path, *, watcher: Watcher | None = None) -> str:
    """Find out what is in reach of a design's task, without training it.

    Returns:
        The report as text.

    Raises:
        InputError: if the design cannot be used or has no task.
    """
    clock = _Clock(watcher or Silent())
    with clock.stage("read"):
        problem = load_problem(design_file)
    if problem.task is None or problem.task.kind == "none":
        raise InputError("[task] kind", '"none"', "a task whose reach can be found out")
    with clock.stage("reach"):
        found = assess_problem(problem, problem.task)
    return reach_text(problem, problem.task, found)


def check(folder: Path, *, watcher: Watcher | None = None) -> Outcome:
    """Check the trained widths in a folder on the continuum and write the reports."""
    return _resume(folder, watcher, export=False, force=False)


def export(folder: Path, *, force: bool = False, watcher: Watcher | None = None) -> Outcome:
    """Check the trained widths in a folder, and export the part if they pass."""
    return _resume(folder, watcher, export=True, force=force)


def _resume(folder: Path, watcher: Watcher | None, *, export: bool, force: bool) -> Outcome:
    if not folder.is_dir():
        raise InputError(str(folder), "no such folder", "a folder that `mnnfab train` wrote")
    clock = _Clock(watcher or Silent())
    with clock.stage("read"):
        problem = load_problem(folder / DESIGN)
        record = load_record(folder, problem.network)
        check_widths(str(folder / WIDTHS), record.widths_mm, problem.width_limits_mm)
    results = _check(problem, record, clock)
    return _write(_without_stale_history(results), folder, clock, export=export, force=force)


def _without_stale_history(results: Results) -> Results:
    """Drop a history that does not end in these widths: they were changed by hand."""
    task, losses = results.problem.task, results.record.history.get("loss_train")
    if task is None or results.bar is None or losses is None:
        return results
    loss = task.loss_value(results.bar.flexibility, task.train_rows)
    # Losses have no unit; one of nearly zero, a perfect fit, is all rounding.
    if np.isclose(loss, losses[-1], rtol=1e-9, atol=1e-12):
        return results
    message = f"has loss {loss:.6g}, its training ended with {losses[-1]:.6g}: history left out"
    finding = Finding("widths-changed", "warning", WIDTHS, message)
    record = Record(results.record.widths_mm, history={}, restarts={})
    told = set(results.record.findings)  # of other widths than these
    results = replace(results, findings=tuple(f for f in results.findings if f not in told))
    return replace(results, record=record, findings=(*results.findings, finding))


def _load_and_train(
    design_file: Path, start_from: Path | None, out: Path | None, clock: _Clock
) -> tuple[Problem, Training, tuple[Finding, ...]]:
    """Return the problem, its training, and what the watcher was told of them."""
    with clock.stage("read"):
        problem = load_problem(design_file, start_from / WIDTHS if start_from else None)
        if start_from is not None:
            _keep_the_parent(start_from, out or default_folder(problem))
        _refuse_unprintable(problem)
    with clock.stage("reach"):
        before = findings_before_training(problem)
    for finding in before:
        clock.watcher.finding(finding)
    with clock.stage("train"):
        training = train_problem(problem, clock.watcher.epoch)
    after = findings_of_training(problem, training)
    for finding in after:
        clock.watcher.finding(finding)
    return problem, training, (*before, *after)


def _keep_the_parent(start_from: Path, folder: Path) -> None:
    """Refuse to write over the run that the training starts from."""
    if start_from.resolve() == folder.resolve():
        raise InputError("--from", f"{start_from}, where the results go", "another --out")


def _ancestry(
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
        tile(problem.network, widths, problem.design.fabrication)


def _check(problem: Problem, record: Record, clock: _Clock) -> Results:
    fabrication, widths = problem.design.fabrication, record.widths_mm
    with clock.stage("tile"):
        tiling = tile(problem.network, widths, fabrication)
        findings = check_printability(problem.network, widths, fabrication, tiling, problem.printer)
    results = Results(
        problem=problem,
        record=record,
        tiling=tiling,
        bar=None,
        continuum=None,
        agreement=None,
        findings=(*findings, *record.findings),
        solid_valid=None,
        files=(),
        timings_s=clock.timings_s,
    )
    task = problem.task
    if not problem.design.check.enabled:
        results = replace(results, findings=as_advice(results.findings))
    if task is None:
        return _skipped(results, "the design has no ports to compare")
    model, stiffness = problem.bar_model(task), problem.per_width * widths
    bar = model.response(stiffness)
    conditioning = judge_conditioning(model.stiffness_matrix(stiffness))
    results = replace(results, bar=bar, findings=(*conditioning, *results.findings))
    if not problem.design.check.enabled:
        return _skipped(results, "[check] enabled = false")
    continuum = _solve(problem, task, tiling, clock)
    agreement = compare(bar, continuum.response)
    judged = judge_continuum(
        task, problem.network, bar, continuum.response, agreement, problem.design.check
    )
    return replace(
        results,
        continuum=continuum,
        agreement=agreement,
        findings=(*judged, *results.findings),
    )


def _skipped(results: Results, reason: str) -> Results:
    finding = Finding(
        "check-skipped", "warning", "continuum", f"not compared with the bars: {reason}"
    )
    return replace(results, findings=(finding, *results.findings))


def _solve(problem: Problem, task: Task, tiling: Tiling, clock: _Clock) -> Continuum:
    from fem.continuum import solve_continuum
    from fem.mesh import make_mesh

    section = problem.design.check
    with clock.stage("mesh"):
        mesh = make_mesh(tiling, section.elements_across_joint, section.mesher_deadline_s)
    with clock.stage("continuum"):
        return solve_continuum(
            mesh,
            problem.network,
            problem.material,
            tiling.thickness_mm,
            task.inputs,
            task.outputs,
        )


def _write(results: Results, folder: Path, clock: _Clock, *, export: bool, force: bool) -> Outcome:
    """Write all files of a run into its folder; the part only if it may be."""
    exports = export and (force or results.verdict == "pass")
    with run_folder(folder) as staging:
        write_training(staging, results.problem, results.record)
        _write_fields(staging, results)
        if exports:
            results = _export(staging, results, clock)
        _write_reports(staging, results, clock)
    return Outcome(
        folder=folder,
        verdict=verdict(results.findings),
        findings=results.findings,
        files=tuple(file.file for file in results.files),
    )


def _write_fields(staging: Path, results: Results) -> None:
    if results.continuum is None or results.problem.task is None:
        return
    from fem.fields import write_vtu

    path = staging / f"{results.problem.design.name}.vtu"
    write_vtu(path, results.continuum, results.problem.task.load_cases)


def _export(staging: Path, results: Results, clock: _Clock) -> Results:
    with clock.stage("solid"):
        from geometry.solid import build_solid

        solid = build_solid(results.tiling)
    with clock.stage("export"):
        from export.package import export_solid

        design = results.problem.design
        tolerance = design.export.stl_tolerance_mm
        files = export_solid(solid, results.tiling, staging, design.name, tolerance)
    return replace(results, solid_valid=True, files=tuple(files))


def _write_reports(staging: Path, results: Results, clock: _Clock) -> None:
    from mnnfab.report.page import page_text
    from mnnfab.report.summary import summary_text

    with clock.stage("report"):
        page = page_text(results)
    (staging / PAGE).write_text(page, encoding="utf-8")
    (staging / REPORT).write_text(summary_text(results), encoding="utf-8")
    write_manifest(staging, results.files)


def write_manifest(staging: Path, parts: Sequence[ExportedFile]) -> None:
    """Write the manifest of all files in a folder, with what is known of the parts."""
    from export.manifest import manifest_text

    exported = {part.file for part in parts}
    names = sorted(p.relative_to(staging).as_posix() for p in staging.rglob("*") if p.is_file())
    others = [name for name in names if name not in exported]
    (staging / MANIFEST).write_text(manifest_text(parts, staging, others), encoding="utf-8")
