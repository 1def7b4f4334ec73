"""The printed triangles as one closed surface that does not cross itself."""

from __future__ import annotations

from geometry import slicing
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import finding_at, measure_at
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode


def check(job: PrintJob) -> list[Finding]:
    """Check that the exported triangles are one surface that does not cross itself."""
    n_bodies, crossings = slicing.n_bodies(job.facets), job.section.crossings()
    message = f"{n_bodies} closed surface{'s' if n_bodies > 1 else ''}, 1 expected"
    findings = [
        Finding("shells", "info" if n_bodies == 1 else "error", "part", message, None, n_bodies, 1)
    ]
    if len(crossings):
        worst = measure_at(crossings[0], float(len(crossings)), job.tiling, job.network)
        message = "walls cross at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
        findings.append(finding_at("self-intersection", "error", worst, message, 0.0))
    return findings


CHECK = PrintabilityCheck(
    rank=110,
    run=check,
    codes=(
        FindingCode(
            "shells",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            "Number of closed surfaces in the exported triangles; exactly one is required.",
            (
                "Internal consistency check of the exported mesh: report it with the design "
                "file, no valid design is known to cause it."
            ),
        ),
        FindingCode(
            "self-intersection",
            "printability",
            (
                "error",
                "warning",
            ),
            "Walls of the exported surface cross each other in a horizontal section.",
            (
                "Internal consistency check of the exported mesh: report it with the design "
                "file, no valid design is known to cause it."
            ),
        ),
    ),
)
