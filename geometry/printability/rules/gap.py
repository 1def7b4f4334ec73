"""The smallest gap between parts of the outline."""

from __future__ import annotations

from geometry import measures
from geometry.printability.checks import PrintabilityCheck
from geometry.printability.findings import check_smallest
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, FindingCode


def check(job: PrintJob) -> list[Finding]:
    """Check the smallest gap; an empty list if all are wide."""
    limit = job.printer.gap_mm
    worst = measures.smallest(measures.gaps(job.tiling, job.network, 2 * limit))
    return [] if worst is None else check_smallest("gap", [worst], "", limit, job.printer)


CHECK = PrintabilityCheck(
    rank=60,
    run=check,
    codes=(
        FindingCode(
            "gap",
            "printability",
            (
                "error",
                "warning",
                "info",
            ),
            (
                "The narrowest gap between neighbouring hubs and bonds is compared with the "
                "smallest gap that the printer keeps open."
            ),
            ("Reduce `[fabrication] width_max_mm` or increase the node spacing in `[network]`."),
        ),
    ),
)
