"""The remaining thickness of the part under sunk details."""

from __future__ import annotations

from geometry import measures
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import check_wall
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode


def check(job: PrintJob) -> list[Finding]:
    """Check the remaining thickness of the part under sunk details."""
    worst = measures.smallest(measures.floors(job.tiling))
    return [] if worst is None else [check_wall("floor", worst, job.printer)]


CHECK = PrintabilityCheck(
    rank=30,
    run=check,
    codes=(
        FindingCode(
            "floor",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The material left under sunk dots or engraved letters is compared with the "
                "printable and the advised wall thickness."
            ),
            (
                "Reduce the depth (`[features.dots] height_mm`, `[features.id] height_mm`) or"
                " raise `[fabrication] thickness_mm`."
            ),
        ),
    ),
)
