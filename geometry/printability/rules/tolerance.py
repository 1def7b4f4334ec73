"""The accuracy of the printer as a share of the narrowest joint."""

from __future__ import annotations

from geometry.printability.checks import PrintabilityCheck
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode, Severity

#: Tolerance of the printer as a share of a joint, above which a warning is due.
TOLERANCE_SHARE = 0.1


def check(job: PrintJob) -> list[Finding]:
    """Report the stiffness error of the narrowest joint: stiffness is proportional to width."""
    joint, printer = job.joint, job.printer
    share = printer.accuracy_mm / joint.value_mm
    message = (
        f"printer accuracy ±{printer.accuracy_mm:g} mm: stiffness of this joint ±{share:.0%}, "
        f"recommended at most ±{TOLERANCE_SHARE:.0%}"
    )
    severity: Severity = "warning" if share > TOLERANCE_SHARE else "info"
    position = joint.position_mm
    return [Finding("tolerance", severity, joint.where, message, position, share, TOLERANCE_SHARE)]


CHECK = PrintabilityCheck(
    rank=20,
    run=check,
    codes=(
        FindingCode(
            "tolerance",
            "printability",
            (
                "warning",
                "info",
            ),
            (
                "Relative stiffness error of the narrowest joint that corresponds to the "
                "dimensional accuracy of the printer (warning above 10 %)."
            ),
            (
                "Raise `[fabrication] width_min_mm` or `joint_ratio`, or choose a more "
                "accurate `[fabrication] printer`."
            ),
        ),
    ),
)
