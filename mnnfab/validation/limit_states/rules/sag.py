"""The sag of the outputs under self-weight."""

from __future__ import annotations

import numpy as np

from mnnfab.findings import Finding, FindingCode
from mnnfab.validation.limit_states.checks import AssessedPart, Limit, LimitStateCheck

#: Advised limit of the sag over the displacement, used where the design sets none.
ADVISED = 1.0


def check(part: AssessedPart) -> list[Finding]:
    """Check the sag relative to the output displacement of the smallest load case."""
    states = part.states
    sag = float(np.abs(states.sag_mm).max())
    sizes = {one.case.name: float(np.abs(one.outputs_mm).max()) for one in states.cases}
    sizes = {name: size for name, size in sizes.items() if size > 0}
    if not sizes:
        return []
    least = min(sizes, key=lambda name: sizes[name])
    share = sag / sizes[least]
    limit = Limit(part.problem.design.check.max_sag_share, ADVISED, at_least=False)
    message = (
        f"sag of the outputs under self-weight up to {sag:.3f} mm, {share:.2f} times their "
        f"displacement under “{least}”; take the zero reading with the part hanging"
    )
    return [limit.finding("sag", "outputs", message, share)]


CHECK = LimitStateCheck(
    rank=20,
    run=check,
    codes=(
        FindingCode(
            "sag",
            "limit-state",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "Output displacement by self-weight over the output displacement of the "
                "smallest load case."
            ),
            (
                "Take the zero reading with the part hanging, or raise the loads; the limit "
                "is `[check] max_sag_share` (advised 1)."
            ),
        ),
    ),
)
