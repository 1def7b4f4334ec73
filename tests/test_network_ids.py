"""A network is what its file says, or it is refused: planes, coincident points and ids."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from networks import FIXED, LINES, POINTS, codes, edges, expected, node_link, write

from mnnfab import InputError, load_network
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.network.network_file import read_network

# Planes and coincident points


@pytest.mark.parametrize("seed", range(4))
def test_a_network_in_another_plane_is_turned(tmp_path: Path, seed: int) -> None:
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    path = write(tmp_path / "a.vtu", [("line", LINES)], POINTS @ turn.T + [3.0, -7.0, 11.0])
    found = read_network(path, FIXED)
    assert edges(found) == expected(list(range(6)))
    assert codes(found) == ["plane-turned warning"]


@pytest.mark.parametrize(
    ("columns", "seen_from"), [([0, 2, 1], "-y"), ([2, 0, 1], "+x"), ([0, 1, 2], "+z")]
)
def test_a_standing_network_stays_upright_and_is_not_mirrored(
    tmp_path: Path, columns: list[int], seen_from: str
) -> None:
    points = POINTS[:, columns] + (5.0 if seen_from == "+z" else 0.0) * np.array([0, 0, 1])
    path = write(tmp_path / "a.vtu", [("line", LINES)], points)
    network = load_network(path, FIXED)
    np.testing.assert_allclose(network.nodes, POINTS[:, :2], atol=1e-12)


def test_coordinates_in_micrometres_are_in_their_plane(tmp_path: Path) -> None:
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    path = write(tmp_path / "a.vtu", [("line", LINES)], (3 * POINTS @ turn.T).round(3))
    assert codes(read_network(path, FIXED)) == ["plane-turned warning"]


def test_what_lies_in_no_plane_is_refused_with_a_point(tmp_path: Path) -> None:
    points = POINTS.copy()
    points[4, 2] = 0.5
    path = write(tmp_path / "a.vtu", [("line", LINES)], points)
    with pytest.raises(InputError, match=r"a\.vtu, point \d: .* mm out of the plane"):
        load_network(path, FIXED)
    graph = nx.Graph(LINES.tolist())
    for node, (x, y, z) in enumerate(points.tolist()):
        graph.add_node(node, x=x, y=y, z=z)
    (tmp_path / "b.json").write_text(json.dumps(nx.node_link_data(graph, edges="edges")))
    with pytest.raises(InputError, match="out of the plane"):
        load_network(tmp_path / "b.json", FIXED)


def doubled() -> tuple[FloatArray, IntArray]:
    """Every line with points of its own, a little apart."""
    apart = np.random.default_rng(1).uniform(-1e-4, 1e-4, (2 * len(LINES), 2))
    points = POINTS[LINES.ravel()] + np.column_stack([apart, np.zeros(len(apart))])
    return points, np.arange(len(points)).reshape(-1, 2)


def test_coincident_points_are_named_and_can_be_merged(tmp_path: Path) -> None:
    points, lines = doubled()
    path = write(tmp_path / "a.vtu", [("line", lines)], points)
    with pytest.raises(InputError, match=r"18 nodes coincide .* node 0 and node 8 (.|\n)*merge_mm"):
        read_network(path, FIXED)
    found = read_network(path, [0, 3], "file", merge_mm=0.01)
    assert found.network.n_nodes == 6
    assert sorted(found.network.lengths.round(2)) == sorted(expected(list(range(6))).values()) or (
        np.allclose(
            sorted(found.network.lengths), sorted(expected(list(range(6))).values()), atol=1e-3
        )
    )
    assert "points-merged info" in codes(found)
    assert found.nodes.number("port", 8) == found.nodes.number("port", 0)  # one place
    with pytest.raises(InputError, match="both ends of bond"):
        read_network(path, [0, 3], "file", merge_mm=10.5)


def test_a_node_on_a_bond_is_named(tmp_path: Path) -> None:
    points = np.vstack([POINTS, [5.0, 10.0, 0.0], [5.0, 20.0, 0.0]])
    lines = np.vstack([LINES, [[6, 7], [7, 0], [7, 1]]])
    path = write(tmp_path / "a.vtu", [("line", lines)], points)
    with pytest.raises(InputError, match=r"bond 0: node 6 lies on the bond between 0 and 1"):
        read_network(path, FIXED)


def test_bonds_that_merging_lays_on_each_other_are_one(tmp_path: Path) -> None:
    """Two cells with sides of their own, as meshes are written that are not merged."""
    left = [[0, 1], [3, 4], [0, 3], [1, 4], [0, 4]]
    right = [[1, 2], [4, 5], [1, 4], [2, 5], [1, 5]]
    points = POINTS[np.array([*left, *right]).ravel()]
    path = write(tmp_path / "a.vtu", [("line", np.arange(20).reshape(-1, 2))], points)
    found = read_network(path, [0], "file", merge_mm=1e-3)
    assert sorted(edges(found).values()) == sorted(expected(list(range(6))).values())
    assert codes(found).count("points-merged info") == 2


# Ids


def test_ids_of_the_file_are_what_a_design_says(tmp_path: Path) -> None:
    for names in (list("abcdef"), [(0, i) for i in range(6)], [11, 12, 13, 14, 15, 16]):
        found = read_network(node_link(tmp_path / "a.json", names), [names[0], names[2]])
        assert found.network.fixed.tolist() == [0, 2]
        assert edges(found) == expected(names)
        assert found.nodes.number("port", names[4]) == 4
        assert codes(found) == ["node-ids info"]
    with pytest.raises(InputError, match=r"node 3 does not exist\n.*ids of the file: 11, 12"):
        read_network(tmp_path / "a.json", [3])
    letters = node_link(tmp_path / "b.json", list("abcdef"))
    assert read_network(letters, [0, 2]).network.fixed.tolist() == [0, 2]  # no id is a number
    with pytest.raises(InputError, match='node "g" does not exist'):
        read_network(letters, ["g"])


def test_an_integer_that_can_be_an_id_or_a_position_is_refused(tmp_path: Path) -> None:
    names = [3, 0, 5, 1, 4, 2]
    path = node_link(tmp_path / "a.json", names)
    with pytest.raises(InputError, match=r"node 0 is ambiguous(.|\n)*numbering = .file."):
        read_network(path, [0, 4])
    assert read_network(path, [0, 4], "file").network.fixed.tolist() == [1, 4]
    assert read_network(path, [0, 4], "position").network.fixed.tolist() == [0, 4]
    assert read_network(path, [4]).network.fixed.tolist() == [4]  # the same in both ways


def test_a_position_that_is_written_like_a_name_is_refused(tmp_path: Path) -> None:
    path = node_link(tmp_path / "a.json", ["6", "5", "4", "3", "2", "1"])
    with pytest.raises(InputError, match=r'node 1 is ambiguous: .* named "1"'):
        read_network(path, [1])
    assert read_network(path, ["1"]).network.fixed.tolist() == [5]
    assert read_network(path, [1], "position").network.fixed.tolist() == [1]


def test_ids_have_one_unicode_form(tmp_path: Path) -> None:
    path = node_link(tmp_path / "a.json", ["e\u0301", "b", "c", "d", "e", "f"])
    assert read_network(path, ["\u00e9"]).network.fixed.tolist() == [0]


def test_graphs_that_say_two_things_or_nothing_are_refused(tmp_path: Path) -> None:
    path = node_link(tmp_path / "a.json", list("abcdef"))
    values = json.loads(path.read_text(encoding="utf-8"))
    values["nodes"][1] |= {"x": 3.0, "y": 4.0}
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match=r"pos \[10.0, 10.0\], but x, y \[3.0, 4.0\]"):
        load_network(path, ["a"])
    path.write_text(json.dumps({"nodes": [], "links": []}), encoding="utf-8")
    with pytest.raises(InputError, match="0 nodes and 0 edges"):
        load_network(path, [0])
    path.write_text(json.dumps(values | {"fixed": ["a"]}), encoding="utf-8")
    with pytest.raises(InputError, match="in node-link data"):
        load_network(path, ["a"])


def test_ids_that_are_there_twice_or_are_none_are_refused(tmp_path: Path) -> None:
    path = node_link(tmp_path / "a.json", list("abcdef"))
    values = json.loads(path.read_text(encoding="utf-8"))
    for wrong, message in (
        ("b", 'id "b" twice'),
        (None, "id None"),
        (True, "id True"),
        (1.5, "id 1.5"),
    ):
        changed = json.loads(json.dumps(values))
        changed["nodes"][2]["id"] = wrong
        path.write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(InputError, match=message):
            load_network(path, [0])
    values["links"] = values["edges"]
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match="both links and edges"):
        load_network(path, [0])
    del values["links"]
    values["edges"][4]["target"] = "z"
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(InputError, match=r'edge 4: node "z", which is not among'):
        load_network(path, [0])


@pytest.mark.parametrize(
    ("form", "binary"), [("gmsh22", False), ("gmsh22", True), ("gmsh", False), ("gmsh", True)]
)
def test_node_numbers_of_gmsh(tmp_path: Path, form: str, binary: bool) -> None:
    path = write(tmp_path / "a.msh", [("line", LINES)], file_format=form, binary=binary)
    if not binary and form == "gmsh22":  # tags with gaps, not in order
        text = path.read_text(encoding="utf-8").split("\n")
        start, first = text.index("$Nodes") + 2, text.index("$Elements") + 2
        tags = {1: 40, 2: 7, 3: 9, 4: 2, 5: 11, 6: 5}
        for row in range(start, start + 6):
            tag, rest = text[row].split(" ", 1)
            text[row] = f"{tags[int(tag)]} {rest}"
        for row in range(first, first + len(LINES)):
            *head, i, j = text[row].split()
            text[row] = " ".join([*head, str(tags[int(i)]), str(tags[int(j)])])
        path.write_text("\n".join(text), encoding="utf-8")
        found = read_network(path, [40, 9])
        assert edges(found) == expected(list(tags.values()))
        assert found.network.fixed.tolist() == [0, 2]
        return
    with pytest.raises(InputError, match="ambiguous"):
        read_network(path, [1, 3])
    found = read_network(path, [1, 3], "file")
    assert edges(found) == expected([1, 2, 3, 4, 5, 6])
    assert found.network.fixed.tolist() == [0, 2]


def test_formats_whose_node_numbers_are_not_read_count_positions(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bdf", [("line", LINES)])
    with pytest.raises(InputError, match=r"node numbers of its own(.|\n)*position"):
        read_network(path, FIXED)
    assert edges(read_network(path, FIXED, "position")) == expected(list(range(6)))
