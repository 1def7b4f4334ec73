"""The model hierarchy: all models of a part under the same unit loads, from bars to the solid.

Each model is a module of `mnnfab.validation.models`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from mnnfab.errors import ToolError
from mnnfab.io.json_values import to_jsonable
from mnnfab.io.registry import registered
from mnnfab.model.agreement import Agreement, compare
from mnnfab.printed_part.part import PortPart
from mnnfab.training.gradient_comparison import (
    GradientAgreement,
    compare_gradients,
)

if TYPE_CHECKING:
    from mnnfab.model.model import Model
    from mnnfab.task.metrics import Metrics
    from mnnfab.task.task import Task


@dataclass(frozen=True, eq=False)
class PartModel:
    """A model of a part, and its size.

    Args:
        model: model at the ports of the task; it may be nonlinear.
        n_dofs: number of degrees of freedom.
    """

    model: Model
    n_dofs: int


@dataclass(frozen=True)
class HierarchyModel:
    """A model of the hierarchy; a module of `models` registers it under the name `MODEL`.

    Args:
        rank: position in the hierarchy, in order of increasing cost.
        name: name in tables and reports.
        make: function that returns the model of a part.
    """

    rank: int
    name: str
    make: Callable[[PortPart], PartModel]


@cache
def hierarchy_models() -> tuple[HierarchyModel, ...]:
    """Return all models in order of increasing cost."""
    from mnnfab.validation import models

    found = registered(models, "MODEL", HierarchyModel)
    return tuple(sorted(found, key=lambda model: model.rank))


@dataclass(frozen=True, eq=False)
class ModelResult:
    """Result of a model, compared with the last model of the hierarchy.

    Args:
        name: name of the model.
        model: the model.
        n_dofs: number of degrees of freedom.
        metrics: metrics of the task by the model.
        agreement: agreement of the last model with this one, the reference; its scale is the
            best-fit scale of the displacements of the last model over those of this one.
        gradient: agreement of the in situ gradient of this model with that of the bar model; None
            without a primary metric.
        seconds: duration with meshing and calibration, without imports, s.
    """

    name: str
    model: Model
    n_dofs: int
    metrics: Metrics
    agreement: Agreement
    gradient: GradientAgreement | None
    seconds: float


@dataclass(frozen=True, eq=False)
class ModelHierarchy:
    """Results of the model hierarchy.

    Args:
        results: results of the models, in order of increasing cost.
        failures: error message of each model that failed, by its name.
    """

    results: tuple[ModelResult, ...]
    failures: Mapping[str, str]


def evaluate_models(part: PortPart) -> ModelHierarchy:
    """Evaluate all models of a part and compare each with the last one that did not fail.

    Args:
        part: part with ports; a correction of its bar model is ignored.
    """
    import fem.extrusion  # noqa: F401 - imported here so that the import is not timed

    part = replace(part, problem=part.problem.uncorrected)
    task, timer = part.problem.task, part.timer
    solved: dict[str, tuple[PartModel, float]] = {}
    failures: dict[str, str] = {}
    for model in hierarchy_models():
        start = time.perf_counter()
        try:
            with timer.stage(model.name):
                found = model.make(part)
        except ToolError as error:  # out of memory, mesher: the other models are still evaluated
            failures[model.name] = str(error)
            continue
        solved[model.name] = found, time.perf_counter() - start
    models = [found.model for found, _ in solved.values()]
    results = (
        _result(task, name, found, seconds, ends=(models[0], models[-1]))
        for name, (found, seconds) in solved.items()
    )
    return ModelHierarchy(tuple(results), failures)


def _result(
    task: Task, name: str, found: PartModel, seconds: float, ends: tuple[Model, Model]
) -> ModelResult:
    """Compare a model with the first and the last model of the hierarchy."""
    first, last = ends
    gradient = None
    if task.primary_metric is not None:
        gradient = compare_gradients(
            task.stiffness_gradient(first), task.stiffness_gradient(found.model)
        )
    return ModelResult(
        name=name,
        model=found.model,
        n_dofs=found.n_dofs,
        metrics=task.metrics(found.model),
        agreement=compare(found.model, last, task.single_loads),
        gradient=gradient,
        seconds=seconds,
    )


def hierarchy_values(hierarchy: ModelHierarchy) -> dict[str, Any]:
    """Return the model hierarchy as values for JSON."""
    rungs = [
        {
            "name": result.name,
            "answer": {"response": to_jsonable(result.model), "n_dofs": result.n_dofs},
            "metrics": to_jsonable(result.metrics),
            "agreement": to_jsonable(result.agreement),
            "gradient": to_jsonable(result.gradient),
            "seconds": result.seconds,
        }
        for result in hierarchy.results
    ]
    return {"rungs": rungs, "failures": dict(hierarchy.failures)}


def hierarchy_text(task: Task, hierarchy: ModelHierarchy) -> str:
    """Return the model hierarchy as a table for a terminal."""
    metric = task.primary_metric.label if task.primary_metric else ""
    width = max(10, len(metric))
    header = f"{'model':<31} {'scale':>7} {'residual, outputs':>17} {'residual, bonds':>15}"
    lines = [f"{header} {metric:>{width}} {'dofs':>9} {'seconds':>8}"]
    for result in hierarchy.results:
        value = f"{task.primary_metric.of(result.metrics):.4f}" if task.primary_metric else ""
        lines.append(
            f"{result.name:<31} {result.agreement.scale:>7.4f} "
            f"{result.agreement.displacement_residual:>17.2%} "
            f"{result.agreement.elongation_residual:>15.2%} {value:>{width}} "
            f"{result.n_dofs:>9,} {result.seconds:>8.2f}"
        )
    return "\n".join(
        [
            *lines,
            *(f"{name:<31} {reason}" for name, reason in hierarchy.failures.items()),
            "",
            "scale: best-fit factor from the displacements of this model to those of the last one;",
            "residual: relative difference from the last model after best-fit scaling, of the",
            "displacements of the outputs and of the elongations of the bonds",
        ]
    )
