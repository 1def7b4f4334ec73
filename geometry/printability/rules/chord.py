"""The chord error of arcs in the printed triangles."""

from __future__ import annotations

from geometry import measures
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import finding_at
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode, Severity

#: Largest chord error of the facets, as a share of the narrowest joint.
CHORD_SHARE = 0.02


def check(job: PrintJob) -> list[Finding]:
    """Check the distance of the facets from the arcs; an empty list if there are no arcs."""
    joint = job.joint
    worst = measures.chord_error(job.tiling, job.facet_tolerance_mm)
    if worst is None:
        return []
    limit = CHORD_SHARE * joint.value_mm
    x, y = worst.position_mm
    message = (
        f"chord error of arc facets up to {worst.value_mm:.4f} mm at ({x:.2f}, {y:.2f}) mm, "
        f"{worst.value_mm / joint.value_mm:.1%} of the narrowest joint; "
        f"limit {CHORD_SHARE:.0%}, set by [export] stl_tolerance_mm"
    )
    severity: Severity = "info" if worst.value_mm <= limit else "warning"
    return [finding_at("chord", severity, worst, message, limit)]


CHECK = PrintabilityCheck(
    rank=100,
    run=check,
    codes=(
        FindingCode(
            "chord",
            "printability",
            (
                "warning",
                "info",
            ),
            (
                "The largest chord error of the facets of an arc is compared with 2 % of the "
                "narrowest joint."
            ),
            "Lower `[export] stl_tolerance_mm`.",
        ),
    ),
)
