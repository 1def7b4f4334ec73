r"""Corners: how the sides of two neighbouring joints meet around a node.

Seen from the node, joint i leaves at angle 0 and joint j at angle φ, counter-clockwise;
the left side of i and the right side of j bound the gap between them::

         j                      corner: the sides meet at a point (rounded by a fillet
          \ \                   if one is requested)
           \ \___________
            o ___________ i     cap: at gaps of a half turn or more, or where one joint
                                is hidden by the other, an arc about the node
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Edges shorter than this (mm) are left out and their ends merged: a thousandth of a millimetre
#: is far below the resolution of any printer and far above rounding.
MERGE_MM = 1e-3


@dataclass(frozen=True)
class Corner:
    """The path from the left side of joint i to the right side of joint j.

    Args:
        points: polar coordinates about the node with joint i at angle 0,
            (radius mm, angle rad).
        bulges: bulges of the edges between them, one fewer than points.
        reach_i: length of joint i that the path takes up, mm.
        reach_j: the same for joint j.
        clearance: distance from the node to the path, mm.
    """

    points: tuple[tuple[float, float], ...]
    bulges: tuple[float, ...]
    reach_i: float
    reach_j: float
    clearance: float


def corner(half_i: float, half_j: float, gap: float, fillet_radius: float) -> Corner:
    """Return the corner of joints of half widths `half_i` and `half_j` (mm) across `gap` (rad)."""
    if gap < math.pi:
        reach_i = (half_j + half_i * math.cos(gap)) / math.sin(gap)
        reach_j = (half_i + half_j * math.cos(gap)) / math.sin(gap)
        if reach_i >= 0 and reach_j >= 0:
            return _meeting(half_i, reach_i, reach_j, gap, fillet_radius)
    return _cap(half_i, half_j, gap)


def _meeting(
    half_i: float, reach_i: float, reach_j: float, gap: float, fillet_radius: float
) -> Corner:
    """Return the corner where the two sides cross, sharp or with a fillet."""
    radius, angle = math.hypot(reach_i, half_i), math.atan2(half_i, reach_i)
    turn = math.pi - gap
    if fillet_radius * turn < MERGE_MM:
        return Corner(((radius, angle),), (), reach_i, reach_j, radius)
    tangent = fillet_radius / math.tan(gap / 2)
    # Each side starts where the fillet touches it, `tangent` further out than the corner.
    x, y = radius * math.cos(angle), radius * math.sin(angle)
    start = (x + tangent, y)
    end = (x + tangent * math.cos(gap), y + tangent * math.sin(gap))
    points = tuple((math.hypot(*p), math.atan2(p[1], p[0]) % (2 * math.pi)) for p in (start, end))
    bulge = -math.tan(turn / 4)  # the fillet runs clockwise: it is concave
    return Corner(points, (bulge,), reach_i + tangent, reach_j + tangent, radius)


def _cap(half_i: float, half_j: float, gap: float) -> Corner:
    """Return the arc about the node, of the wider joint's half width, that closes the gap."""
    radius = max(half_i, half_j)
    start = math.asin(half_i / radius)
    end = gap - math.asin(half_j / radius)
    reach_i, reach_j = radius * math.cos(start), radius * math.cos(gap - end)
    if radius * (end - start) < MERGE_MM:
        return Corner(((radius, (start + end) / 2),), (), reach_i, reach_j, radius)
    # At most quarter turns: CAD kernels have problems with arcs of a half turn or more.
    pieces = math.ceil((end - start) / (math.pi / 2) - 1e-9)
    step = (end - start) / pieces
    points = tuple((radius, start + k * step) for k in range(pieces + 1))
    return Corner(points, (math.tan(step / 4),) * pieces, reach_i, reach_j, radius)
