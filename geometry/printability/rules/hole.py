"""The smallest round hole."""

from __future__ import annotations

from geometry import measures
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import check_smallest
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode


def check(job: PrintJob) -> list[Finding]:
    """Check the diameter of the smallest round hole."""
    holes = measures.round_holes(job.tiling)
    return check_smallest("hole", holes, "diameter", job.printer.hole_mm, job.printer)


CHECK = PrintabilityCheck(
    rank=70,
    run=check,
    codes=(
        FindingCode(
            "hole",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The smallest hole diameter of pads and eyelets is compared with the smallest"
                " printable hole."
            ),
            "Raise `[features.pads] bolt_hole_mm` or `[features.eyelets] hole_mm`.",
        ),
    ),
)
