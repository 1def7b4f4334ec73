"""The continuum as a stage: a part meshed, solved and refined; stiffness laws calibrated on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.model.stiffness_law import Calibration
from mnnfab.printed_part.tiling import tile_part

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from fem.convergence import Discretisation
    from geometry.tiling import Tiling
    from mnnfab.model.response import Response
    from mnnfab.problem.problem import Problem
    from mnnfab.progress.watcher import Clock
    from mnnfab.task.task import Task

#: Widths at which a stiffness law is calibrated, as shares of the way between the limits.
CALIBRATED_AT = (0.0, 0.5, 1.0)


def solve_part(
    problem: Problem, task: Task, tiling: Tiling, clock: Clock
) -> tuple[Continuum, Discretisation]:
    """Mesh a part and solve its continuum, refined until the task's numbers settle.

    Raises:
        ToolError: if the mesher hangs or fails, or the solver does.
    """
    from fem.convergence import solve_to_tolerance
    from fem.mesh import make_mesh

    section, headline = problem.design.check, task.headline

    def metric(response: Response) -> float:
        assert headline is not None, "only asked where there is one"
        return headline.of(task.metrics(response))

    with clock.stage("mesh"):
        mesh = make_mesh(tiling, section.elements_across_joint, section.mesher_deadline_s)
    with clock.stage("continuum"):
        return solve_to_tolerance(
            mesh,
            problem.network,
            problem.material,
            (task.inputs, task.outputs),
            section.discretisation_tolerance,
            metric if headline else None,
        )


def calibrated(problem: Problem, clock: Clock) -> Problem:
    """Calibrate the stiffness law of a problem, if its design wants that.

    The network is solved as a continuum with all bonds of one width, at three widths; what
    its nodes move by, over what they do with springs in series, is the softening there.
    """
    if problem.design.schedule.stiffness_law != "calibrated" or problem.task is None:
        return problem
    low, high = problem.width_limits_mm
    widths = tuple(low + share * (high - low) for share in CALIBRATED_AT)
    softening = tuple(_softening(problem, problem.task, width, clock) for width in widths)
    found = Calibration(widths, softening)
    return replace(problem, surrogate=replace(problem.surrogate, calibration=found))


def _softening(problem: Problem, task: Task, width_mm: float, clock: Clock) -> float:
    """Return how much farther all nodes of a uniform continuum move than springs in series do."""
    widths = np.full(problem.network.n_bonds, width_mm)
    continuum, _ = solve_part(problem, task, tile_part(problem.as_measured, widths), clock)
    found = (continuum.system.readings.T @ continuum.fields)[problem.network.free_dofs]
    stiffness = problem.law_named("series").stiffness(widths)
    bars = problem.bar_model(task).engine.displacements(stiffness)[:, : len(task.inputs)]
    return float(np.vdot(bars, found) / np.vdot(bars, bars))
