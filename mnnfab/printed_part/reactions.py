"""A part with prescribed displacements, under their reactions as loads."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import ToolError, UnstableError
from mnnfab.findings import Finding

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.model.prescribed import PrescribedDisplacements
    from mnnfab.printed_part.part import PortPart

log = logging.getLogger(__name__)

#: Largest difference from a prescribed displacement, over the largest displacement.
TOLERANCE = 1e-6
#: Largest number of steps of Newton.
MAX_STEPS = 12


def with_reactions(part: PortPart) -> tuple[PortPart, tuple[Finding, ...]]:
    """Return a part whose loads are those that give the prescribed displacements.

    They are the reactions of the rubber model, with large displacements. Where it has no stable
    state under loads, they are those of the linear continuum model, with a finding.

    Raises:
        ToolError: if the continuum model cannot be solved.
    """
    task = part.problem.task
    if task.prescribed is None:
        return part, ()
    linear = task.applied_loads(part.continuum.response)
    try:
        with part.timer.stage("reactions"):
            return part.with_loads(_by_rubber(part, task.prescribed, linear)), ()
    except (ToolError, UnstableError, np.linalg.LinAlgError) as error:
        message = f"reactions of the linear continuum model, not of the rubber model: {error}"
        return part.with_loads(linear), (Finding("linear-reactions", "warning", "task", message),)


def _by_rubber(
    part: PortPart, prescribed: PrescribedDisplacements, loads_N: FloatArray
) -> FloatArray:
    """Return the loads with the reactions of the rubber model, (n_samples, n_in) N.

    Raises:
        ToolError: if a state is lost, or the steps do not converge.
    """
    largest = float(np.nanmax(np.abs(prescribed.displacements_mm)))
    for step in range(MAX_STEPS):
        equilibrium = part.rubber.solve(loads_N)
        missing = float(np.abs(prescribed.missing(equilibrium.outputs_mm)).max())
        log.info("reactions, step %d: %.3g mm from the prescribed displacements", step, missing)
        # Inputs may be held while others are loaded.
        if missing <= TOLERANCE * max(largest, float(np.abs(equilibrium.outputs_mm).max())):
            return loads_N
        loads_N = prescribed.corrected(equilibrium, loads_N)
    msg = f"the reactions did not converge in {MAX_STEPS} steps"
    raise ToolError(msg)
