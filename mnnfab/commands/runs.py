"""`run` and its stages `train`, `check` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnnfab.commands.answer import FAILED, PASSED, Answer, command
from mnnfab.commands.options import DESIGN, FOLDER, FORCE, OUT, PDF, START, THOROUGH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnnfab.pipeline.pipeline import Outcome
    from mnnfab.progress.watcher import ProgressWatcher
    from mnnfab.validation.verdicts import PartialVerdict


@command()
@DESIGN
@OUT
@START
@FORCE
@PDF
@THOROUGH
def run(
    watcher: ProgressWatcher,
    design: Path,
    out: Path | None,
    start_from: Path | None,
    *,
    force: bool,
    pdf: bool,
    thorough: bool,
) -> Answer:
    """Train DESIGN, check the printed and loaded part, and export it with a report.

    With a section [compensate] in the design, the training is repeated on a bar model
    calibrated on the continuum model, until the part performs the task.
    """
    from mnnfab.pipeline import pipeline

    return _answer(
        pipeline.run(
            design,
            out,
            start_from=start_from,
            force=force,
            pdf=pdf,
            thorough=thorough,
            watcher=watcher,
        )
    )


@command()
@DESIGN
@OUT
@START
def train(
    watcher: ProgressWatcher, design: Path, out: Path | None, start_from: Path | None
) -> Answer:
    """Train the bond widths of DESIGN on the bar model.

    The compensation loop ([compensate] in the design) is only done by `mnnfab run`. Reports and
    parts of an earlier run in the folder are removed.
    """
    from mnnfab.pipeline import pipeline

    trained = pipeline.train(design, out, start_from=start_from, watcher=watcher)
    lines = [trained.summary] if trained.summary else []
    lines += _removed(trained.removed)
    lines.append(f"widths and training history in {trained.folder}")
    values = {
        "folder": str(trained.folder),
        "training": trained.summary,
        "removed": list(trained.removed),
    }
    return Answer("\n".join(lines), values)


@command()
@FOLDER
@PDF
@THOROUGH
def check(watcher: ProgressWatcher, folder: Path, *, pdf: bool, thorough: bool) -> Answer:
    """Check the printed and loaded part of the trained widths in DIR.

    Writes the reports but no part files, and removes those exported before. `mnnfab export DIR`
    does the same checks and writes the part files too.
    """
    from mnnfab.pipeline import pipeline

    return _answer(pipeline.check(folder, pdf=pdf, thorough=thorough, watcher=watcher))


@command()
@FOLDER
@FORCE
@PDF
@THOROUGH
def export(
    watcher: ProgressWatcher, folder: Path, *, force: bool, pdf: bool, thorough: bool
) -> Answer:
    """Check the trained widths in DIR and export the part in the design's formats."""
    from mnnfab.pipeline import pipeline

    return _answer(
        pipeline.export(folder, force=force, pdf=pdf, thorough=thorough, watcher=watcher)
    )


def _removed(names: tuple[str, ...]) -> list[str]:
    """Return a line that lists the removed files of an earlier part."""
    return [f"removed files of the previous run: {', '.join(names)}"] if names else []


def _answer(outcome: Outcome) -> Answer:
    """Return findings, verdict and paths; status 1 if the acceptance criteria are not met."""
    lines = [
        f"{finding.severity}: {finding.where}: {finding.message}"
        for finding in outcome.findings
        if finding.severity != "info" and finding not in outcome.reported
    ]
    report = outcome.folder / "report.html"
    exported = ", ".join(outcome.files) or "no part files written"
    lines += _removed(outcome.removed)
    lines += [f"{part.title}: {part.verdict} ({part.reason})" for part in outcome.partial_verdicts]
    lines += [f"{exported}; see {report}", closing_line(outcome)]
    values = {
        "verdict": outcome.verdict,
        "verdicts": {part.name: part.verdict for part in outcome.partial_verdicts},
        "folder": str(outcome.folder),
        "report": str(report),
        "files": list(outcome.files),
        "removed": list(outcome.removed),
        "key_figures": dict(outcome.key_figures),
        "seconds": outcome.seconds,
        "findings": [finding.as_json() for finding in outcome.findings],
    }
    status = PASSED if outcome.verdict == "pass" else FAILED
    return Answer("\n".join(lines), values, status)


def closing_line(outcome: Outcome) -> str:
    """Return verdicts, metric as read, usable loads and time of a run in one line."""
    parts = [f"{part.title} {_answer_of(part)}" for part in outcome.partial_verdicts]
    key = outcome.key_figures
    if metric := key.get("metric_as_read"):
        spread = "" if metric["sd"] is None else f" ± {metric['sd']:.3f}"
        value = "undefined" if metric["value"] is None else f"{metric['value']:.3f}{spread}"
        test = metric["test_samples"]
        of_test = "" if test is None else f" (test samples {test:.3f})"
        parts.append(f"{metric['label']} as read {value}{of_test}")
    if loads := key.get("usable_loads"):
        parts.append(_usable(loads))
    return f"{outcome.verdict}: {'; '.join([*parts, f'{outcome.seconds:.0f} s'])}"


def _answer_of(part: PartialVerdict) -> str:
    from mnnfab.validation.verdicts import NO_REQUIREMENT

    if part.verdict == "fail":
        return "NO"
    if part.reason.startswith("not checked"):
        return "not checked"
    return "no requirement" if part.reason == NO_REQUIREMENT else "yes"


def _usable(loads: Mapping[str, Any]) -> str:
    if loads["upper_factor"] is None:
        return "usable at no load"
    return f"usable from {loads['lower_factor']:.2g} to {loads['upper_factor']:.2g} times the loads"
