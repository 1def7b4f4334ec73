"""Hubs: the region of the part around a node with its joints, up to the start of each taper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from geometry.builder import Point, TilingBuilder
from geometry.corners import MERGE_MM, Corner, corner
from geometry.tiling import CellName, DirectedEdge
from mnnfab.design.fabrication import Fabrication
from mnnfab.errors import GeometryError

#: Largest radius of a load disc, as a fraction of the clear distance around its node.
DISC_SHARE = 0.95
#: Replaces a zero gap between two arms (rad); their joints overlap in any case.
MIN_GAP = 1e-9


@dataclass(frozen=True)
class Arm:
    """A joint as seen from its node, or the neck of an attachment of the node.

    Args:
        name: name of the bond or attachment, for messages.
        angle: direction in which it leaves the node, rad.
        half_width: half width, mm.
    """

    name: str
    angle: float
    half_width: float


@dataclass(frozen=True)
class Cut:
    """The edge across a joint where a hub ends and a bond begins.

    Args:
        edge: number of the edge, which runs from `right` to `left`, seen from the node.
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
        builder: builder of the tiling.
        node: number of the node, for messages.
        centre: coordinates of the node, mm.
        arms: joints of the node, counter-clockwise.
        fabrication: joint length, fillet and load disc.

    Returns:
        The cut across each arm.

    Raises:
        GeometryError: if joints overlap or the load disc does not fit.
    """
    following = [*arms[1:], arms[0]]
    corners = [
        corner(arm.half_width, after.half_width, _gap(arm, after), fabrication.fillet_radius_mm)
        for arm, after in zip(arms, following, strict=True)
    ]
    _check_reach(node, arms, corners, fabrication.joint_length_mm)
    _check_disc(node, corners, fabrication)
    cuts = [_add_cut(builder, centre, arm, fabrication.joint_length_mm) for arm in arms]
    loop: list[DirectedEdge] = []
    for i, path in enumerate(corners):
        width = 2 * min(arms[i].half_width, following[i].half_width)
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
    """Return the angle from one arm to the next, rad; a full turn if it is the same arm."""
    if arm is after:
        return 2 * math.pi
    # Arms in the same direction have a small gap, not a full turn.
    return max((after.angle - arm.angle) % (2 * math.pi), MIN_GAP)


def _check_reach(
    node: int, arms: Sequence[Arm], corners: Sequence[Corner], joint_length: float
) -> None:
    """Check that no corner extends past the end of a joint."""
    for i, arm in enumerate(arms):
        before, after = corners[i - 1], corners[i]
        reach = max(before.reach_j, after.reach_i)
        if reach > joint_length - MERGE_MM:
            other = arms[i - 1] if before.reach_j >= after.reach_i else arms[(i + 1) % len(arms)]
            angle = math.degrees(min(_gap(arm, other), _gap(other, arm)))
            raise GeometryError(
                f"node {node}, {arm.name} and {other.name}",
                f"overlap of joints {2 * arm.half_width:g} and {2 * other.half_width:g} mm wide at "
                f"{angle:.1f}° extends {reach:.3g} mm from the node",
                f"at most joint_length_mm = {joint_length:g} mm; increase joint_length_mm, reduce "
                "joint_ratio or the fillet, or widen the angle",
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
    radius, angle = math.hypot(distance, arm.half_width), math.atan2(arm.half_width, distance)
    right = builder.point(_polar(centre, radius, arm.angle - angle), 2 * arm.half_width)
    left = builder.point(_polar(centre, radius, arm.angle + angle), 2 * arm.half_width)
    edge, _ = builder.edge(right, left)
    return Cut(edge, right, left)


def _polar(centre: Point, radius: float, angle: float) -> Point:
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)
