"""The smallest raised or sunk detail."""

from __future__ import annotations

from geometry import measures
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import check_smallest
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode


def check(job: PrintJob) -> list[Finding]:
    """Check the smallest raised or sunk detail."""
    details = measures.details(job.tiling)
    return check_smallest("emboss", details, "", job.printer.emboss_mm, job.printer)


CHECK = PrintabilityCheck(
    rank=90,
    run=check,
    codes=(
        FindingCode(
            "emboss",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The smallest height or stroke width of raised or sunk dots and letters is "
                "compared with the smallest printable detail."
            ),
            (
                "Raise `[features.dots] height_mm`, `[features.id] height_mm` or `letter_mm`,"
                " or `[fabrication] load_disc_radius_mm` (dot size)."
            ),
        ),
    ),
)
