"""The error of the loaded outputs by the mesh."""

from __future__ import annotations

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.validation.limit_states.checks import AssessedPart, LimitStateCheck

#: Error above which the mesh contributes to the metric as read, as other models differ by a few
#: per cent.
ADVISED_ERROR = 0.01


def check(part: AssessedPart) -> list[Finding]:
    """Check the estimated error of the rubber model's outputs by its mesh."""
    if part.loaded is None or part.loaded.discretisation_error is None:
        return []
    error = part.loaded.discretisation_error
    message = (
        f"estimated discretisation error of the outputs of the loaded part {error:.2%}; "
        f"recommended at most {ADVISED_ERROR:.0%}"
    )
    severity: Severity = "info" if error <= ADVISED_ERROR else "warning"
    return [Finding("loaded-mesh", severity, "rubber", message, None, error, ADVISED_ERROR)]


CHECK = LimitStateCheck(
    rank=46,
    run=check,
    codes=(
        FindingCode(
            "loaded-mesh",
            "limit-state",
            ("warning", "info"),
            (
                "Estimated error of the outputs of all load cases by the mesh of the rubber model, "
                "which was refined for the linear continuum model: the estimate of that model "
                "times the ratio of the changes of both from the first mesh to the last one."
            ),
            "Lower `[check] discretisation_tolerance`, by the ratio of the two numbers.",
        ),
    ),
)
