"""The rotation of the nodes from which the weights hang."""

from __future__ import annotations

import numpy as np

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.validation.limit_states.checks import AssessedPart, LimitStateCheck

#: Rotation up to which a string keeps its place on a joint or in an eyelet, degrees; beyond it
#: the load moves by a tenth of its distance from the centre of the node.
ADVISED_DEG = 25.0


def check(part: AssessedPart) -> list[Finding]:
    """Check the largest rotation of a loaded node of all samples."""
    if part.loaded is None:
        return []
    rotations = part.loaded.at_loads.rotations
    if not np.isfinite(rotations).any():
        return []
    sample = int(np.nanargmax(rotations))
    degrees = float(np.degrees(rotations[sample]))
    message = (
        f"nodes with weights turn by up to {degrees:.1f}° (sample {sample}); recommended at most "
        f"{ADVISED_DEG:g}°"
    )
    severity: Severity = "info" if degrees <= ADVISED_DEG else "warning"
    return [Finding("tilt", severity, "inputs", message, None, degrees, ADVISED_DEG)]


CHECK = LimitStateCheck(
    rank=25,
    run=check,
    codes=(
        FindingCode(
            "tilt",
            "limit-state",
            ("warning", "info"),
            "Largest rotation of a node from which a weight hangs, under the loads of a sample.",
            "Reduce the loads, or tie the string to an eyelet that turns freely.",
        ),
    ),
)
