"""Hubs: the part's region around a node with its joints, cut where each taper begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from geometry.builder import Point, TilingBuilder
from geometry.corners import MERGE_MM, Corner, corner
from geometry.tiling import CellName, DirectedEdge
from mnnfab.design.design import Fabrication
from mnnfab.errors import GeometryError

#: A load disc must stay inside this share of the room around its node.
DISC_SHARE = 0.95
#: Stands in for a gap of nothing between two arms (rad); their joints overlap for sure.
SMALLEST_GAP = 1e-9


@dataclass(frozen=True)
class Arm:
    """A joint as seen from its node, or the neck of what is attached to the node.

    Args:
        name: of the bond or attachment, for messages.
        angle: direction in which it leaves the node, rad.
        half: half of its width, mm.
    """

    name: str
    angle: float
    half: float


@dataclass(frozen=True)
class Cut:
    """Where a hub ends and a bond begins: one edge across the joint.

    Args:
        edge: runs from `right` to `left`, seen from the node.
        right: point on the right side of the joint.
        left: point on the left side.
    """

    edge: int
    right: int
    left: int


def add_hub(
    builder: TilingBuilder,
    node: int,
    centre: Point,
    arms: Sequence[Arm],
    fabrication: Fabrication,
) -> list[Cut]:
    """Add the hub of a node to the tiling.

    Args:
        builder: takes the hub.
        node: its number, for messages.
        centre: its place, mm.
        arms: its joints, counter-clockwise.
        fabrication: joint length, fillet and load disc.

    Returns:
        The cut across each arm.

    Raises:
        GeometryError: if joints overlap or the load disc does not fit.
    """
    following = [*arms[1:], arms[0]]
    corners = [
        corner(arm.half, after.half, _gap(arm, after), fabrication.fillet_radius_mm)
        for arm, after in zip(arms, following, strict=True)
    ]
    _check_reach(node, arms, corners, fabrication.joint_length_mm)
    _check_disc(node, corners, fabrication)
    cuts = [_add_cut(builder, centre, arm, fabrication.joint_length_mm) for arm in arms]
    loop: list[DirectedEdge] = []
    for i, path in enumerate(corners):
        width = 2 * min(arms[i].half, following[i].half)
        inner = [
            builder.point(_polar(centre, radius, arms[i].angle + angle), width)
            for radius, angle in path.points
        ]
        next_cut = cuts[(i + 1) % len(cuts)]
        loop.append((cuts[i].edge, True))
        loop += builder.chain([cuts[i].left, *inner, next_cut.right], [0.0, *path.bulges, 0.0])
    builder.cell(CellName("hub", node), loop)
    return cuts


def _gap(arm: Arm, after: Arm) -> float:
    """Return the angle from one arm to the next, a full turn if it is the same arm, rad."""
    if arm is after:
        return 2 * math.pi
    # Arms in one direction have a gap that is small, not one that is a full turn.
    return max((after.angle - arm.angle) % (2 * math.pi), SMALLEST_GAP)


def _check_reach(
    node: int, arms: Sequence[Arm], corners: Sequence[Corner], joint_length: float
) -> None:
    """Refuse corners that run past the end of a joint."""
    for i, arm in enumerate(arms):
        before, after = corners[i - 1], corners[i]
        reach = max(before.reach_j, after.reach_i)
        if reach > joint_length - MERGE_MM:
            other = arms[i - 1] if before.reach_j >= after.reach_i else arms[(i + 1) % len(arms)]
            angle = math.degrees(min(_gap(arm, other), _gap(other, arm)))
            raise GeometryError(
                f"node {node}, {arm.name} and {other.name}",
                f"joints {2 * arm.half:g} and {2 * other.half:g} mm wide at {angle:.1f}° overlap "
                f"up to {reach:.3g} mm from the node",
                f"less than joint_length_mm = {joint_length:g}: longer or thinner joints, a "
                "smaller fillet, or a wider angle",
            )


def _check_disc(node: int, corners: Sequence[Corner], fabrication: Fabrication) -> None:
    radius = fabrication.disc_radius_mm
    room = min(fabrication.joint_length_mm, *(path.clearance for path in corners))
    if radius > DISC_SHARE * room:
        raise GeometryError(
            f"[fabrication] load_disc_radius_mm, node {node}",
            f"{radius:.4g} mm, in a hub with {room:.4g} mm around the node",
            f"at most {DISC_SHARE * room:.4g} mm",
        )


def _add_cut(builder: TilingBuilder, centre: Point, arm: Arm, distance: float) -> Cut:
    radius, angle = math.hypot(distance, arm.half), math.atan2(arm.half, distance)
    right = builder.point(_polar(centre, radius, arm.angle - angle), 2 * arm.half)
    left = builder.point(_polar(centre, radius, arm.angle + angle), 2 * arm.half)
    edge, _ = builder.edge(right, left)
    return Cut(edge, right, left)


def _polar(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)
