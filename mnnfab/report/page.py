"""HTML report `report.html`: a self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from mnnfab.loaded_part.requirements import MODEL_MARGIN
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE
from mnnfab.report.bond_table import bond_table
from mnnfab.report.figures import Picture, pictures
from mnnfab.report.interactive import as_script, slider_data, solid_data
from mnnfab.report.loaded import loaded_values
from mnnfab.report.response_tables import confusion_matrices, models_by_name, output_rows
from mnnfab.report.summary import summarise
from mnnfab.report.template import render
from mnnfab.runs.history_file import Columns
from mnnfab.task.metrics import Metrics, metric_label
from mnnfab.task.reading import read_label
from mnnfab.units import NEWTON_PER_GF
from mnnfab.validation.finding_codes import grouped_findings
from mnnfab.validation.results import Results

#: Headings of the restart table whose keys are other words.
_RESTART_COLUMNS = {"stuck": "stalled", "chosen": "kept"}


def page_text(results: Results, others: Sequence[OtherFile] = ()) -> str:
    """Return the HTML report.

    Args:
        results: results of all stages.
        others: files of the run other than part files, for the list of files.
    """
    task = results.problem.task
    figures, width_history, solid = pictures(results), slider_data(results), solid_data(results)
    outputs, report = output_rows(results), summarise(results)
    restarts = results.record.restarts
    stiffness_law = report["stiffness_law"]
    return render(
        "page.html",
        report=report,
        law_widths=", ".join(f"{width:.3g}" for width in stiffness_law["widths_mm"]),
        law_softening=", ".join(f"{factor:.3f}" for factor in stiffness_law["softening_vs_bar"]),
        partial_verdicts=results.partial_verdicts,
        verdict_summary=_verdict_summary(results),
        **grouped_findings(results.findings),
        metrics=_metrics(results),
        metric_name=task.primary_metric.label if task and task.primary_metric else "metric",
        metric_training=metric_label(task.primary_metric.training)
        if task and task.primary_metric
        else "metric (training samples)",
        read_name=read_label(task) if task else "metric",
        model_margin=MODEL_MARGIN,
        confusion_matrices=confusion_matrices(results),
        task_readout=task.readout if task else LARGEST_MAGNITUDE,
        outputs=outputs,
        has_bands=any(row.met is not None for row in outputs),
        has_targets=any(row.target is not None for row in outputs),
        models=list(models_by_name(results)),
        trained_on_frame=results.problem.design.schedule.model == "frame",
        flexibility=_flexibility(results),
        restart_columns=[_RESTART_COLUMNS.get(name, metric_label(name)) for name in restarts],
        restarts=_rows(restarts),
        bonds=bond_table(results),
        picture=lambda name: _figure(figures[name], name) if name in figures else "",
        width_history=None if width_history is None else Markup(as_script(width_history)),  # noqa: S704 - no tags
        solid=None if solid is None else Markup(as_script(solid)),  # noqa: S704 - no tags
        others=others,
        fixed=results.problem.network.fixed.tolist(),
        supports=[str(support) for support in results.problem.network.supports],
        thickness_mm=results.problem.design.fabrication.thickness_mm,
        limits_mm=results.problem.width_limits_mm,
        newton_per_gf=NEWTON_PER_GF,
    )


@dataclass(frozen=True)
class OtherFile:
    """File of a run other than a part file.

    Args:
        name: path relative to the folder of the run.
        bytes: file size.
        sha256: SHA-256 hash of the file.
    """

    name: str
    bytes: int
    sha256: str


def _figure(picture: Picture, name: str) -> Markup:
    anchor = "network-and-widths" if name == "network" else name
    return Markup(render("picture.html", picture=picture, anchor=anchor))  # noqa: S704 - escaped


def _verdict_summary(results: Results) -> str:
    """Return a one-sentence summary of the verdict."""
    if results.continuum is None and results.verdict == "pass":
        return "The part is printable. Its task was not checked with the continuum model."
    failed = [part.title for part in results.partial_verdicts if part.verdict == "fail"]
    if failed:
        return f"Not met: {', '.join(failed)}."
    return "The part is printable, stable and strong, and does its task as it is read."


def _metrics(results: Results) -> list[dict[str, str]]:
    """Return one row per metric: values by the bar, calibrated bar and continuum models."""
    task = results.problem.task
    if task is None or results.bar is None or results.predicted is None:
        return []
    bar = task.metrics(results.bar)
    surrogate = task.metrics(results.predicted)
    continuum: Metrics = task.metrics(results.continuum.response) if results.continuum else {}
    values = loaded_values(task, results.loaded) or {"metrics": {}}
    return [
        {
            "name": metric_label(name),
            "bar": _formatted(value),
            "surrogate": _formatted(surrogate.get(name)),
            "continuum": _formatted(continuum.get(name)),
            "loaded": _formatted(values["metrics"].get(name)),
        }
        for name, value in bar.items()
    ]


def _rows(columns: Columns) -> list[list[str]]:
    """Return the rows of a table, numbers to four significant digits."""
    return [[f"{value:.4g}" for value in row] for row in zip(*columns.values(), strict=True)]


def _formatted(value: Any) -> str:  # noqa: ANN401 - a number, a list of numbers or None
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(f"{number:.4f}" for number in value)
    return f"{value:.4f}"


def _flexibility(results: Results) -> list[tuple[str, str, tuple[float, ...]]]:
    """Return rows of output, input and their flexibility matrix entry by each model, mm/N."""
    task, models = results.problem.task, models_by_name(results)
    if task is None or not models:
        return []
    return [
        (str(output), str(port), tuple(float(model.flexibility[o, i]) for model in models.values()))
        for o, output in enumerate(task.outputs)
        for i, port in enumerate(task.inputs)
    ]
