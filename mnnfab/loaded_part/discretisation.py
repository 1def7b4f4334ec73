"""Error of the rubber model by its mesh, which was refined for the linear continuum model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fem.continuum import solve_continuum

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.loaded_part.cases import LoadedCase
    from mnnfab.printed_part.part import PortPart


def loaded_error(part: PortPart, cases: tuple[LoadedCase, ...]) -> float | None:
    """Return the estimated relative error of the outputs of all load cases by the mesh.

    Both models are solved on the first mesh of the sequence too. The ratio of the error of the
    last mesh to the change since the first one is taken to be the same in both. The convergence
    study gives the error of the linear model's flexibility matrix.

    Args:
        part: the part.
        cases: its load cases on the last mesh.

    Returns:
        Error relative to the outputs, in their norm; None if there are no load cases, or the path
        of one was lost.

    Raises:
        ToolError: if a solver fails.
    """
    if not cases or any(found.share < 1.0 for found in cases):
        return None
    if len(part.discretisation.levels) == 1:
        return part.discretisation.error
    problem, task = part.problem, part.problem.task
    continuum = solve_continuum(
        part.first_mesh, problem.network, problem.material, task.inputs, task.outputs
    )
    rubber = part.rubber_on(continuum)
    loads = np.array([found.case.loads_N for found in cases])
    paths = [rubber.path(one) for one in loads]
    if any(path.lost for path in paths):
        return None
    outputs = np.array([rubber.outputs_of(path.end.field) for path in paths])
    before, after = (one.response.flexibility for one in (continuum, part.continuum))
    change = _change(outputs, np.array([found.outputs_mm for found in cases]))
    linear_change = _change(before, after)
    return part.discretisation.error * change / linear_change if linear_change else None


def _change(before: FloatArray, after: FloatArray) -> float:
    return float(np.linalg.norm(after - before) / np.linalg.norm(after))
