"""The lowest detail against the thinnest layer of the printer."""

from __future__ import annotations

from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import reaches
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode, Severity


def check(job: PrintJob) -> list[Finding]:
    """Check the smallest printed height against the thinnest layer."""
    tiling, printer = job.tiling, job.printer
    heights = [tiling.thickness_mm, *(abs(relief.height_mm) for relief in tiling.reliefs)]
    lowest, (thin, thick) = min(heights), printer.layer_mm
    message = (
        f"minimum height {lowest:g} mm, {lowest / thick:.1f} to {lowest / thin:.1f} layers; "
        f"{printer.name} makes layers of {thin:g} to {thick:g} mm"
    )
    severity: Severity = "info" if reaches(lowest, thin) else "error"
    return [Finding("layers", severity, "part", message, None, lowest, thin)]


CHECK = PrintabilityCheck(
    rank=40,
    run=check,
    codes=(
        FindingCode(
            "layers",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The smallest printed height (part thickness or relief) is compared with the "
                "thinnest layer of the printer."
            ),
            (
                "Raise `[fabrication] thickness_mm` or the relief height (`[features.dots] "
                "height_mm`, `[features.id] height_mm`)."
            ),
        ),
    ),
)
