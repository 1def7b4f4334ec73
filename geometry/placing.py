"""Placement of the pads, eyelets and tab of a part.

Positions depend on the network and the limits of the widths, not on the widths themselves, so
they are the same after every training. A position is valid if the neck of the attachment does
not interfere with neighbouring joints and the rest is clear of every bond at its maximum width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import shapely
from shapely.affinity import affine_transform

from geometry.attachments import TAB_CORNER_MM, Lug, Tab
from geometry.corners import MERGE_MM, corner
from geometry.features import Features
from geometry.hubs import MIN_GAP
from mnnfab.design.fabrication import Fabrication
from mnnfab.design.features_section import FeaturesSection, IdSection
from mnnfab.errors import GeometryError
from mnnfab.network.network import Network

#: Clearance between an attachment and everything except its own hub, mm.
CLEARANCE_MM = 0.5
#: Angle between the directions that are tried, rad.
ANGLE_STEP = math.radians(5)
#: Margin around the letters on the tab, and length of the tab's neck beyond the pad, mm.
MARGIN_MM, NECK_MM = 1.2, 1.5
DOWN = -math.pi / 2
#: Largest depth of sunk details, as a fraction of the thickness of the part.
MAX_DEPTH_SHARE = 0.8


@dataclass(frozen=True)
class Load:
    """The node of a load and the direction of its force (rad)."""

    node: int
    angle: float


def place_features(
    network: Network,
    fabrication: Fabrication,
    section: FeaturesSection,
    loads: Sequence[Load],
    text: str,
    widest_text: str,
) -> Features:
    """Return the features that a design specifies, each at a position with enough room.

    Args:
        network: nodes, bonds and fixed nodes.
        fabrication: joints and limits of the widths.
        section: [features] section of the design.
        loads: loads of the task, one per input port.
        text: text of the id.
        widest_text: text that the tab must have room for, independent of `text`.

    Raises:
        GeometryError: if there is no room for a feature; the message names its node.
    """
    _check_depths(section, fabrication.thickness_mm)
    space = _FreeSpace.of(network, fabrication)
    lugs: list[Lug] = []
    if section.eyelets is not None:
        directions = _eyelet_directions(section.eyelets.node_numbers, loads, network)
        radius = section.eyelets.hole_mm / 2 + section.eyelets.wall_mm
        for node, angle in directions.items():
            lug = Lug("eyelet", node, angle, *space.neck, radius, section.eyelets.hole_mm / 2)
            lugs.append(space.place(lug, lugs))
    if section.pads is not None:
        if not network.fixed.size:
            allowed = "a fixed node: supports of single directions have no pads"
            raise GeometryError("[features.pads]", "no node is fixed", allowed)
        radius, hole = section.pads.radius_mm, section.pads.bolt_hole_mm / 2
        for node in network.fixed.tolist():
            outward = space.widest_gap(node)
            lugs.append(space.place(Lug("pad", node, outward, *space.neck, radius, hole), lugs))
    features = Features(
        lugs=tuple(lugs),
        dot_height_mm=section.dots.height_mm if section.dots is not None else None,
    )
    return (
        _with_id(features, space, section.id, text, widest_text)
        if section.id is not None
        else features
    )


def _check_depths(section: FeaturesSection, thickness_mm: float) -> None:
    """Check that sunk details are not too deep for the part."""
    for name, detail in (("dots", section.dots), ("id", section.id)):
        if detail is not None and -detail.height_mm > MAX_DEPTH_SHARE * thickness_mm:
            raise GeometryError(
                f"[features.{name}] height_mm",
                f"{detail.height_mm:g}, in a part {thickness_mm:g} mm thick",
                f"a depth of at most {MAX_DEPTH_SHARE * thickness_mm:g} mm",
            )


def _eyelet_directions(
    nodes: Sequence[int] | None, loads: Sequence[Load], network: Network
) -> dict[int, float]:
    """Return the nodes that get an eyelet, each with the direction of its load."""
    load_directions: dict[int, float] = {}
    for load in loads:
        if load_directions.setdefault(load.node, load.angle) != load.angle:
            raise GeometryError(
                f"[features.eyelets] node {load.node}",
                "loads in two directions; an eyelet has one direction",
                "nodes = […] without it",
            )
    eyelet_nodes = list(load_directions) if nodes is None else nodes
    if not eyelet_nodes:
        raise GeometryError("[features.eyelets]", "no node to attach one to", "nodes = [12, 13]")
    for node in eyelet_nodes:
        if node >= network.n_nodes:
            raise GeometryError(
                "[features.eyelets] nodes", f"{node}", f"nodes 0 to {network.n_nodes - 1}"
            )
    return {node: load_directions.get(node, DOWN) for node in eyelet_nodes}


@dataclass(frozen=True)
class _FreeSpace:
    """Obstacles for attachments.

    Args:
        network: the nodes.
        fabrication: the joints.
        bonds: strip of each bond at its maximum width, without its parts in the two hubs.
        tree: spatial index of the strips.
    """

    network: Network
    fabrication: Fabrication
    bonds: np.ndarray
    tree: shapely.STRtree

    @classmethod
    def of(cls, network: Network, fabrication: Fabrication) -> _FreeSpace:
        ends = network.nodes[network.bonds]
        inward = network.directions * fabrication.joint_length_mm
        lines = shapely.linestrings(np.stack([ends[:, 0] + inward, ends[:, 1] - inward], axis=1))
        strips = shapely.buffer(lines, fabrication.width_max_mm / 2, cap_style="flat")
        return cls(network, fabrication, strips, shapely.STRtree(strips))

    @property
    def neck(self) -> tuple[float, float]:
        """Half width and length of a neck: those of the joint of the widest bond, mm."""
        half = self.fabrication.joint_ratio * self.fabrication.width_max_mm / 2
        return half, self.fabrication.joint_length_mm

    def place(self, lug: Lug, others: Sequence[Lug]) -> Lug:
        """Return a lug rotated by the smallest angle at which it has room."""
        for rotation in _rotations():
            rotated = replace(lug, angle=lug.angle + rotation)
            disc = self.disc(rotated).buffer(CLEARANCE_MM)
            if self.is_free(lug.node, disc, others) and self._neck_is_free(rotated, others):
                return rotated
        raise GeometryError(
            f"[features] {lug.kind} of node {lug.node}",
            f"no direction has room for a disc of {2 * lug.radius_mm:g} mm beside the bonds",
            "a smaller one, longer bonds, or other nodes"
            + (" ([features.eyelets] nodes = […])" if lug.kind == "eyelet" else ""),
        )

    def disc(self, lug: Lug) -> shapely.Polygon:
        """Return the disc of a lug."""
        return shapely.Point(lug.centre(self.network.place(lug.node))).buffer(lug.radius_mm)

    def is_free(self, node: int, shape: shapely.Polygon, others: Sequence[Lug]) -> bool:
        """Return whether a shape attached to a node is clear of bonds, hubs and lugs."""
        hub = self.fabrication.joint_length_mm + CLEARANCE_MM
        other_nodes = shapely.points(np.delete(self.network.nodes, node, axis=0))
        return not (
            self.tree.query(shape, predicate="intersects").size
            or any(shape.intersects(self.disc(other)) for other in others)
            or shapely.dwithin(other_nodes, shape, hub).any()
        )

    def _neck_is_free(self, lug: Lug, others: Sequence[Lug]) -> bool:
        """Return whether a neck meets its neighbours within the hub, at maximum width."""
        half, length = self.neck
        fillet = self.fabrication.fillet_radius_mm
        neighbours = [other.angle for other in others if other.node == lug.node]
        for angle in (*self._bond_angles(lug.node), *neighbours):
            for gap in ((angle - lug.angle), (lug.angle - angle)):
                path = corner(half, half, max(gap % math.tau, MIN_GAP), fillet)
                if max(path.reach_i, path.reach_j) > length - 2 * MERGE_MM:
                    return False
        return True

    def _bond_angles(self, node: int) -> list[float]:
        network = self.network
        outgoing = network.directions[network.bonds[:, 0] == node]
        incoming = -network.directions[network.bonds[:, 1] == node]
        return sorted(np.arctan2(*np.vstack([outgoing, incoming])[:, ::-1].T).tolist())

    def widest_gap(self, node: int) -> float:
        """Return the direction in the middle of the widest gap between a node's bonds, rad."""
        angles = self._bond_angles(node)
        gaps = np.diff([*angles, angles[0] + math.tau])
        # Of equal gaps the upper one is taken, so that rounding does not decide.
        middles = np.add(angles, gaps / 2)
        return float(max(zip(np.round(gaps, 6), np.sin(middles), middles, strict=True))[2])


def _rotations() -> Iterator[float]:
    """Yield rotations of increasing size, to both sides, up to half a turn."""
    yield 0.0
    for k in range(1, round(math.pi / ANGLE_STEP) + 1):
        yield k * ANGLE_STEP
        yield -k * ANGLE_STEP


def _with_id(
    features: Features, space: _FreeSpace, section: IdSection, text: str, widest_text: str
) -> Features:
    """Return features with the tab of the id, and the letters on it."""
    from geometry.lettering import letters

    if not features.lugs or features.lugs[-1].kind != "pad":
        raise GeometryError(
            "[features.id]",
            "given without [features.pads]",
            "both: the tab of the id is attached to a pad, which holds it",
        )
    letters_of_text = letters(text, section.letter_mm)
    widest_letters = letters(widest_text, section.letter_mm)
    low_x, low_y, high_x, high_y = shapely.union_all(
        np.array([*letters_of_text, *widest_letters])
    ).bounds
    length, depth = high_x - low_x + 2 * MARGIN_MM, high_y - low_y + 2 * MARGIN_MM
    pads = [lug for lug in features.lugs if lug.kind == "pad"]
    for pad, tab in _tabs(space, pads, length, depth):
        others = [lug for lug in features.lugs if lug is not pad]
        if not space.is_free(tab.node, shapely.Polygon(tab.corners).buffer(CLEARANCE_MM), others):
            continue
        origin, along, up = _text_axes(tab.corners, lengthwise=tab.depth_mm >= length)
        shift = origin + (MARGIN_MM - low_x) * along + (MARGIN_MM - low_y) * up
        matrix = [along[0], up[0], along[1], up[1], *shift]
        letters_on_tab = tuple(affine_transform(letter, matrix) for letter in letters_of_text)
        with_branch = [
            replace(pad, branch=tab.angle) if lug is pad else lug for lug in features.lugs
        ]
        return replace(
            features,
            lugs=tuple(with_branch),
            tab=tab,
            letters=letters_on_tab,
            letter_height_mm=section.height_mm,
        )
    raise GeometryError(
        "[features.id] text",
        f"{text!r} needs a tab of {length:.1f} × {depth:.1f} mm, and no pad has room for it",
        "a shorter text, a smaller letter_mm, or a fixed node at the border",
    )


def _tabs(
    space: _FreeSpace, pads: Sequence[Lug], length: float, depth: float
) -> Iterator[tuple[Lug, Tab]]:
    """Yield candidate tabs with their pads: upright and near the network first."""
    candidates: list[tuple[int, float, Lug, Tab]] = []
    middle = space.network.nodes.mean(axis=0)

    def add_candidate(tilt: int, pad: Lug, tab: Tab) -> None:
        distance = math.dist(np.mean(tab.corners, axis=0), middle)
        candidates.append((tilt, round(distance, 3), pad, tab))

    for degrees, pad in product(range(-180, 180, 15), pads):
        angle, half = math.radians(degrees), pad.branch_half_mm
        if not pad.allows(angle):
            continue
        centre, neck = pad.centre(space.network.place(pad.node)), pad.radius_mm + NECK_MM
        # Letters run across the neck, or along it.
        side = half + 1.2 * TAB_CORNER_MM
        for right in (side, length / 2, length - side) if length > 2 * side else ():
            tab = Tab(pad.node, centre, angle, half, neck, depth, right, length - right)
            add_candidate(abs(abs(degrees) - 90), pad, tab)
        width = max(depth, 2 * side)
        along = Tab(pad.node, centre, angle, half, neck, length, width / 2, width / 2)
        add_candidate(min(abs(degrees), 180 - abs(degrees)), pad, along)
    for *_, pad, tab in sorted(candidates, key=lambda entry: entry[:2]):
        yield pad, tab


def _text_axes(
    corners: list[tuple[float, float]], lengthwise: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the origin of the text, its direction and its up direction: never upside down."""
    ring = np.array(corners)
    # From corner 0 to 1 is along the neck; text runs along it or across.
    starts = (0, 2) if lengthwise else (1, 3)
    sides = [(ring[i], ring[(i + 1) % 4] - ring[i]) for i in starts]
    origin, side = max(sides, key=lambda s: (round(s[1][0], 9), s[1][1]))
    along = side / np.hypot(*side)
    return origin, along, np.array([-along[1], along[0]])
