"""Findings of measures: what printability checks share."""

from __future__ import annotations

import numpy as np
import shapely

from geometry import measures
from geometry.measures import Measure
from geometry.overlaps import cell_words
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
    place = "at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
    if reaches(wall, advised):
        message = f"wall of {wall:.3f} mm {place}; recommended minimum {advised:g} mm"
        return finding_at(code, "info", worst, message, advised)
    if reaches(wall, printer.printable_wall_mm):
        message = (
            f"wall of {wall:.3f} mm {place}; printable on {printer.name}, "
            f"recommended minimum {advised:g} mm"
        )
        return finding_at(code, "warning", worst, message, advised)
    limit = printer.printable_wall_mm
    message = f"wall of {wall:.3f} mm {place}; minimum of {printer.name} {limit:g} mm"
    return finding_at(code, "error", worst, message, limit)


def check_smallest(
    code: str, measured: list[Measure], what: str, limit: float, printer: Printer
) -> list[Finding]:
    """Check the smallest of some measures against a limit of the printer."""
    worst = measures.least(measured)
    if worst is None:
        return []
    place = "at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
    words = f"{what} {worst.value_mm:.3f} mm {place}; {printer.name} makes {limit:g} mm or more"
    severity: Severity = "info" if reaches(worst.value_mm, limit) else "error"
    return [finding_at(code, severity, worst, words.strip(), limit)]


def measure_at(place: np.ndarray, value: float, tiling: Tiling, network: Network) -> Measure:
    """Return a measure at a position, named after the nearest cell."""
    point = shapely.Point(place)
    cell = int(shapely.STRtree(tiling.polygons).nearest(point))
    x, y = np.round(place, 3).tolist()
    return Measure(cell_words(tiling, network, cell), (x, y), value)
