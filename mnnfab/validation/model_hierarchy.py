"""The ladder of models: from bars to the solid, each one's answer to the same unit loads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fem.beams import beam_response, make_beam_model
from mnnfab.errors import ToolError
from mnnfab.model.agreement import Agreement, compare
from mnnfab.model.response import Response
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.continuum import solve_part
from mnnfab.printed_part.tiling import tile_part
from mnnfab.training.gradient_comparison import (
    GradientAgreement,
    compare_gradients,
    in_situ_gradient,
)

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.model.stiffness_law import LawName
    from mnnfab.problem.problem import Problem
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.task.metrics import Metrics
    from mnnfab.task.task import Task


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model answers.

    Args:
        response: to unit loads at the ports.
        n_dofs: its degrees of freedom.
    """

    response: Response
    n_dofs: int


Model = Callable[["Problem", "Task", "FloatArray", "StageTimer"], Answer]
"""From a problem, its task and widths, (n_bonds,) mm, to an answer."""


@dataclass(frozen=True, eq=False)
class ModelResult:
    """One model beside the last one of the ladder.

    Args:
        name: of the model.
        answer: its own.
        metrics: of the task by it.
        agreement: the last model's answer against this one's: its scale is how much farther
            the last one moves.
        gradient: this model's in situ gradient against that of the bars; none without a loss.
        seconds: it took, without imports but with meshing and calibration.
    """

    name: str
    answer: Answer
    metrics: Metrics
    agreement: Agreement
    gradient: GradientAgreement | None
    seconds: float


@dataclass(frozen=True, eq=False)
class ModelHierarchy:
    """The models that answered, and why others did not.

    Args:
        rungs: in the order of `LADDER`.
        failures: reason by the name of the model.
    """

    rungs: tuple[ModelResult, ...]
    failures: Mapping[str, str]


def evaluate_models(
    problem: Problem, task: Task, widths_mm: FloatArray, timer: StageTimer
) -> ModelHierarchy:
    """Ask every model of the ladder, and compare each with the last that answered.

    Args:
        problem: the design; a correction of its bars is left out.
        task: its ports and its judge.
        widths_mm: of each bond, (n_bonds,).
        timer: told of the progress.
    """
    import fem.extrusion  # noqa: F401 - its import is nobody's time

    problem = problem.uncorrected
    answers: dict[str, tuple[Answer, float]] = {}
    failures: dict[str, str] = {}
    for name, model in LADDER.items():
        start = time.perf_counter()
        try:
            with timer.stage(name):
                answer = model(problem, task, widths_mm, timer)
        except ToolError as error:  # memory, the mesher: what the others say still counts
            failures[name] = str(error)
            continue
        answers[name] = answer, time.perf_counter() - start
    first, last = next(iter(answers.values()))[0], list(answers.values())[-1][0]
    own = None if task.primary_metric is None else in_situ_gradient(task, first.response)
    rungs = tuple(
        ModelResult(
            name=name,
            answer=answer,
            metrics=task.metrics(answer.response),
            agreement=compare(answer.response, last.response),
            gradient=None
            if own is None
            else compare_gradients(own, in_situ_gradient(task, answer.response)),
            seconds=seconds,
        )
        for name, (answer, seconds) in answers.items()
    )
    return ModelHierarchy(rungs, failures)


def hierarchy_text(task: Task, ladder: ModelHierarchy) -> str:
    """Return the ladder as a table for a terminal."""
    metric = task.primary_metric.name.replace("_", " ") if task.primary_metric else ""
    header = f"{'model':<25} {'scale':>7} {'residual':>9} {'of bonds':>9} {metric:>15}"
    lines = [f"{header} {'dofs':>9} {'seconds':>8}"]
    for rung in ladder.rungs:
        value = f"{task.primary_metric.of(rung.metrics):.4f}" if task.primary_metric else ""
        lines.append(
            f"{rung.name:<25} {rung.agreement.scale:>7.4f} "
            f"{rung.agreement.displacement_residual:>9.2%} "
            f"{rung.agreement.elongation_residual:>9.2%} {value:>15} "
            f"{rung.answer.n_dofs:>9,} {rung.seconds:>8.2f}"
        )
    return "\n".join(
        [
            *lines,
            *(f"{name:<25} {reason}" for name, reason in ladder.failures.items()),
            "",
            "scale: how much farther the last model moves, as one factor; residual: what is left",
            "of the outputs' pattern after it, and of the bonds' elongations",
        ]
    )


def _bars(law: LawName) -> Model:
    def solve(problem: Problem, task: Task, widths_mm: FloatArray, timer: StageTimer) -> Answer:
        schedule = problem.design.schedule.model_copy(update={"stiffness_law": law})
        design = problem.design.model_copy(update={"training": schedule})
        with_law = calibrated(replace(problem, design=design), timer)
        return Answer(with_law.response(task, widths_mm), len(problem.network.free_dofs))

    return solve


def _frame(problem: Problem, task: Task, widths_mm: FloatArray, timer: StageTimer) -> Answer:  # noqa: ARG001
    frame = make_beam_model(
        problem.network, widths_mm, problem.material, problem.as_measured.design.fabrication
    )
    return Answer(beam_response(frame, task.inputs, task.outputs), len(frame.free))


def _plane_stress(problem: Problem, task: Task, widths_mm: FloatArray, timer: StageTimer) -> Answer:
    continuum, _ = solve_part(problem, task, tile_part(problem.as_measured, widths_mm), timer)
    return Answer(continuum.response, continuum.n_dofs)


def _solid(problem: Problem, task: Task, widths_mm: FloatArray, timer: StageTimer) -> Answer:  # noqa: ARG001
    from fem.extrusion import solve_solid
    from fem.mesh import make_mesh

    section = problem.design.check
    tiling = tile_part(problem.as_measured, widths_mm)
    # As fine as plane stress begins, and one quadratic element through half of the thickness.
    mesh = make_mesh(tiling, section.elements_across_joint + 1, section.mesher_deadline_s)
    solid = solve_solid(mesh, problem.network, problem.material, task.inputs, task.outputs)
    return Answer(solid.response, solid.n_dofs)


#: From the simplest model to the most costly.
LADDER: Mapping[str, Model] = {
    "bars, E w t / a": _bars("bar"),
    "bars, joints in series": _bars("series"),
    "bars, calibrated": _bars("calibrated"),
    "frame, bonds that bend": _frame,
    "continuum, plane stress": _plane_stress,
    "solid, tetrahedra": _solid,
}
