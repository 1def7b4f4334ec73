"""The mass of the part."""

from __future__ import annotations

import numpy as np

from geometry.printability.checks import PrintabilityCheck
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode
from mnnfab.units import MM3_PER_CM3


def check(job: PrintJob) -> list[Finding]:
    """Return mass, volume and share of the bounding box."""
    tiling, material = job.tiling, job.material
    volume = tiling.volume_mm3 / MM3_PER_CM3
    mass = volume * material.density_g_per_cm3
    low, high = tiling.bounding_box_mm
    share = tiling.volume_mm3 / float(np.prod(np.subtract(high, low)))
    message = f"{mass:.2f} g, {volume:.3f} cm³ of {material.name}, {share:.0%} of its bounding box"
    return [Finding("mass", "info", "part", message, None, mass)]


CHECK = PrintabilityCheck(
    rank=130,
    run=check,
    codes=(
        FindingCode(
            "mass",
            "printability",
            ("info",),
            "Mass, volume and fill fraction of the bounding box of the part.",
            "",
        ),
    ),
)
