"""Networks read from files and from objects of other packages; coordinates in mm.

mnnfab JSON:        {"nodes": [[x, y], …], "bonds": [[i, j], …], "fixed": [i, …]}
networkx JSON:      node-link data; every node has "x" and "y" or "pos": [x, y]
other files:        a mesh in a format that meshio reads; its line cells are the bonds
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from mnnfab.errors import InputError
from mnnfab.io.files import read_json
from mnnfab.network.network import Network

_KEYS = {"nodes", "bonds", "fixed"}


class Graph(Protocol):
    """The interface required of a networkx graph."""

    def nodes(self, *, data: bool) -> Iterable[tuple[Any, Mapping[str, Any]]]:
        """Return nodes with their attributes."""
        ...

    def edges(self) -> Iterable[tuple[Any, Any]]:
        """Return pairs of nodes."""
        ...


def load_network(path: Path, fixed: Sequence[int] | None = None) -> Network:
    """Read a network; coordinates are in mm, nodes are counted from 0.

    Args:
        path: the file.
        fixed: the fixed nodes, if the file does not define them.

    Raises:
        InputError: if the file or the network in it is not valid.
    """
    try:
        if path.suffix.lower() == ".json":
            return _from_json(path, fixed)
        return _from_mesh(path, fixed)
    except InputError as error:
        if str(path) in error.where:
            raise
        raise InputError(f"{path}, {error.where}", error.given, error.allowed) from error


def network_from_graph(graph: Graph, fixed: Sequence[Any]) -> Network:
    """Return the network of a networkx graph whose nodes have x and y, or pos, in mm.

    Nodes are numbered in the graph's order.

    Args:
        graph: an undirected graph.
        fixed: the fixed nodes, by their names in the graph.

    Raises:
        InputError: if a node has no coordinates or a fixed node is not in the graph.
    """
    names = [name for name, _ in graph.nodes(data=True)]
    number = {name: index for index, name in enumerate(names)}
    coordinates = [_coordinates_of(name, data) for name, data in graph.nodes(data=True)]
    missing = [name for name in fixed if name not in number]
    if missing:
        raise InputError("graph, fixed", f"{missing[0]!r} is not a node", "names of nodes")
    bonds = [(number[first], number[second]) for first, second in graph.edges()]
    return Network(
        np.array(coordinates), np.array(bonds), np.array([number[name] for name in fixed])
    )


def network_from_mesh(mesh: Any, fixed: Sequence[int]) -> Network:  # noqa: ANN401 - a meshio.Mesh
    """Return the network of a meshio mesh: its line cells are the bonds, z is ignored.

    Points that no line uses are dropped; the others are numbered in the order of the mesh.

    Args:
        mesh: coordinates in mm.
        fixed: the fixed nodes, numbered without the unused points.

    Raises:
        InputError: if there are no line cells.
    """
    lines = [block.data for block in mesh.cells if block.type == "line"]
    if not lines:
        kinds = sorted({block.type for block in mesh.cells})
        raise InputError("mesh", f"cells {', '.join(kinds) or 'none'}", "line cells, one per bond")
    bonds = np.vstack(lines)
    used = np.unique(bonds)
    nodes = np.asarray(mesh.points, dtype=np.float64)[used, :2]
    return Network(nodes, np.searchsorted(used, bonds), np.array(fixed, dtype=np.int64))


def _from_json(path: Path, fixed: Sequence[int] | None) -> Network:
    values = read_json(path, "a JSON file")
    if isinstance(values, dict) and "nodes" in values and {"links", "edges"} & set(values):
        return _from_node_link(path, values, fixed)
    if not isinstance(values, dict) or set(values) != _KEYS:
        given = f"keys {', '.join(sorted(values))}" if isinstance(values, dict) else "not an object"
        raise InputError(
            str(path), given, "an object with the keys nodes, bonds and fixed, or node-link data"
        )
    if fixed is not None:
        raise InputError("[network] fixed", f"given here and in {path}", "one of the two")
    return Network(values["nodes"], values["bonds"], values["fixed"])


def _from_node_link(path: Path, values: Mapping[str, Any], fixed: Sequence[int] | None) -> Network:
    """Read node-link data in the format of `networkx.node_link_data`."""
    try:
        names = [node["id"] for node in values["nodes"]]
        number = {name: index for index, name in enumerate(names)}
        links = values["links"] if "links" in values else values["edges"]
        bonds = [(number[link["source"]], number[link["target"]]) for link in links]
        coordinates = [_coordinates_of(node["id"], node) for node in values["nodes"]]
    except (KeyError, TypeError) as error:
        raise InputError(
            str(path), f"not node-link data: {error!r}", "the output of networkx.node_link_data"
        ) from error
    return Network(coordinates, bonds, _require_fixed(path, fixed))  # type: ignore[arg-type]


def _from_mesh(path: Path, fixed: Sequence[int] | None) -> Network:
    import meshio

    if not path.is_file():
        raise InputError(str(path), "no such file", "the path of an existing file")
    allowed = "JSON, or a mesh in a format that meshio reads"
    try:
        mesh = meshio.read(path)
    except (Exception, SystemExit) as error:  # its readers raise exceptions of any kind
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise InputError(str(path), reason, allowed) from error
    return network_from_mesh(mesh, _require_fixed(path, fixed))


def _require_fixed(path: Path, fixed: Sequence[int] | None) -> Sequence[int]:
    if fixed is None:
        raise InputError(
            "[network] fixed", "missing", f"node numbers: {path.name} defines no fixed nodes"
        )
    return fixed


def _coordinates_of(name: object, data: Mapping[str, Any]) -> tuple[float, float]:
    try:
        x, y = data["pos"] if "pos" in data else (data["x"], data["y"])
        return float(x), float(y)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"graph, node {name!r}", "no coordinates", "attributes x and y, or pos = [x, y], in mm"
        ) from error
