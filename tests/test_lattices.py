"""Lattices and networks from other packages, through the same rigidity gate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import meshio
import networkx as nx
import numpy as np
import pytest

from mnnfab import (
    InputError,
    Network,
    analyse_rigidity,
    delaunay,
    kagome_braced,
    load_network,
    network_from_graph,
    network_from_mesh,
    parse_design,
    square_braced,
    triangular_hexagon,
    triangular_parallelogram,
    triangular_patch,
)
from mnnfab.errors import MechanismError
from mnnfab.problem.loading import make_problem

LATTICES = [
    triangular_patch(4, 16.0, [0, 4]),
    triangular_parallelogram(4, 5, 16.0, [0, 4]),
    triangular_hexagon(3, 16.0, [0, 3]),
    square_braced(4, 5, 16.0, [0, 4]),
    kagome_braced(2, 3, 16.0, [0, 3]),
    delaunay(80.0, 60.0, 14.0, 1, [0, 1]),
]


@pytest.mark.parametrize("network", LATTICES, ids=lambda network: f"{network.n_bonds} bonds")
def test_every_lattice_is_rigid_and_planar(network: Network) -> None:
    rigidity = analyse_rigidity(network)
    assert rigidity.n_zero_modes == 0
    # Maxwell and Calladine.
    assert len(network.free_dofs) - network.n_bonds == -rigidity.n_self_stresses
    crossings = [
        (a, b)
        for a in range(network.n_bonds)
        for b in range(a)
        if not set(network.bonds[a].tolist()) & set(network.bonds[b].tolist())
        and cross(*network.nodes[network.bonds[a]], *network.nodes[network.bonds[b]])
    ]
    assert crossings == []


def cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> bool:
    def turn(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> float:
        return float((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]))

    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0


@pytest.mark.parametrize(("side", "nodes", "bonds"), [(1, 7, 12), (2, 19, 42), (3, 37, 90)])
def test_hexagons(side: int, nodes: int, bonds: int) -> None:
    network = triangular_hexagon(side, 10.0, [0])
    assert (network.n_nodes, network.n_bonds) == (nodes, bonds)
    np.testing.assert_allclose(network.lengths, 10.0)


def test_without_braces_square_and_kagome_are_mechanisms() -> None:
    for network in (square_braced(4, 5, 16.0, [0, 4]), kagome_braced(2, 3, 16.0, [0, 3])):
        plain = network.bonds[network.lengths < 16.1]
        bare = Network(network.nodes, plain, network.fixed)
        assert analyse_rigidity(bare).n_zero_modes > 0


def test_kagome_bonds_and_braces() -> None:
    network = kagome_braced(2, 3, 16.0, [0, 3])
    short = np.isclose(network.lengths, 16.0)
    assert np.isclose(network.lengths[~short], 16.0 * np.sqrt(3)).all()
    assert (~short).sum() == 3 * 6


def test_delaunay_keeps_its_distance_and_its_seed() -> None:
    network = delaunay(80.0, 60.0, 12.0, 3, [0, 1])
    assert network.lengths.min() >= 12.0
    np.testing.assert_array_equal(network.nodes, delaunay(80.0, 60.0, 12.0, 3, [0, 1]).nodes)
    assert len(delaunay(80.0, 60.0, 12.0, 4, [0, 1]).nodes) > 10
    with pytest.raises(InputError, match="spacing_mm"):
        delaunay(10.0, 10.0, 100.0, 0, [0])


FABRICATION = {
    "thickness_mm": 2.0,
    "width_min_mm": 1.5,
    "width_max_mm": 2.5,
    "width_initial_mm": 2.0,
}


def design_with(network: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "any",
        "network": network,
        "fabrication": FABRICATION,
        "task": {"kind": "none"},
        "widths": {"uniform_mm": 2.0},
    }


@pytest.mark.parametrize(
    ("section", "n_bonds"),
    [
        ({"lattice": "triangular-hexagon", "side": 2, "bond_length_mm": 16.0}, 42),
        ({"lattice": "square-braced", "rows": 3, "columns": 3, "bond_length_mm": 16.0}, 16),
        ({"lattice": "kagome-braced", "rows": 1, "columns": 1, "bond_length_mm": 16.0}, 21),
        ({"lattice": "delaunay", "width_mm": 60, "height_mm": 50, "spacing_mm": 15.0}, None),
    ],
)
def test_lattices_in_designs(section: dict[str, Any], n_bonds: int | None, tmp_path: Path) -> None:
    values = design_with(section | {"fixed": [0, 1]})
    network = make_problem(parse_design(values), tmp_path).network
    assert n_bonds is None or network.n_bonds == n_bonds


def test_a_lattice_held_at_one_node_is_refused(tmp_path: Path) -> None:
    section = {"lattice": "triangular-hexagon", "side": 2, "bond_length_mm": 16.0, "fixed": [0]}
    with pytest.raises(MechanismError, match="zero mode"):
        make_problem(parse_design(design_with(section)), tmp_path)


def graph_of(network: Network) -> nx.Graph:
    graph = nx.Graph()
    for node, (x, y) in enumerate(network.nodes.tolist()):
        graph.add_node(f"n{node}", x=x, y=y)
    graph.add_edges_from((f"n{i}", f"n{j}") for i, j in network.bonds.tolist())
    return graph


def assert_same(found: Network, expected: Network) -> None:
    np.testing.assert_array_equal(found.nodes, expected.nodes)
    assert {tuple(sorted(bond)) for bond in found.bonds.tolist()} == {
        tuple(sorted(bond)) for bond in expected.bonds.tolist()
    }
    np.testing.assert_array_equal(found.fixed, expected.fixed)


def test_networkx(paper_network: Network, tmp_path: Path) -> None:
    graph = graph_of(paper_network)
    assert_same(network_from_graph(graph, ["n0", "n4"]), paper_network)
    for key in ("edges", "links"):
        path = tmp_path / f"{key}.json"
        path.write_text(json.dumps(nx.node_link_data(graph, edges=key)), encoding="utf-8")
        assert_same(load_network(path, [0, 4]), paper_network)
        with pytest.raises(InputError, match="defines no fixed nodes"):
            load_network(path)
    with pytest.raises(InputError, match="'m' is not a node"):
        network_from_graph(graph, ["m"])
    graph.add_node("lost")
    with pytest.raises(InputError, match="node 'lost': no coordinates"):
        network_from_graph(graph, ["n0"])


def test_meshes(paper_network: Network, tmp_path: Path) -> None:
    points = np.column_stack([paper_network.nodes, np.zeros(paper_network.n_nodes)])
    mesh = meshio.Mesh(points, [("line", paper_network.bonds)])
    assert_same(network_from_mesh(mesh, [0, 4]), paper_network)
    for name in ("net.vtk", "net.vtu"):
        mesh.write(tmp_path / name)
        assert_same(load_network(tmp_path / name, [0, 4]), paper_network)
    values = design_with({"file": "net.vtu", "fixed": [0, 4]})
    assert_same(make_problem(parse_design(values), tmp_path).network, paper_network)
    with pytest.raises(InputError, match=r"cells triangle\n.*line cells"):
        network_from_mesh(meshio.Mesh(points, [("triangle", [[0, 1, 5]])]), [0])
    (tmp_path / "bad.vtk").write_text("not a mesh", encoding="utf-8")
    with pytest.raises(InputError, match="a mesh in a format that meshio reads"):
        load_network(tmp_path / "bad.vtk", [0])
