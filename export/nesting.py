"""Nesting: placement of rectangles on as few trays as possible, with rectpack."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import rectpack

from mnnfab.errors import InputError

#: Rectangles are packed in whole micrometres, rounded up.
_UM = 1000


@dataclass(frozen=True)
class Placement:
    """The position of a rectangle.

    Args:
        tray: number of the tray, from 0.
        corner_mm: lower left corner, relative to that of the tray.
        rotated: True if it is rotated by 90°, counter-clockwise.
    """

    tray: int
    corner_mm: tuple[float, float]
    rotated: bool


def nest(
    sizes_mm: Sequence[tuple[float, float]], tray_mm: tuple[float, float], gap_mm: float
) -> list[Placement]:
    """Return a position for each rectangle, with a gap to its neighbours and to the rim.

    Raises:
        InputError: if a rectangle is larger than the tray.
    """
    # Each rectangle includes its gap on two sides; the tray includes the gap on the other two.
    tray = tuple(math.floor((side - gap_mm) * _UM) for side in tray_mm)
    packer = rectpack.newPacker(rotation=True)
    for number, size in enumerate(sizes_mm):
        needed = tuple(math.ceil((side + gap_mm) * _UM) for side in size)
        if max(needed) > max(tray) or min(needed) > min(tray):
            raise InputError(
                f"part {number + 1} of the tray",
                f"{size[0]:.1f} × {size[1]:.1f} mm and a gap of {gap_mm:g} mm on every side",
                f"a part that fits on {tray_mm[0]:g} × {tray_mm[1]:g} mm",
            )
        packer.add_rect(*needed, rid=number)
    packer.add_bin(*tray, count=len(sizes_mm))
    packer.pack()
    placements: dict[int, Placement] = {}
    for bin_number, x, y, width, _, number in packer.rect_list():
        unrotated_width = math.ceil((sizes_mm[number][0] + gap_mm) * _UM)
        corner = (x / _UM + gap_mm, y / _UM + gap_mm)
        placements[number] = Placement(bin_number, corner, rotated=width != unrotated_width)
    return [placements[number] for number in range(len(sizes_mm))]
