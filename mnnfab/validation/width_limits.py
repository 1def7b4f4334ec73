"""What a printer allows of the widths, told before they are trained."""

from __future__ import annotations

from mnnfab.design.fabrication import Fabrication
from mnnfab.findings import Finding
from mnnfab.profiles import Printer


def width_limit_findings(fabrication: Fabrication, printer: Printer) -> list[Finding]:
    """Return a warning if training may choose joints that the printer cannot make.

    >>> from mnnfab.profiles import printer
    >>> shape = Fabrication(
    ...     thickness_mm=2.0, width_min_mm=1.0, width_max_mm=2.5, width_initial_mm=2.0
    ... )
    >>> findings_of_limits(shape, printer("stratasys-j850-digital-anatomy"))[0].limit
    1.2
    """
    joint = fabrication.joint_ratio * fabrication.width_min_mm
    if joint >= printer.printable_wall_mm:
        return []
    least = printer.printable_wall_mm / fabrication.joint_ratio
    words = (
        f"{fabrication.width_min_mm:g} lets training make joints of {joint:g} mm, and "
        f"{printer.name} prints {printer.printable_wall_mm:g} mm or more: {least:g} or more"
    )
    where = "[fabrication] width_min_mm"
    return [Finding("limits", "warning", where, words, None, fabrication.width_min_mm, least)]
