"""Continuum model of a tiling, with mesh refinement until the task results have converged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnnfab.task.task import is_scored

if TYPE_CHECKING:
    from collections.abc import Callable

    from fem.continuum import Continuum
    from fem.convergence import ConvergenceStudy
    from fem.homogenisation.continuum import CellModuli
    from fem.mesh import Mesh
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.model.response import Response
    from mnnfab.network.periodic import Periodicity
    from mnnfab.problem.problem import PortProblem, Problem
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.task.task import ScoredTask


def mesh_part(problem: PortProblem, tiling: Tiling, timer: StageTimer) -> Mesh:
    """Return the first mesh of a part.

    Raises:
        ToolError: if the mesher fails or times out, or memory is insufficient.
    """
    from fem.mesh import make_mesh

    section = problem.design.check
    with timer.stage("mesh"):
        return make_mesh(tiling, section.elements_across_joint, section.mesher_deadline_s)


def solve_part(
    problem: PortProblem, mesh: Mesh, timer: StageTimer
) -> tuple[Continuum, ConvergenceStudy]:
    """Solve the continuum model from a first mesh, refined until the task results have converged.

    Raises:
        ToolError: if the solver fails.
    """
    from fem.convergence import solve_to_tolerance

    task = problem.task
    with timer.stage("continuum"):
        return solve_to_tolerance(
            mesh,
            problem.network,
            problem.material,
            (task.inputs, task.outputs),
            problem.design.check.discretisation_tolerance,
            _metric(task) if is_scored(task) else None,
        )


def solve_period(problem: Problem, periodicity: Periodicity, widths_mm: FloatArray) -> CellModuli:
    """Return the effective moduli of one period of a part, with its widths (n_bonds,) mm.

    Raises:
        ToolError: if the mesher fails or times out, or memory is insufficient.
    """
    from fem.homogenisation.cell_mesh import make_cell_mesh
    from fem.homogenisation.continuum import continuum_moduli

    section, cell = problem.design.check, periodicity.cell
    mesh = make_cell_mesh(
        cell,
        periodicity.cell_widths(widths_mm),
        problem.with_effective_joints.design.fabrication,
        section.elements_across_joint,
        section.mesher_deadline_s,
    )
    return continuum_moduli(mesh, cell, problem.material, section.discretisation_tolerance)


def _metric(task: ScoredTask) -> Callable[[Response], float]:
    return lambda response: task.primary_metric.of(task.metrics(response))
