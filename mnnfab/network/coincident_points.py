"""Points of a network file that lie at one place, and their merging."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.network.node_ids import NodeId, shown

#: Points that no bond joins coincide if they are closer than this part of the shortest bond.
COINCIDENT = 1e-3
#: Largest number of bonds that are searched for nodes on them.
MAX_CHECKED_BONDS = 100_000


def merged(
    nodes: FloatArray, bonds: IntArray, tolerance_mm: float
) -> tuple[IntArray, list[Finding]]:
    """Return the node that each node is merged into, (n_nodes,), and a finding on it.

    Nodes within the tolerance, also through others in between, become the first of them.
    """
    first = groups_within(nodes, tolerance_mm)
    joined = np.flatnonzero(first != np.arange(len(nodes)))
    if not joined.size:
        return first, []
    short = np.flatnonzero(first[bonds[:, 0]] == first[bonds[:, 1]])
    if short.size:
        raise InputError(
            "[network] merge_mm",
            f"{tolerance_mm:g}: both ends of bond {short[0]} would be one node",
            "a tolerance below the length of every bond",
        )
    message = f"{joined.size} points within {tolerance_mm:g} mm of another one were merged into it"
    return first, [Finding("points-merged", "info", "network", message)]


def united_bonds(bonds: IntArray) -> tuple[IntArray, list[Finding]]:
    """Return bonds that merging has laid on each other once, and a finding on it."""
    _, first = np.unique(np.sort(bonds, axis=1), axis=0, return_index=True)
    if len(first) == len(bonds):
        return bonds, []
    message = f"{len(bonds) - len(first)} bonds between merged points were there twice"
    return bonds[np.sort(first)], [Finding("points-merged", "info", "network", message)]


def check_on_bonds(nodes: FloatArray, bonds: IntArray, ids: Sequence[NodeId]) -> None:
    """Check that no node lies on a bond that does not end there; not in very large networks.

    Raises:
        InputError: naming node and bond.
    """
    start, along = nodes[bonds[:, 0]], nodes[bonds[:, 1]] - nodes[bonds[:, 0]]
    lengths = np.linalg.norm(along, axis=1)
    # Bonds without length are refused as such.
    if not len(bonds) or len(bonds) > MAX_CHECKED_BONDS or not lengths.all():
        return
    near = cKDTree(nodes).query_ball_point(start + along / 2, lengths / 2)
    bond = np.repeat(np.arange(len(bonds)), [len(one) for one in near])
    node = np.concatenate([np.empty(0, np.int64), *map(np.array, near)]).astype(np.int64)
    inside = (node != bonds[bond, 0]) & (node != bonds[bond, 1])
    bond, node = bond[inside], node[inside]
    offset, unit = nodes[node] - start[bond], along[bond] / lengths[bond, None]
    distance = np.abs(offset[:, 0] * unit[:, 1] - offset[:, 1] * unit[:, 0])
    on = np.flatnonzero(distance < COINCIDENT * lengths[bond])
    if on.size:
        first, last = (shown(ids[end]) for end in bonds[bond[on[0]]].tolist())
        raise InputError(
            f"network, bond {bond[on[0]]}",
            f"node {shown(ids[node[on[0]]])} lies on the bond between {first} and {last}, which "
            "does not end there",
            "two bonds that meet at the node",
        )


def check_coincident(nodes: FloatArray, bonds: IntArray, ids: Sequence[NodeId]) -> None:
    """Check that no two nodes lie at one place.

    Args:
        nodes: (n_nodes, 2) mm.
        bonds: (n_bonds, 2).
        ids: id of each node, for the message.

    Raises:
        InputError: naming two of them, and how to merge them.
    """
    lengths = np.linalg.norm(nodes[bonds[:, 0]] - nodes[bonds[:, 1]], axis=1)
    shortest = float(lengths[lengths > 0].min(initial=np.inf))
    if not np.isfinite(shortest):
        return
    pairs = cKDTree(nodes).query_pairs(COINCIDENT * shortest, output_type="ndarray")
    if not len(pairs):
        return
    # A bond without length is refused as such, with its number.
    joined = {tuple(sorted(bond)) for bond in bonds[lengths == 0].tolist()}
    loose = [pair for pair in pairs.tolist() if tuple(sorted(pair)) not in joined]
    if not loose:
        return
    first, second = min(tuple(sorted(pair)) for pair in loose)
    x, y = (nodes[first] + 0.0).tolist()
    tolerance = max(2 * COINCIDENT * shortest, 1e-6)
    number = len({node for pair in loose for node in pair})
    names = f"node {shown(ids[first])} and node {shown(ids[second])}"
    raise InputError(
        "network, nodes",
        f"{number} nodes coincide with others, such as {names} at "
        f"({x:g}, {y:g}) mm: bonds that end there are not joined",
        f"one node per place; [network] merge_mm = {tolerance:.2g} merges them",
    )


def groups_within(points: FloatArray, tolerance: float) -> IntArray:
    """Return the first point of the group of each point, (n_points,).

    Points within the tolerance, also through others in between, are one group.
    """
    count = len(points)
    pairs = cKDTree(points).query_pairs(tolerance, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, group = connected_components(graph, directed=False)
    first = np.full(group.max(initial=-1) + 1, count)
    np.minimum.at(first, group, np.arange(count))
    found: IntArray = first[group]
    return found
