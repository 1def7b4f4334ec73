"""The thinnest wall in a section of the printed triangles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import check_wall, measure_at
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode

#: Two measurements of a wall that differ by less than this (mm) have found the same wall.
SAME_WALL_MM = 1e-3


def check(job: PrintJob) -> list[Finding]:
    """Check the thinnest wall of the exported triangles."""
    joint, section = job.joint, job.section
    walls = section.walls(3 * job.printer.advised_wall_mm)
    if np.isnan(walls).all():
        return []
    thinnest = int(np.nanargmin(walls))
    worst = measure_at(section.middles[thinnest], float(walls[thinnest]), job.tiling, job.network)
    finding = check_wall("wall-mesh", worst, job.printer)
    if abs(worst.value_mm - joint.value_mm) < SAME_WALL_MM:  # the same wall, measured twice
        message = (
            f"minimum wall of the surface mesh {worst.value_mm:.3f} mm, equal to the narrowest "
            "joint"
        )
        finding = replace(finding, severity="info", message=message)
    return [finding]


CHECK = PrintabilityCheck(
    rank=50,
    run=check,
    codes=(
        FindingCode(
            "wall-mesh",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The thinnest wall in a horizontal section through the exported triangles is "
                "compared with the printable and the advised wall thickness."
            ),
            (
                "Raise the width at the named place (`[fabrication] width_min_mm`, "
                "`joint_ratio`, or the pad and eyelet walls in `[features]`)."
            ),
        ),
    ),
)
