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


def merged(
    nodes: FloatArray, bonds: IntArray, tolerance_mm: float
) -> tuple[IntArray, list[Finding]]:
    """Return the node that each node is merged into, (n_nodes,), and a finding on it.

    Nodes within the tolerance, also through others in between, become the first of them.
    """
    first = _first_of(len(nodes), cKDTree(nodes).query_pairs(tolerance_mm, output_type="ndarray"))
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


def _first_of(count: int, pairs: IntArray) -> IntArray:
    """Return the smallest member of the group of each of `count` nodes, (count,)."""
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, group = connected_components(graph, directed=False)
    first = np.full(group.max(initial=-1) + 1, count)
    np.minimum.at(first, group, np.arange(count))
    found: IntArray = first[group]
    return found
