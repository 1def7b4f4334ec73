"""HTML report `report.html`: a self-contained page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from mnnfab.loaded_part.requirements import MODEL_MARGIN
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE
from mnnfab.report.baselines import baseline_of
from mnnfab.report.bond_table import bond_table
from mnnfab.report.figures import Picture, pictures
from mnnfab.report.interactive import as_script, slider_data, solid_data
from mnnfab.report.loaded import loaded_values
from mnnfab.report.response_tables import confusion_matrices, models_by_name, output_rows
from mnnfab.report.solid_picture import solid_picture
from mnnfab.report.summary import summarise
from mnnfab.report.symbols import support_kinds
from mnnfab.report.template import Numbering, render
from mnnfab.runs.history_file import Columns
from mnnfab.task.metrics import Metrics, metric_label
from mnnfab.task.reading import read_label
from mnnfab.units import NEWTON_PER_GF
from mnnfab.validation.as_read import ENDS
from mnnfab.validation.finding_codes import grouped_findings
from mnnfab.validation.results import Results

if TYPE_CHECKING:
    from mnnfab.network.network import Network
    from mnnfab.task.task import Task

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
    restarts, number = results.record.restarts, Numbering()
    stiffness_law = report["stiffness_law"]
    return render(
        "page.html",
        report=report,
        number=number,
        description=_description(results),
        load_end=ENDS[results.loaded.envelope.upper_limit] if results.loaded else "",
        solid_picture=solid_picture(results.tiling),
        support_symbols=_support_symbols(results.problem.network),
        has_training=width_history is not None or "history" in figures,
        readout_rule=task.readout.rule if task and task.target_kind == "classes" else "",
        class_outputs=_class_outputs(task) if task else "",
        has_targets_mm=task is not None and task.target_kind in {"displacements", "bands"},
        input_names=[str(port) for port in task.inputs] if task else [],
        output_names=[str(port) for port in task.outputs] if task else [],
        law_widths=", ".join(f"{width:.3g}" for width in stiffness_law["widths_mm"]),
        law_softening=", ".join(f"{factor:.3f}" for factor in stiffness_law["softening_vs_bar"]),
        partial_verdicts=results.partial_verdicts,
        **grouped_findings(results.findings),
        metrics=_metrics(results, report["key_figures"]["metric_as_read"]),
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
        picture=lambda name: _figure(figures[name], name, number) if name in figures else "",
        width_history=None if width_history is None else Markup(as_script(width_history)),  # noqa: S704 - no tags
        solid=None if solid is None else Markup(as_script(solid)),  # noqa: S704 - no tags
        others=others,
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


def _figure(picture: Picture, name: str, number: Numbering) -> Markup:
    anchor = "network-and-widths" if name == "network" else name
    text = render("picture.html", picture=picture, anchor=anchor, number=number)
    return Markup(text)  # noqa: S704 - escaped


def _description(results: Results) -> str:
    """Return the network, its supports, material and size in one line."""
    problem = results.problem
    network, kind = problem.network, problem.design.task.kind
    fixed = ", ".join(map(str, network.fixed.tolist())) or "none"
    parts = [
        f"{network.n_nodes} nodes, {network.n_bonds} bonds, fixed at nodes {fixed}",
        *([f"supported at {', '.join(map(str, network.supports))}"] if network.supports else []),
        f"{problem.material.name}, {problem.material.youngs_modulus_MPa:.3g} MPa",
        f"{problem.design.fabrication.thickness_mm:g} mm thick",
        f"printer {problem.design.fabrication.printer}",
    ]
    return "; ".join(parts if kind == "none" else [kind, *parts])


def _class_outputs(task: Task) -> str:
    """Return the output of each class; empty if there is not one for each."""
    if len(task.class_names) != len(task.outputs):
        return ""
    pairs = zip(task.class_names, task.outputs, strict=True)
    return ", ".join(f"{name}: {port}" for name, port in pairs)


def _support_symbols(network: Network) -> list[dict[str, str]]:
    """Return mark, name and meaning of the kinds of supports of single directions."""
    marks = {"D": "◆", "s": "■"}
    meanings = {
        "roller": "holds the node in one direction; it slides along the line",
        "spring": "holds the node in one direction by a spring",
    }
    return [
        {"mark": marks[marker], "name": label, "meaning": meanings[label]}
        for label, marker, _ in support_kinds(network)
    ]


def _metrics(results: Results, as_read: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """Return one row per metric, with its baseline and its value by each model."""
    task = results.problem.task
    if task is None or results.bar is None or results.predicted is None:
        return []
    bar = task.metrics(results.bar)
    surrogate = task.metrics(results.predicted)
    continuum: Metrics = task.metrics(results.continuum.response) if results.continuum else {}
    values = loaded_values(task, results.loaded) or {"metrics": {}}
    rows = [
        {
            "name": metric_label(name),
            "baseline": _formatted(baseline_of(task, name)),
            "bar": _formatted(value),
            "surrogate": _formatted(surrogate.get(name)),
            "continuum": _formatted(continuum.get(name)),
            "loaded": _formatted(values["metrics"].get(name)),
        }
        for name, value in sorted(bar.items(), key=lambda item: _subset_rank(item[0]))
    ]
    return rows if as_read is None else [*_as_read_rows(task, results, as_read), *rows]


def _as_read_rows(task: Task, results: Results, as_read: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the metric as read: of the test samples, if there are any, and of all."""
    linear = results.loaded.linear_read if results.loaded else None
    primary = task.primary_metric.name if task.primary_metric else ""
    values = {
        "test samples": (as_read["test_samples"], None, f"{as_read['name']}_test"),
        "all samples": (as_read["value"], linear.value if linear else None, primary),
    }
    return [
        {
            "name": f"{as_read['label']}, as read ({subset})",
            "baseline": _formatted(baseline_of(task, key)),
            "bar": "–",
            "surrogate": "–",
            "continuum": _formatted(continuum),
            "loaded": _formatted(value),
        }
        for subset, (value, continuum, key) in values.items()
        if value is not None
    ]


def _subset_rank(name: str) -> int:
    """Return the place of a metric: that of samples that were not trained on comes first."""
    subsets = ("test", "validation", "", "train")
    return next((i for i, one in enumerate(subsets) if one and name.endswith(f"_{one}")), 2)


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
