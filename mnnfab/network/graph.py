"""Networks from graphs: nodes with coordinates, and pairs of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from mnnfab.errors import InputError
from mnnfab.network.node_ids import NodeId, shown
from mnnfab.network.raw_network import RawNetwork


class Graph(Protocol):
    """The interface required of a networkx graph."""

    def nodes(self, *, data: bool) -> Iterable[tuple[Any, Mapping[str, Any]]]:
        """Return nodes with their attributes."""
        ...

    def edges(self) -> Iterable[tuple[Any, Any]]:
        """Return pairs of nodes."""
        ...


def network_of_graph(
    nodes: Sequence[tuple[NodeId, Mapping[str, Any]]], pairs: Sequence[tuple[NodeId, NodeId]]
) -> RawNetwork:
    """Return the network of nodes with attributes, in their order, and of pairs of them.

    Args:
        nodes: id and attributes of every node: x and y (and z), or pos, in mm.
        pairs: the two nodes of each bond.

    Raises:
        InputError: if a node has no coordinates, or a pair names a node that is not there.
    """
    if not nodes or not pairs:
        given = f"{len(nodes)} nodes and {len(pairs)} edges"
        raise InputError("graph", given, "two or more nodes, and edges between them")
    number = {name: place for place, (name, _) in enumerate(nodes)}
    coordinates = [_coordinates(name, data) for name, data in nodes]
    dimensions = {len(one) for one in coordinates}
    if len(dimensions) > 1:
        other = next(i for i, one in enumerate(coordinates) if len(one) != len(coordinates[0]))
        first, second = shown(nodes[0][0]), shown(nodes[other][0])
        raise InputError(
            "graph, nodes",
            f"{len(coordinates[0])} coordinates at node {first}, {len(coordinates[other])} at node "
            f"{second}",
            "the same number at every node",
        )
    for place, pair in enumerate(pairs):
        for name in pair:
            if name not in number:
                given = f"node {shown(name)}, which is not among the nodes"
                raise InputError(f"graph, edge {place}", given, "ids of nodes")
    bonds = np.array([(number[a], number[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 2)
    joined = set(bonds.ravel().tolist())
    isolated = next((name for name, place in number.items() if place not in joined), None)
    if isolated is not None:
        given = f"node {shown(isolated)} has no bond"
        raise InputError("graph, nodes", given, "nodes with at least one bond")
    points = np.array(coordinates, dtype=np.float64).reshape(len(nodes), -1)
    return RawNetwork(points, bonds, tuple(number))


def _coordinates(name: NodeId, data: Mapping[str, Any]) -> tuple[float, ...]:
    try:
        if "pos" in data:
            given = tuple(data["pos"])
        else:
            given = (data["x"], data["y"], *([data["z"]] if "z" in data else []))
        found = tuple(float(value) for value in given)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(_where(name), "no coordinates", _ALLOWED) from error
    if len(found) not in {2, 3} or any(isinstance(value, str | bool) for value in given):
        raise InputError(_where(name), f"{str(list(given))[:60]}", _ALLOWED)
    if "pos" in data:
        _check_same(name, data, given)
    return found


def _check_same(name: NodeId, data: Mapping[str, Any], pos: tuple[Any, ...]) -> None:
    """Refuse a node whose pos differs from its x and y."""
    other = tuple(data.get(axis, value) for axis, value in zip("xyz", pos, strict=False))
    if other != pos:
        given = f"pos {list(pos)}, but x, y {list(other)}"
        raise InputError(_where(name), given, "one of the two, or the same")


_ALLOWED = "attributes x and y, or pos = [x, y], in mm"


def _where(name: NodeId) -> str:
    return f"graph, node {name!r}"
