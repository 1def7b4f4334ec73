"""The load factor at which the linear range ends."""

from __future__ import annotations

from mnnfab.findings import Finding, FindingCode
from mnnfab.validation.limit_states.checks import (
    ADVISED_FACTOR,
    AssessedPart,
    Limit,
    LimitStateCheck,
)


def check(part: AssessedPart) -> list[Finding]:
    """Check the smallest load factor of all load cases at which the linear range ends."""
    if not part.states.cases:
        return []
    first = min(part.states.cases, key=lambda found: found.linear.factor)
    factor = first.linear.factor
    message = {
        "change": f"linear range ends at load factor {factor:.2f} (5 % error of the outputs)",
        "unstable": f"linear range ends at load factor {factor:.2f} (no stable equilibrium found)",
        "beyond": f"linear range extends beyond load factor {factor:.0f}",
    }[first.linear.ends]
    limit = Limit(part.problem.design.check.min_linear_factor, ADVISED_FACTOR, at_least=True)
    return [limit.finding("linear-range", "outputs", f"{message} of “{first.case.name}”", factor)]


CHECK = LimitStateCheck(
    rank=40,
    run=check,
    codes=(
        FindingCode(
            "linear-range",
            "limit-state",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "Load factor at which large displacements change the outputs by 5 %, or at "
                "which no stable equilibrium of the pin-jointed bars is found."
            ),
            ("Reduce the loads in `[task]`; the limit is `[check] min_linear_factor` (advised 1)."),
        ),
    ),
)
