"""Check of the width limits against the printer before training."""

from __future__ import annotations

from mnnfab.design.fabrication import Fabrication
from mnnfab.findings import Finding
from mnnfab.profiles import Printer


def width_limit_findings(fabrication: Fabrication, printer: Printer) -> list[Finding]:
    """Return a warning if the width limits allow joints that are too narrow for the printer.

    >>> from mnnfab.profiles import printer
    >>> shape = Fabrication(
    ...     thickness_mm=2.0, width_min_mm=1.0, width_max_mm=2.5, width_initial_mm=2.0
    ... )
    >>> width_limit_findings(shape, printer("stratasys-j850-digital-anatomy"))[0].limit
    1.2
    """
    joint = fabrication.joint_ratio * fabrication.width_min_mm
    if joint >= printer.printable_wall_mm:
        return []
    least = printer.printable_wall_mm / fabrication.joint_ratio
    message = (
        f"joint width {joint:g} mm (joint_ratio × width_min_mm) is below the minimum of "
        f"{printer.printable_wall_mm:g} mm of {printer.name}; width_min_mm must be at least "
        f"{least:g} mm"
    )
    where = "[fabrication] width_min_mm"
    return [Finding("limits", "warning", where, message, None, fabrication.width_min_mm, least)]
