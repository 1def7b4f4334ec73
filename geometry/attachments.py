r"""Attachments: lugs that are connected to a hub by a neck, and a tab on one of them.

A lug is a disc with a hole, joined to its neck by two tangents. It begins where the hub ends,
at a cut across the neck, as a bond does. A tab is a plate that begins at a cut across the disc
of a pad. The pad is clamped; a tab on a thin rubber neck would tip over::

                 ____            ____________________
      hub  ___--      \__________|                    |
         |       ( )   |                              |
         |___          |_________                     |
              --______/          |____________________|
        cut     lug     cut               tab
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from geometry.builder import QUARTER, Point, TilingBuilder, reversed_loop
from geometry.hubs import Arm, Cut
from geometry.tiling import CellName, DirectedEdge

#: Radius of the corners of a tab, mm.
TAB_CORNER_MM = 1.0
#: Half of the angle of a pad's disc that a tab's neck covers, rad: the neck is one radius wide.
BRANCH_HALF_ANGLE = math.asin(0.5)


@dataclass(frozen=True)
class Lug:
    """A disc with a hole, attached to a hub: a pad for a bolt, or an eyelet for a string.

    Args:
        kind: a pad is held, an eyelet takes the load of its node.
        node: node that it is attached to.
        angle: direction in which it leaves the node, rad.
        neck_half_mm: half width of the neck.
        neck_mm: distance from the node to the end of the neck.
        radius_mm: radius of the disc.
        hole_radius_mm: radius of the hole.
        branch: direction of the tab that begins at its disc, if there is one, rad.
    """

    kind: Literal["pad", "eyelet"]
    node: int
    angle: float
    neck_half_mm: float
    neck_mm: float
    radius_mm: float
    hole_radius_mm: float
    branch: float | None = None

    @property
    def reach_mm(self) -> float:
        """Distance from the node to the centre of the hole; the neck widens at about 45°."""
        return self.neck_mm + math.sqrt(2) * self.radius_mm

    def centre(self, node: Point) -> Point:
        """Return the centre of the hole for a node at a position, mm."""
        return _in_local_axes(node, self.angle, self.reach_mm, 0.0)

    @property
    def arm(self) -> Arm:
        """The neck as an arm of its hub."""
        return Arm(f"{self.kind} of node {self.node}", self.angle, self.neck_half_mm)

    @property
    def opening(self) -> float:
        """Half angle of the disc's free arc about the lug's direction, rad."""
        along, half = self.reach_mm - self.neck_mm, self.neck_half_mm
        slope = math.asin(self.radius_mm / math.hypot(along, half)) - math.atan2(half, along)
        return math.pi / 2 + slope

    @property
    def branch_half_mm(self) -> float:
        """Half width of the neck of a tab."""
        return self.radius_mm / 2

    def allows(self, branch: float) -> bool:
        """Return whether a tab may leave the disc in a direction (rad)."""
        offset = math.remainder(branch - self.angle, math.tau)
        return abs(offset) + BRANCH_HALF_ANGLE < self.opening

    def add(self, builder: TilingBuilder, node: Point, cut: Cut) -> Cut | None:
        """Add its cell to a tiling; return the cut where its tab begins, if it has one."""
        wall = self.radius_mm - self.hole_radius_mm

        def arc(start: float, end: float) -> tuple[list[int], list[float]]:
            n_arcs = math.ceil((end - start) / (math.pi / 2) - 1e-9)
            angles = [start + k * (end - start) / n_arcs for k in range(n_arcs + 1)]
            points = [builder.point(self._on_disc(node, angle), wall) for angle in angles]
            return points, [math.tan((end - start) / n_arcs / 4)] * n_arcs

        tab_start = None
        if self.branch is None:
            points, bulges = arc(-self.opening, self.opening)
            boundary = builder.chain([cut.right, *points, cut.left], [0.0, *bulges, 0.0])
        else:
            offset = math.remainder(self.branch - self.angle, math.tau)
            (before, first), (after, second) = (
                arc(-self.opening, offset - BRANCH_HALF_ANGLE),
                arc(offset + BRANCH_HALF_ANGLE, self.opening),
            )
            edge, _ = builder.edge(before[-1], after[0])
            tab_start = Cut(edge, before[-1], after[0])
            boundary = builder.chain([cut.right, *before], [0.0, *first])
            boundary += [(edge, True), *builder.chain([*after, cut.left], [*second, 0.0])]
        hole = builder.circle(self.centre(node), self.hole_radius_mm, wall)
        loop = [*boundary, (cut.edge, False)]
        builder.cell(CellName(self.kind, self.node), loop, reversed_loop(hole))
        return tab_start

    def _on_disc(self, node: Point, angle: float) -> Point:
        along = self.reach_mm + self.radius_mm * math.cos(angle)
        return _in_local_axes(node, self.angle, along, self.radius_mm * math.sin(angle))


@dataclass(frozen=True)
class Tab:
    """A plate attached to a pad, which therefore carries no load.

    Args:
        node: node of the pad.
        centre: centre of the pad, mm.
        angle: direction in which its neck leaves the pad, rad.
        neck_half_mm: half width of the neck.
        neck_mm: distance from the pad's centre to the plate.
        depth_mm: depth of the plate along the neck.
        right_mm: distance from the neck's centre line to the plate's right side, seen from the
            pad.
        left_mm: the same for its left side.
    """

    node: int
    centre: Point
    angle: float
    neck_half_mm: float
    neck_mm: float
    depth_mm: float
    right_mm: float
    left_mm: float

    @property
    def corners(self) -> list[Point]:
        """The plate's corners, counter-clockwise from the right one near the pad."""
        near, far = self.neck_mm, self.neck_mm + self.depth_mm
        local_points = ((near, -self.right_mm), (far, -self.right_mm), (far, self.left_mm))
        return [
            _in_local_axes(self.centre, self.angle, *local_point)
            for local_point in (*local_points, (near, self.left_mm))
        ]

    def add(self, builder: TilingBuilder, cut: Cut) -> int:
        """Add its cell to a tiling; return the cell's number."""
        near, far = self.neck_mm, self.neck_mm + self.depth_mm
        right, left, r = self.right_mm, self.left_mm, TAB_CORNER_MM
        width = 2 * self.neck_half_mm
        local_points = (
            (near, -self.neck_half_mm),
            *((near, r - right), (near + r, -right), (far - r, -right), (far, r - right)),
            *((far, left - r), (far - r, left), (near + r, left), (near, left - r)),
            (near, self.neck_half_mm),
        )
        ring = [
            builder.point(_in_local_axes(self.centre, self.angle, *local_point), width)
            for local_point in local_points
        ]
        rounded = [QUARTER, 0.0] * 4
        bulges = [0.0, 0.0, *rounded, 0.0]
        loop: list[DirectedEdge] = builder.chain([cut.right, *ring, cut.left], bulges)
        return builder.cell(CellName("tab", self.node), [*loop, (cut.edge, False)])


def _in_local_axes(node: Point, angle: float, along: float, across: float) -> Point:
    cos, sin = math.cos(angle), math.sin(angle)
    return node[0] + along * cos - across * sin, node[1] + along * sin + across * cos
