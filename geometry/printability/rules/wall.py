"""The narrowest joint, or the thickness of the part if that is less."""

from __future__ import annotations

from geometry.measures import Measure
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import check_wall
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode


def check(job: PrintJob) -> list[Finding]:
    """Check the narrowest joint, or the thickness of the part if that is less."""
    worst, thickness = job.joint, job.tiling.thickness_mm
    if thickness < worst.value_mm:
        worst = Measure("thickness of the part", worst.position_mm, thickness)
    return [check_wall("wall", worst, job.printer)]


CHECK = PrintabilityCheck(
    rank=10,
    run=check,
    codes=(
        FindingCode(
            "wall",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The narrowest joint, or the part thickness if that is smaller, is compared "
                "with the printable and the advised wall thickness of the printer."
            ),
            (
                "Raise `[fabrication] width_min_mm`, `joint_ratio` or `thickness_mm`, or "
                "choose another `[fabrication] printer`."
            ),
        ),
    ),
)
