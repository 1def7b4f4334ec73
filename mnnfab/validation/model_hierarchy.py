"""The model hierarchy: all models of a part under the same unit loads, from bars to the solid.

Each model is a module of `mnnfab.validation.models`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.errors import ToolError
from mnnfab.io.json_values import to_jsonable
from mnnfab.io.registry import by_name, registered
from mnnfab.model.agreement import Agreement, compare_states
from mnnfab.model.response import Response
from mnnfab.printed_part.part import PortPart
from mnnfab.training.gradient_comparison import (
    GradientAgreement,
    compare_gradients,
)

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.model.model import Model
    from mnnfab.task.metrics import Metrics
    from mnnfab.task.task import Task


#: Share of the loads that is small enough for linear theory.
SMALL = 1e-3
#: Largest number of characters of a name, the width of its column.
MAX_NAME = 31


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
        name: name in tables and reports, at most 31 characters; no two models share one.
        make: function that returns the model of a part.
    """

    rank: int
    name: str
    make: Callable[[PortPart], PartModel]

    def __post_init__(self) -> None:
        """Refuse a name that the table of `mnnfab ladder` has no room for."""
        if len(self.name) > MAX_NAME:
            msg = f"the name {self.name!r} has more than {MAX_NAME} characters"
            raise ValueError(msg)


@cache
def hierarchy_models() -> tuple[HierarchyModel, ...]:
    """Return all models in order of increasing cost."""
    from mnnfab.validation import models

    found = by_name((model.name, model) for model in registered(models, "MODEL", HierarchyModel))
    return tuple(sorted(found.values(), key=lambda model: model.rank))


@dataclass(frozen=True, eq=False)
class SolvedState:
    """Solution of a model under the single loads of the task.

    Args:
        outputs_mm: displacements of the outputs, (n_in, n_out).
        elongations_mm: elongation of each bond, (n_in, n_bonds).
    """

    outputs_mm: FloatArray
    elongations_mm: FloatArray


@dataclass(frozen=True, eq=False)
class _Evaluation:
    """A solved model, before it is compared with the others."""

    model: Model
    n_dofs: int
    rest: SolvedState
    state: SolvedState
    metrics: Metrics
    gradient: FloatArray | None
    seconds: float


@dataclass(frozen=True, eq=False)
class ModelResult:
    """Result of a model, compared with the last model of the hierarchy.

    Args:
        name: name of the model.
        model: the model.
        n_dofs: number of degrees of freedom.
        rest: its solution under a thousandth of the single loads, times a thousand.
        state: its solution under the single loads of the task.
        metrics: metrics of the task by the model.
        agreement: agreement at rest of the last model with this one, the reference; its scale is
            the best-fit scale of the displacements of the last model over those of this one.
        loaded_difference: difference of the outputs under the single loads from those of the last
            model with large displacements, relative to these; None if there is none.
        gradient: agreement of the in situ gradient of this model with that of the bar model; None
            without a primary metric.
        seconds: duration with meshing and calibration, without imports, s.
    """

    name: str
    model: Model
    n_dofs: int
    rest: SolvedState
    state: SolvedState
    metrics: Metrics
    agreement: Agreement
    loaded_difference: float | None
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
    evaluated: dict[str, _Evaluation] = {}
    failures: dict[str, str] = {}
    for model in hierarchy_models():
        try:
            with timer.stage(model.name):
                evaluated[model.name] = _evaluate(model, part, task)
        except ToolError as error:  # out of memory, mesher: the other models are still evaluated
            failures[model.name] = str(error)
    order = list(evaluated.values())
    loaded = [found for found in order if not isinstance(found.model, Response)]
    results = (
        ModelResult(
            name=name,
            model=found.model,
            n_dofs=found.n_dofs,
            rest=found.rest,
            state=found.state,
            metrics=found.metrics,
            agreement=compare_states(found.rest, order[-1].rest),
            loaded_difference=_difference(found.state, loaded[-1].state) if loaded else None,
            gradient=None
            if order[0].gradient is None or found.gradient is None
            else compare_gradients(order[0].gradient, found.gradient),
            seconds=found.seconds,
        )
        for name, found in evaluated.items()
    )
    return ModelHierarchy(tuple(results), failures)


def _difference(state: SolvedState, reference: SolvedState) -> float:
    """Return the norm of the difference of the outputs over the norm of those of the reference."""
    difference = np.linalg.norm(state.outputs_mm - reference.outputs_mm)
    return float(difference / np.linalg.norm(reference.outputs_mm))


def _evaluate(model: HierarchyModel, part: PortPart, task: Task) -> _Evaluation:
    """Solve a model once under each load that the comparison needs.

    Raises:
        ToolError: if the model cannot be built or solved.
    """
    start = time.perf_counter()
    task = replace(task, prescribed=None)  # all models have the same loads
    found = model.make(part)
    rest = found.model.solve(SMALL * task.single_loads)
    equilibrium = found.model.solve(task.single_loads)
    scored = task.primary_metric is not None
    return _Evaluation(
        model=found.model,
        n_dofs=found.n_dofs,
        rest=SolvedState(rest.outputs_mm / SMALL, rest.elongations_mm / SMALL),
        state=SolvedState(equilibrium.outputs_mm, equilibrium.elongations_mm),
        metrics=task.metrics(found.model),
        gradient=task.stiffness_gradient(found.model) if scored else None,
        seconds=time.perf_counter() - start,
    )


def hierarchy_values(hierarchy: ModelHierarchy) -> dict[str, Any]:
    """Return the model hierarchy as values for JSON."""
    rungs = [
        {
            "name": result.name,
            "answer": {**_solution_values(result), "n_dofs": result.n_dofs},
            "metrics": to_jsonable(result.metrics),
            "agreement": to_jsonable(result.agreement),
            "loaded_difference": result.loaded_difference,
            "gradient": to_jsonable(result.gradient),
            "seconds": result.seconds,
        }
        for result in hierarchy.results
    ]
    return {"rungs": rungs, "failures": dict(hierarchy.failures)}


def _solution_values(result: ModelResult) -> dict[str, Any]:
    """Return the response of a linear model, and the state under single loads of any other."""
    if isinstance(result.model, Response):
        return {"response": to_jsonable(result.model)}
    return {"single_loads": to_jsonable(result.state)}


def hierarchy_text(task: Task, hierarchy: ModelHierarchy) -> str:
    """Return the model hierarchy as a table for a terminal."""
    metric = task.primary_metric.label if task.primary_metric else ""
    width = max(10, len(metric))
    header = f"{'model':<31} {'scale':>7} {'residual, outputs':>17} {'residual, bonds':>15}"
    header += f" {'loaded':>8}"
    lines = [f"{header} {metric:>{width}} {'dofs':>9} {'seconds':>8}"]
    for result in hierarchy.results:
        value = f"{task.primary_metric.of(result.metrics):.4f}" if task.primary_metric else ""
        lines.append(
            f"{result.name:<31} {result.agreement.scale:>7.4f} "
            f"{result.agreement.displacement_residual:>17.2%} "
            f"{result.agreement.elongation_residual:>15.2%} "
            f"{'' if result.loaded_difference is None else f'{result.loaded_difference:.2%}':>8} "
            f"{value:>{width}} "
            f"{result.n_dofs:>9,} {result.seconds:>8.2f}"
        )
    return "\n".join(
        [
            *lines,
            *(f"{name:<31} {reason}" for name, reason in hierarchy.failures.items()),
            "",
            "scale: best-fit factor from the displacements of this model to those of the last one,",
            "under small loads;",
            "residual: relative difference from the last model after best-fit scaling, of the",
            "displacements of the outputs and of the elongations of the bonds;",
            "loaded: difference of the outputs under the largest load at each input from those of",
            "the last model with large displacements",
        ]
    )
