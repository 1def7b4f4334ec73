"""The thinnest wall of an eyelet."""

from __future__ import annotations

from geometry import measures
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import check_smallest
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode


def check(job: PrintJob) -> list[Finding]:
    """Check the thinnest wall of an eyelet."""
    walls = measures.eyelet_walls(job.tiling)
    return check_smallest("ring", walls, "wall", job.printer.printable_wall_mm, job.printer)


CHECK = PrintabilityCheck(
    rank=80,
    run=check,
    codes=(
        FindingCode(
            "ring",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The thinnest wall around a pad or eyelet hole is compared with the printable"
                " wall thickness."
            ),
            (
                "Raise `[features.eyelets] wall_mm` or `[features.pads] radius_mm`, or reduce"
                " the hole diameter."
            ),
        ),
    ),
)
