"""Printability: can the printer of the profile make this part?"""

from __future__ import annotations

import numpy as np

from geometry.tiling import Tiling
from mnnfab.arrays import FloatArray
from mnnfab.design import Fabrication
from mnnfab.findings import Finding
from mnnfab.network import Network
from mnnfab.profiles import Printer


def check_printability(
    network: Network,
    widths_mm: FloatArray,
    fabrication: Fabrication,
    tiling: Tiling,
    printer: Printer,
) -> list[Finding]:
    """Return what a print shop would say, the worst place named in each finding."""
    joints = fabrication.joint_ratio * widths_mm
    return [
        _judge_wall(network, joints, fabrication.thickness_mm, printer),
        _tolerance(network, joints, printer),
        _judge_tray(tiling, printer),
    ]


def _judge_wall(
    network: Network, joints: FloatArray, thickness: float, printer: Printer
) -> Finding:
    thinnest = int(joints.argmin())
    where = f"joint of {network.bond_name(thinnest)}"
    wall, below = float(joints[thinnest]), int((joints < printer.advised_wall_mm).sum())
    count = f"{below} of {len(joints)} bonds are below"
    if thickness < wall:
        where, wall, count = "thickness of the part", thickness, "the whole part is"
    advice = f"{printer.advised_wall_mm:g} mm is advised"
    if wall >= printer.advised_wall_mm:
        return Finding("wall", "info", where, f"{wall:.2f} mm, {advice}")
    if wall >= printer.printable_wall_mm:
        message = f"{wall:.2f} mm; {printer.name} prints it, but {advice} ({count})"
        return Finding("wall", "warning", where, message)
    message = f"{wall:.2f} mm; {printer.name} prints {printer.printable_wall_mm:g} mm or more"
    return Finding("wall", "error", where, message)


def _tolerance(network: Network, joints: FloatArray, printer: Printer) -> Finding:
    """Say what the printer's accuracy does to the softest joint, whose stiffness is its width."""
    thinnest = int(joints.argmin())
    share = printer.accuracy_mm / float(joints[thinnest])
    return Finding(
        "tolerance",
        "warning" if share > 0.1 else "info",
        f"joint of {network.bond_name(thinnest)}",
        f"±{printer.accuracy_mm:g} mm of the printer is ±{share:.0%} of this joint's stiffness",
    )


def _judge_tray(tiling: Tiling, printer: Printer) -> Finding:
    low, high = tiling.bounding_box_mm
    size = np.subtract(high, low)
    words = " × ".join(f"{side:.1f}" for side in size)
    tray = " × ".join(f"{side:g}" for side in printer.tray_mm)
    # The part may be turned a quarter in the plane of the tray.
    fits = bool((np.sort(size[:2]) <= np.sort(printer.tray_mm[:2])).all()) and (
        size[2] <= printer.tray_mm[2]
    )
    return Finding(
        "tray", "info" if fits else "error", "part", f"{words} mm, the tray holds {tray} mm"
    )
