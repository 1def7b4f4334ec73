"""`report.html`: the results for people, one file that needs nothing else."""

from __future__ import annotations

from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from mnnfab.report.figures import pictures
from mnnfab.report.results import Results
from mnnfab.report.summary import summarise
from mnnfab.tasks import Metrics


def page_text(results: Results) -> str:
    """Return the page."""
    task = results.problem.task
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    source = resources.files("mnnfab.report").joinpath("page.html").read_text(encoding="utf-8")
    return environment.from_string(source).render(
        report=summarise(results),
        headline=_headline(results),
        metrics=_metrics(results),
        metric_name=task.headline.name.replace("_", " ") if task and task.headline else "metric",
        flexibility=_flexibility(results),
        restarts=_restarts(results),
        pictures=pictures(results),
        fixed=results.problem.network.fixed.tolist(),
    )


def _headline(results: Results) -> str:
    """Say in one sentence what the verdict rests on."""
    errors = [finding for finding in results.findings if finding.severity == "error"]
    if errors:
        return "; ".join(f"{finding.where}: {finding.message}" for finding in errors)
    if results.continuum is None:
        return "The part can be printed. Whether it does its task was not checked."
    words = "The continuum does what was trained on bars, within the limits of the design"
    task = results.problem.task
    if task is None or task.headline is None:
        return f"{words}."
    name = task.headline.name
    value = task.metrics(results.continuum.response.flexibility)[name]
    reference = task.metrics(results.predicted.flexibility)[name] if results.predicted else value
    bars = "bars" if results.problem.surrogate.correction is None else "corrected bars"
    values = f"{value:.3f} on the continuum, {reference:.3f} on {bars}"
    return f"{words}: {name.replace('_', ' ')} {values}."


def _metrics(results: Results) -> list[dict[str, str]]:
    """Return rows of metric, and its value on bars, on corrected bars and on the continuum."""
    task = results.problem.task
    if task is None or results.bar is None or results.predicted is None:
        return []
    bar = task.metrics(results.bar.flexibility)
    surrogate = task.metrics(results.predicted.flexibility)
    continuum: Metrics = (
        task.metrics(results.continuum.response.flexibility) if results.continuum else {}
    )
    return [
        {
            "name": name,
            "bar": _words(value),
            "surrogate": _words(surrogate.get(name)),
            "continuum": _words(continuum.get(name)),
        }
        for name, value in bar.items()
    ]


def _restarts(results: Results) -> list[list[str]]:
    """Return one row a training: whole numbers as such, others to four digits."""
    columns = results.record.restarts.values()
    return [[f"{value:.4g}" for value in row] for row in zip(*columns, strict=True)]


def _words(value: Any) -> str:  # noqa: ANN401 - a number, a list of numbers or nothing
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(f"{part:.4f}" for part in value)
    return f"{value:.4f}"


def _flexibility(results: Results) -> list[tuple[str, str, str, str]]:
    """Return rows of output, input, flexibility of bars and of the continuum."""
    task = results.problem.task
    if task is None or results.bar is None:
        return []
    rows = []
    for o, output in enumerate(task.outputs):
        for i, port in enumerate(task.inputs):
            other = results.continuum.response.flexibility[o, i] if results.continuum else None
            bar = results.bar.flexibility[o, i]
            rows.append((str(output), str(port), _words(bar), _words(other)))
    return rows
