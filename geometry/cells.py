"""The planar decomposition of a part into cells, from its bond widths.

A tiling (`geometry.tiling`) divides the planar region of the part into cells that share their
edges: a hub per node, a bond cell per bond, and the attachments. It is computed in closed form and
in linear time.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
from scipy import sparse

from geometry.attachments import Lug
from geometry.builder import TilingBuilder
from geometry.corners import MERGE_MM
from geometry.features import NO_FEATURES, Features
from geometry.hubs import Arm, Cut, add_hub
from geometry.overlaps import check_overlaps
from geometry.tiling import CellName, DirectedEdge, Tiling
from mnnfab.arrays import FloatArray
from mnnfab.design.fabrication import Fabrication
from mnnfab.errors import GeometryError, InputError
from mnnfab.network.network import Network

#: End of a bond: the bond's number, and 0 or 1 for its first or second node.
End = tuple[int, int]


def tile(
    network: Network,
    widths_mm: FloatArray,
    fabrication: Fabrication,
    features: Features = NO_FEATURES,
) -> Tiling:
    """Return the decomposition of the part of a network with these widths into cells.

    Args:
        network: nodes and bonds.
        widths_mm: full width of the middle of each bond, (n_bonds,).
        fabrication: joints, tapers, fillets, load discs and thickness.
        features: pads, eyelets, tab and reliefs, as placed by `geometry.placing`.

    Raises:
        InputError: if the number of widths is wrong or one is not positive.
        GeometryError: if bonds are too short for their joints, joints or bonds overlap, or
            load discs do not fit; the message names the bonds and nodes.
    """
    _check_widths(network, widths_mm)
    _check_lengths(network, fabrication)
    _check_connected(network)
    builder = TilingBuilder()
    cuts: dict[End, Cut] = {}
    lug_cuts: list[tuple[Lug, Cut]] = []
    for node, ends in enumerate(_ends_at_nodes(network)):
        arms = [_arm(network, end, widths_mm, fabrication.joint_ratio) for end in ends]
        attachments = features.at(node)
        hub_cuts = _add_hub(
            builder, network, node, [*arms, *(lug.arm for lug in attachments)], fabrication
        )
        cuts.update(zip(ends, hub_cuts, strict=False))
        lug_cuts += zip(attachments, hub_cuts[len(ends) :], strict=True)
    for bond in range(network.n_bonds):
        _add_bond(builder, network, bond, float(widths_mm[bond]), cuts, fabrication)
    for lug, cut in lug_cuts:
        tab_start = lug.add(builder, network.place(lug.node), cut)
        if tab_start is not None and features.tab is not None:
            features.add_letters(builder, features.tab.add(builder, tab_start))
    features.add_dots(builder, network.nodes, fabrication.disc_radius_mm)
    tiling = builder.tiling(network.nodes, fabrication.disc_radius_mm, fabrication.thickness_mm)
    check_overlaps(tiling, network)
    return tiling


def _add_hub(
    builder: TilingBuilder,
    network: Network,
    node: int,
    arms: list[Arm],
    fabrication: Fabrication,
) -> list[Cut]:
    """Add the hub of a node; return the cut across each arm, in the arms' own order."""
    order = sorted(range(len(arms)), key=lambda i: arms[i].angle % (2 * math.pi))
    by_angle = [arms[i] for i in order]
    cuts = add_hub(builder, node, network.place(node), by_angle, fabrication)
    return [cut for _, cut in sorted(zip(order, cuts, strict=True))]


def _ends_at_nodes(network: Network) -> list[list[End]]:
    ends: defaultdict[int, list[End]] = defaultdict(list)
    for bond, nodes in enumerate(network.bonds.tolist()):
        for end, node in enumerate(nodes):
            ends[node].append((bond, end))
    return [ends[node] for node in range(network.n_nodes)]


def _arm(network: Network, end: End, widths_mm: FloatArray, joint_ratio: float) -> Arm:
    bond, at_second = end
    first, second = network.nodes[network.bonds[bond]]
    x, y = first - second if at_second else second - first
    return Arm(
        name=network.bond_name(bond),
        angle=math.atan2(y, x),
        half_width=joint_ratio * float(widths_mm[bond]) / 2,
    )


def _add_bond(
    builder: TilingBuilder,
    network: Network,
    bond: int,
    width: float,
    cuts: dict[End, Cut],
    fabrication: Fabrication,
) -> None:
    """Add a bond cell, both sides from cut to cut: taper, middle, taper."""
    start, end = network.nodes[network.bonds[bond]]
    length = math.dist(start, end)
    along = (end - start) / length
    left = np.array([-along[1], along[0]])
    taper_end = fabrication.joint_length_mm + fabrication.taper_length_mm
    step = math.hypot(fabrication.taper_length_mm, (1 - fabrication.joint_ratio) * width / 2)
    # Without a taper the joint is as wide as the bond, and the points would be on the cuts.
    taper_ends = (taper_end, length - taper_end) if step > MERGE_MM else ()

    def side(sign: int) -> list[int]:
        positions = [start + s * along + sign * width / 2 * left for s in taper_ends]
        return [builder.point((float(x), float(y)), width) for x, y in positions]

    first, second = cuts[bond, 0], cuts[bond, 1]
    loop: list[DirectedEdge] = [
        *builder.chain([first.right, *side(-1), second.left]),
        (second.edge, False),
        *builder.chain([second.right, *reversed(side(+1)), first.left]),
        (first.edge, False),
    ]
    builder.cell(CellName("bond", bond), loop)


def _check_widths(network: Network, widths_mm: FloatArray) -> None:
    if widths_mm.shape != (network.n_bonds,):
        raise InputError(
            "widths", f"an array of shape {widths_mm.shape}", f"({network.n_bonds},), one per bond"
        )
    bad = np.flatnonzero(~(np.isfinite(widths_mm) & (widths_mm > 0)))
    if bad.size:
        raise InputError(
            f"width of {network.bond_name(int(bad[0]))}", f"{widths_mm[bad[0]]} mm", "more than 0"
        )


def _check_lengths(network: Network, fabrication: Fabrication) -> None:
    needed = 2 * (fabrication.joint_length_mm + fabrication.taper_length_mm)
    short = np.flatnonzero(network.lengths < needed + MERGE_MM)
    if short.size:
        bond = int(short[0])
        raise GeometryError(
            network.bond_name(bond),
            f"{network.lengths[bond]:.4g} mm long, shorter than its joints and tapers",
            f"more than 2 × (joint_length_mm + taper_length_mm) = {needed:g} mm",
        )


def _check_connected(network: Network) -> None:
    pairs = (network.bonds[:, 0], network.bonds[:, 1])
    graph = sparse.coo_array((np.ones(network.n_bonds), pairs), shape=(network.n_nodes,) * 2)
    n_components, component = sparse.csgraph.connected_components(graph, directed=False)
    if n_components > 1:
        apart = np.flatnonzero(component != component[0])
        names = ", ".join(map(str, apart[:20])) + (" …" if len(apart) > 20 else "")
        raise GeometryError(
            "network",
            f"{n_components} separate pieces: nodes {names} are not connected to node 0",
            "a connected network",
        )
