"""The size of the part against the tray of the printer."""

from __future__ import annotations

import numpy as np

from geometry.printability.checks import PrintabilityCheck
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode, Severity


def check(job: PrintJob) -> list[Finding]:
    """Check whether the part fits on the tray."""
    tiling, printer = job.tiling, job.printer
    low, high = tiling.bounding_box_mm
    size = np.subtract(high, low)
    part_size = " × ".join(f"{side:.1f}" for side in size)
    tray_size = " × ".join(f"{side:g}" for side in printer.tray_mm)
    # The part may be rotated by 90° in the plane of the tray.
    fits = bool((np.sort(size[:2]) <= np.sort(printer.tray_mm[:2])).all()) and (
        size[2] <= printer.tray_mm[2]
    )
    severity: Severity = "info" if fits else "error"
    return [Finding("tray", severity, "part", f"{part_size} mm on a tray of {tray_size} mm")]


CHECK = PrintabilityCheck(
    rank=120,
    run=check,
    codes=(
        FindingCode(
            "tray",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The bounding box of the part is compared with the build volume of the "
                "printer; a quarter turn is allowed."
            ),
            (
                "Reduce the size or node spacing in `[network]`, or choose another "
                "`[fabrication] printer`."
            ),
        ),
    ),
)
