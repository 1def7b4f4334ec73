"""A small network for tests of network files, written with meshio or networkx."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import meshio
import networkx as nx
import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.network.network_file import NetworkInput

#: Two braced squares, 10 mm: nodes 0 to 2 above, 3 to 5 below; all diagonals of one direction.
POINTS = np.array([[0, 10, 0], [10, 10, 0], [20, 10, 0], [0, 0, 0], [10, 0, 0], [20, 0, 0.0]])
LINES = np.array([[0, 1], [1, 2], [3, 4], [4, 5], [0, 3], [1, 4], [2, 5], [0, 4], [1, 5]])
FIXED = (0, 2)


def codes(found: NetworkInput) -> list[str]:
    return [f"{one.code} {one.severity}" for one in found.findings]


def edges(found: NetworkInput) -> dict[frozenset[Any], float]:
    """Length of every bond, by the ids of its nodes."""
    ids, network = found.nodes.ids, found.network
    return {
        frozenset((ids[i], ids[j])): round(length, 6)
        for (i, j), length in zip(network.bonds.tolist(), network.lengths.tolist(), strict=True)
    }


def expected(ids: list[Any]) -> dict[frozenset[Any], float]:
    lengths = np.linalg.norm(POINTS[LINES[:, 0]] - POINTS[LINES[:, 1]], axis=1)
    return {
        frozenset((ids[i], ids[j])): round(length, 6)
        for (i, j), length in zip(LINES.tolist(), lengths.tolist(), strict=True)
    }


def write(
    path: Path, cells: list[tuple[str, Any]], points: FloatArray = POINTS, **more: object
) -> Path:
    meshio.Mesh(points, cells).write(path, **more)
    return path


def node_link(path: Path, names: list[Any], scale: float = 1.0) -> Path:
    graph = nx.Graph()
    for name, (x, y, _) in zip(names, POINTS.tolist(), strict=True):
        graph.add_node(name, pos=[scale * x, scale * y])
    graph.add_edges_from((names[i], names[j]) for i, j in LINES.tolist())
    path.write_text(json.dumps(nx.node_link_data(graph, edges="edges")), encoding="utf-8")
    return path
