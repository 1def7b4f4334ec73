"""Printability checks of a part against the limits of a printer profile.

Joints, holes, gaps and letters are measured on the tiling; walls and surfaces also on the
exported triangles. A finding names the worst place, with its position.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from geometry import measures, slicing
from geometry.facets import Facets, make_facets
from geometry.measures import Measure
from geometry.overlaps import cell_words
from geometry.tiling import Tiling
from mnnfab.design.design import ExportSection
from mnnfab.findings import Finding, Severity
from mnnfab.network.network import Network
from mnnfab.profiles import Material, Printer
from mnnfab.units import MM3_PER_CM3

#: Largest chord error of the facets, as a fraction of the narrowest joint.
CHORD_SHARE = 0.02
#: Two measurements of a wall that differ by less than this (mm) are taken as the same wall.
AGREES_MM = 1e-3
#: Accuracy of the printer as a fraction of a joint, above which a warning is given.
TOLERANCE_SHARE = 0.1


def check_printability(
    network: Network,
    tiling: Tiling,
    printer: Printer,
    material: Material,
    export: ExportSection,
) -> list[Finding]:
    """Return the findings of all printability checks, each with its worst place."""
    joint = measures.least(measures.joints(tiling, network))
    assert joint is not None, "a network has a bond"
    facets = make_facets(tiling, export.stl_tolerance_mm)
    section = slicing.cut(facets, _clear_height(tiling))
    return [
        _wall(joint, tiling, printer),
        _tolerance(joint, printer),
        *_floor(tiling, printer),
        _layers(tiling, printer),
        *_mesh_wall(joint, section, tiling, network, printer),
        *_gap(tiling, network, printer),
        *_smallest("hole", measures.round_holes(tiling), "diameter", printer.hole_mm, printer),
        *_smallest(
            "ring", measures.eyelet_walls(tiling), "wall", printer.printable_wall_mm, printer
        ),
        *_smallest("emboss", measures.details(tiling), "", printer.emboss_mm, printer),
        *_chord(joint, tiling, export.stl_tolerance_mm),
        *_surface(facets, section, tiling, network),
        _tray(tiling, printer),
        _mass(tiling, material),
    ]


def _clear_height(tiling: Tiling) -> float:
    """Return a height below all sunk details, at which there is no vertex."""
    deepest = min((relief.height_mm for relief in tiling.reliefs), default=0.0)
    return (tiling.thickness_mm + min(deepest, 0.0)) / 2


def _finding(
    code: str, severity: Severity, measure: Measure, message: str, limit: float | None
) -> Finding:
    return Finding(
        code, severity, measure.where, message, measure.position_mm, measure.value_mm, limit
    )


def _wall(joint: Measure, tiling: Tiling, printer: Printer) -> Finding:
    """Check the narrowest joint, or the thickness of the part if that is less."""
    worst = joint
    if tiling.thickness_mm < joint.value_mm:
        worst = Measure("thickness of the part", joint.position_mm, tiling.thickness_mm)
    return _check_wall("wall", worst, printer)


def _floor(tiling: Tiling, printer: Printer) -> list[Finding]:
    """Check the remaining thickness of the part under sunk details."""
    worst = measures.least(measures.floors(tiling))
    return [] if worst is None else [_check_wall("floor", worst, printer)]


def _layers(tiling: Tiling, printer: Printer) -> Finding:
    """Check the smallest printed height against the thinnest layer."""
    heights = [tiling.thickness_mm, *(abs(relief.height_mm) for relief in tiling.reliefs)]
    lowest, (thin, thick) = min(heights), printer.layer_mm
    words = (
        f"minimum height {lowest:g} mm, {lowest / thick:.1f} to {lowest / thin:.1f} layers; "
        f"{printer.name} makes layers of {thin:g} to {thick:g} mm"
    )
    severity: Severity = "info" if _reaches(lowest, thin) else "error"
    return Finding("layers", severity, "part", words, None, lowest, thin)


def _check_wall(code: str, worst: Measure, printer: Printer) -> Finding:
    wall, advised = worst.value_mm, printer.advised_wall_mm
    place = "at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
    if _reaches(wall, advised):
        message = f"{wall:.3f} mm {place}, {advised:g} mm is advised"
        return _finding(code, "info", worst, message, advised)
    if _reaches(wall, printer.printable_wall_mm):
        message = f"{wall:.3f} mm {place}; {printer.name} prints it, but {advised:g} mm is advised"
        return _finding(code, "warning", worst, message, advised)
    limit = printer.printable_wall_mm
    message = f"{wall:.3f} mm {place}; {printer.name} prints {limit:g} mm or more"
    return _finding(code, "error", worst, message, limit)


def _reaches(value: float, limit: float) -> bool:
    """Return whether a value is at least a limit, within rounding."""
    return value >= limit - 1e-6


def _tolerance(joint: Measure, printer: Printer) -> Finding:
    """Report the stiffness error of the narrowest joint: stiffness is proportional to width."""
    share = printer.accuracy_mm / joint.value_mm
    words = f"accuracy ±{printer.accuracy_mm:g} mm: stiffness of this joint within ±{share:.0%}"
    severity: Severity = "warning" if share > TOLERANCE_SHARE else "info"
    return Finding(
        "tolerance", severity, joint.where, words, joint.position_mm, share, TOLERANCE_SHARE
    )


def _mesh_wall(
    joint: Measure, section: slicing.Slice, tiling: Tiling, network: Network, printer: Printer
) -> list[Finding]:
    """Check the thinnest wall of the exported triangles."""
    walls = section.walls(3 * printer.advised_wall_mm)
    if np.isnan(walls).all():
        return []
    thinnest = int(np.nanargmin(walls))
    worst = _measure(section.middles[thinnest], float(walls[thinnest]), tiling, network)
    judged = _check_wall("wall-mesh", worst, printer)
    if abs(worst.value_mm - joint.value_mm) < AGREES_MM:  # the same wall, measured twice
        words = f"{worst.value_mm:.3f} mm on the triangles, the same as the narrowest joint"
        judged = replace(judged, severity="info", message=words)
    return [judged]


def _gap(tiling: Tiling, network: Network, printer: Printer) -> list[Finding]:
    worst = measures.least(measures.gaps(tiling, network, 2 * printer.gap_mm))
    return [] if worst is None else _smallest("gap", [worst], "", printer.gap_mm, printer)


def _smallest(
    code: str, measured: list[Measure], what: str, limit: float, printer: Printer
) -> list[Finding]:
    """Check the smallest of some measures against a limit of the printer."""
    worst = measures.least(measured)
    if worst is None:
        return []
    place = "at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
    words = f"{what} {worst.value_mm:.3f} mm {place}; {printer.name} makes {limit:g} mm or more"
    severity: Severity = "info" if _reaches(worst.value_mm, limit) else "error"
    return [_finding(code, severity, worst, words.strip(), limit)]


def _chord(joint: Measure, tiling: Tiling, tolerance_mm: float) -> list[Finding]:
    worst = measures.chord_error(tiling, tolerance_mm)
    if worst is None:
        return []
    limit = CHORD_SHARE * joint.value_mm
    words = (
        f"facets are up to {worst.value_mm:.4f} mm from the arc at ({{:.2f}}, {{:.2f}}) mm".format(
            *worst.position_mm
        )
        + f", {worst.value_mm / joint.value_mm:.1%} of the narrowest joint; "
        f"limit {CHORD_SHARE:.0%}, set by [export] stl_tolerance_mm"
    )
    severity: Severity = "info" if worst.value_mm <= limit else "warning"
    return [_finding("chord", severity, worst, words, limit)]


def _surface(
    facets: Facets, section: slicing.Slice, tiling: Tiling, network: Network
) -> list[Finding]:
    """Check that the exported triangles are one surface that does not cross itself."""
    n_bodies, crossings = slicing.n_bodies(facets), section.crossings()
    words = f"{n_bodies} closed surface{'s' if n_bodies > 1 else ''}, 1 expected"
    found = [
        Finding("shells", "info" if n_bodies == 1 else "error", "part", words, None, n_bodies, 1)
    ]
    if len(crossings):
        worst = _measure(crossings[0], float(len(crossings)), tiling, network)
        words = "walls cross at ({:.2f}, {:.2f}) mm".format(*worst.position_mm)
        found.append(_finding("self-intersection", "error", worst, words, 0.0))
    return found


def _measure(place: np.ndarray, value: float, tiling: Tiling, network: Network) -> Measure:
    """Return a measure at a position, named after the nearest cell."""
    point = shapely.Point(place)
    cell = int(shapely.STRtree(tiling.polygons).nearest(point))
    x, y = np.round(place, 3).tolist()
    return Measure(cell_words(tiling, network, cell), (x, y), value)


def _tray(tiling: Tiling, printer: Printer) -> Finding:
    low, high = tiling.bounding_box_mm
    size = np.subtract(high, low)
    words = " × ".join(f"{side:.1f}" for side in size)
    tray = " × ".join(f"{side:g}" for side in printer.tray_mm)
    # The part may be rotated by 90° in the plane of the tray.
    fits = bool((np.sort(size[:2]) <= np.sort(printer.tray_mm[:2])).all()) and (
        size[2] <= printer.tray_mm[2]
    )
    return Finding(
        "tray", "info" if fits else "error", "part", f"{words} mm on a tray of {tray} mm"
    )


def _mass(tiling: Tiling, material: Material) -> Finding:
    volume = tiling.volume_mm3 / MM3_PER_CM3
    mass = volume * material.density_g_per_cm3
    low, high = tiling.bounding_box_mm
    share = tiling.volume_mm3 / float(np.prod(np.subtract(high, low)))
    words = f"{mass:.2f} g, {volume:.3f} cm³ of {material.name}, {share:.0%} of its bounding box"
    return Finding("mass", "info", "part", words, None, mass)
