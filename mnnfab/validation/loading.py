"""Assessment of the loaded part as a stage, and the findings where it is not possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import ToolError, UnstableError
from mnnfab.findings import Finding

if TYPE_CHECKING:
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.printed_part.part import PortPart

#: Largest number of bonds times samples that is assessed; beyond it the study takes minutes.
MAX_BOND_SAMPLES = 1_000_000


def assess(part: PortPart) -> tuple[LoadedPart | None, tuple[Finding, ...]]:
    """Return the assessment of the loaded part, or None and the reason as a finding."""
    from mnnfab.loaded_part.assessment import assess_loaded_part

    problem, thorough = part.problem, part.problem.design.check.thorough
    size = problem.network.n_bonds * len(problem.task.loads_N)
    if size > MAX_BOND_SAMPLES and not thorough:
        message = (
            f"the loaded part was not assessed: {problem.network.n_bonds:,} bonds times "
            f"{len(problem.task.loads_N):,} samples; --thorough assesses it"
        )
        return None, (Finding("not-assessed", "error", "part", message),)
    try:
        with part.timer.stage("loaded part"):
            return assess_loaded_part(part), ()
    except UnstableError as error:
        return None, (Finding("unstable-at-rest", "error", "part", str(error)),)
    except (ToolError, MemoryError, np.linalg.LinAlgError) as error:
        reason = "not enough memory" if isinstance(error, MemoryError) else str(error)
        message = f"the loaded part was not assessed: {reason}"
        return None, (Finding("not-assessed", "error", "part", message),)
