"""Findings of measures: what printability checks share."""

from __future__ import annotations

import numpy as np
import shapely

from geometry import measures
from geometry.measures import Measure
from geometry.overlaps import cell_description
from geometry.tiling import Tiling
from mnnfab.findings import Finding, Severity
from mnnfab.network.network import Network
from mnnfab.profiles import Printer


def finding_at(
    code: str, severity: Severity, measure: Measure, message: str, limit: float | None
) -> Finding:
    """Return a finding at the place of a measure."""
    return Finding(
        code, severity, measure.where, message, measure.position_mm, measure.value_mm, limit
    )


def reaches(value: float, limit: float) -> bool:
    """Return whether a value is at least a limit, within rounding."""
    return value >= limit - 1e-6


def check_wall(code: str, worst: Measure, printer: Printer) -> Finding:
    """Return a finding for a wall: an error if it cannot be printed, a warning if it is thin."""
    wall, advised = worst.value_mm, printer.advised_wall_mm
    position = "at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
    if reaches(wall, advised):
        message = f"wall of {wall:.3f} mm {position}; recommended minimum {advised:g} mm"
        return finding_at(code, "info", worst, message, advised)
    if reaches(wall, printer.printable_wall_mm):
        message = (
            f"wall of {wall:.3f} mm {position}; printable on {printer.name}, "
            f"recommended minimum {advised:g} mm"
        )
        return finding_at(code, "warning", worst, message, advised)
    limit = printer.printable_wall_mm
    message = f"wall of {wall:.3f} mm {position}; minimum of {printer.name} {limit:g} mm"
    return finding_at(code, "error", worst, message, limit)


def check_smallest(
    code: str, measured: list[Measure], what: str, limit: float, printer: Printer
) -> list[Finding]:
    """Check the smallest of some measures against a limit of the printer."""
    worst = measures.smallest(measured)
    if worst is None:
        return []
    position = "at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
    message = (
        f"{what} {worst.value_mm:.3f} mm {position}; {printer.name} makes {limit:g} mm or more"
    )
    severity: Severity = "info" if reaches(worst.value_mm, limit) else "error"
    return [finding_at(code, severity, worst, message.strip(), limit)]


def measure_at(position: np.ndarray, value: float, tiling: Tiling, network: Network) -> Measure:
    """Return a measure at a position, named after the nearest cell."""
    point = shapely.Point(position)
    cell = int(shapely.STRtree(tiling.polygons).nearest(point))
    x, y = np.round(position, 3).tolist()
    return Measure(cell_description(tiling, network, cell), (x, y), value)
