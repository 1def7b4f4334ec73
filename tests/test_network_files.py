"""A network is what its file says, or it is refused: cells, planes, ids, several files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import meshio
import networkx as nx
import numpy as np
import pytest
import tomli_w
from small import SMALL

from mnnfab import InputError, load_network
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.network import mesh_reading
from mnnfab.network.mesh_cells import CellBlock, bonds_of_cells
from mnnfab.network.network_file import NetworkInput, read_network
from mnnfab.pipeline.pipeline import check, run
from mnnfab.problem.loading import load_problem
from mnnfab.problem.request_hash import request_of_design

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


# Cells


def with_middles(count: int, bow: float = 0.0) -> tuple[FloatArray, IntArray]:
    """The points with the middle of the first lines, and these lines as quadratic ones."""
    ends = POINTS[LINES[:count]]
    middles = ends.mean(axis=1) + np.array([0.0, bow, 0.0])
    curves = np.column_stack([LINES[:count], len(POINTS) + np.arange(count)])
    return np.vstack([POINTS, middles]), curves


@pytest.mark.parametrize("form", ["vtu", "vtk", "msh", "xdmf"])
def test_quadratic_lines_are_bonds(tmp_path: Path, form: str) -> None:
    count = 9 if form == "xdmf" else 4  # meshio reads no mixed cells of XDMF with curves
    points, curves = with_middles(count)
    cells = [("line3", curves), *([("line", LINES[count:])] if count < 9 else [])]
    shift = form == "msh"
    kind = {"file_format": "gmsh22"} if shift else {}
    path = write(tmp_path / f"net.{form}", cells, points, **kind)
    found = read_network(path, [0 + shift, 2 + shift], "file")
    assert edges(found) == expected(list(range(shift, 6 + shift)))
    assert "curves info" in codes(found)


def test_a_curve_is_divided_where_another_bond_ends_and_its_bow_is_told() -> None:
    points, curves = with_middles(3, bow=1.0)
    points[8] = [5.0, 0.0, 0.0]  # the third is straight
    blocks = [CellBlock("line3", curves.tolist()), CellBlock("line", [[8, 0]])]
    bonds, findings = bonds_of_cells(points, blocks)
    assert bonds.tolist() == [[0, 1], [1, 2], [3, 8], [8, 4], [8, 0]]
    warnings = [one for one in findings if one.severity == "warning"]
    assert [one.where for one in warnings] == ["cell 0"]
    assert "2 curves are not straight, up to 1 mm" in warnings[0].message


def test_the_ends_of_a_strongly_bowed_curve() -> None:
    """The middle is farther from both ends than they are from each other."""
    points = np.array([[0.0, 0.0], [10.0, 0.0], [5.0, 30.0]])
    bonds, findings = bonds_of_cells(points, [CellBlock("line3", [[0, 1, 2]])])
    assert bonds.tolist() == [[0, 1]]
    assert "up to 30 mm" in findings[-1].message
    with pytest.raises(InputError, match="cell 0: a closed curve"):
        bonds_of_cells(points[[0, 0, 2]], [CellBlock("line3", [[0, 1, 2]])])


@pytest.mark.parametrize(
    ("chains", "n_bonds"),
    [([[0, 1, 2], [3, 4, 5], [3, 0, 4]], 6), ([[0, 1, 2, 5], [0, 3, 4, 5]], 6)],
)
def test_poly_lines_of_xdmf(tmp_path: Path, chains: list[list[int]], n_bonds: int) -> None:
    """Called lines by meshio, of more than two points."""
    rows, size = [" ".join(map(str, chain)) for chain in chains], len(chains[0])
    numbers = " ".join(map(str, POINTS.ravel().tolist()))
    text = (
        '<Xdmf Version="3.0"><Domain><Grid Name="net"><Geometry GeometryType="XYZ"><DataItem '
        f'DataType="Float" Dimensions="6 3" Format="XML" Precision="8">{numbers}'
        f'</DataItem></Geometry><Topology TopologyType="Polyline" NumberOfElements="{len(rows)}" '
        f'NodesPerElement="{size}"><DataItem DataType="Int" Dimensions="{len(rows)} {size}" '
        f'Format="XML" Precision="8">{" ".join(rows)}</DataItem></Topology></Grid></Domain></Xdmf>'
    )
    path = tmp_path / "a.xdmf"
    path.write_text(text, encoding="utf-8")
    found = read_network(path, [0, 5])
    assert found.network.n_bonds == n_bonds
    assert edges(found).items() <= expected(list(range(6))).items()


def test_a_vtu_of_several_pieces(tmp_path: Path) -> None:
    """As ParaView and parallel codes write it; meshio keeps the cells of the last piece."""
    pieces = []
    for part in (LINES[:5], LINES[5:]):
        numbers = np.unique(part)
        cells = np.searchsorted(numbers, part)
        arrays = [
            ("Points", "Float64", POINTS[numbers], ' NumberOfComponents="3"'),
            ("connectivity", "Int64", cells, ""),
            ("offsets", "Int64", 2 * np.arange(1, len(part) + 1), ""),
            ("types", "UInt8", np.full(len(part), 3), ""),
        ]
        texts = [
            f'<DataArray type="{kind}" Name="{name}" format="ascii"{more}>'
            f"{' '.join(map(str, np.ravel(values).tolist()))}</DataArray>"
            for name, kind, values, more in arrays
        ]
        pieces.append(
            f'<Piece NumberOfPoints="{len(numbers)}" NumberOfCells="{len(part)}"><Points>{texts[0]}'
            f"</Points><Cells>{''.join(texts[1:])}</Cells></Piece>"
        )
    path = tmp_path / "a.vtu"
    path.write_text(
        '<VTKFile type="UnstructuredGrid" version="0.1" byte_order="LittleEndian">'
        f"<UnstructuredGrid>{''.join(pieces)}</UnstructuredGrid></VTKFile>",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="coincide"):  # the pieces have points of their own
        read_network(path, [0])
    found = read_network(path, [0], "file", merge_mm=1e-3)
    assert sorted(edges(found).values()) == sorted(expected(list(range(6))).values())


def vtk_file(path: Path, chains: list[list[int]], kind: str) -> Path:
    """Poly-lines written by VTK: poly-data, or an unstructured grid."""
    from vtkmodules import vtkCommonCore, vtkCommonDataModel, vtkIOLegacy, vtkIOXML

    points = vtkCommonCore.vtkPoints()
    for point in POINTS.tolist():
        points.InsertNextPoint(point)
    cells = vtkCommonDataModel.vtkCellArray()
    data: Any
    writer: Any
    for chain in chains:
        cells.InsertNextCell(len(chain), chain)
    if kind == "poly-data":
        data = vtkCommonDataModel.vtkPolyData()
        data.SetLines(cells)
        writer = (
            vtkIOXML.vtkXMLPolyDataWriter
            if path.suffix == ".vtp"
            else vtkIOLegacy.vtkPolyDataWriter
        )()
    else:
        data = vtkCommonDataModel.vtkUnstructuredGrid()
        data.SetCells(vtkCommonDataModel.VTK_POLY_LINE, cells)
        legacy = vtkIOLegacy.vtkUnstructuredGridWriter
        writer = (legacy if path.suffix == ".vtk" else vtkIOXML.vtkXMLUnstructuredGridWriter)()
    data.SetPoints(points)
    if path.name.startswith("old"):
        writer.SetFileVersion(42)
    writer.SetFileName(str(path))
    writer.SetInputData(data)
    writer.Write()
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.vtp", "poly-data"), ("a.vtk", "poly-data"), ("a.vtu", "grid"), ("old.vtk", "grid")],
)
def test_poly_lines_of_vtk_are_a_bond_per_segment(tmp_path: Path, name: str, kind: str) -> None:
    chains = [[0, 1, 2], [3, 4, 5], [0, 3], [1, 4], [2, 5], [0, 4], [1, 5]]
    assert edges(read_network(vtk_file(tmp_path / name, chains, kind), FIXED)) == expected(
        list(range(6))
    )


def test_other_cells_are_refused_or_told(tmp_path: Path) -> None:
    lines = [CellBlock("line", LINES.tolist())]
    with pytest.raises(InputError, match=r"cell 10: a cell of the kind VTK type 51"):
        bonds_of_cells(
            POINTS, [*lines, CellBlock("triangle", [[0, 1, 4]]), CellBlock("VTK type 51", [[0, 1]])]
        )
    with pytest.raises(InputError, match=r"cell 9: points \[0, 77\]"):
        bonds_of_cells(POINTS, [*lines, CellBlock("line", [[0, 77]])])
    path = write(
        tmp_path / "a.vtu",
        [("vertex", [[3]]), ("triangle", [[0, 1, 4]]), ("line", LINES), ("quad", [[0, 1, 4, 3]])],
    )
    found = read_network(path, FIXED)
    assert edges(found) == expected(list(range(6)))
    assert codes(found) == ["cells-left-out warning", "cells-left-out info"]
    assert "1 quad, 1 triangle cells" in found.findings[0].message


def test_a_line_in_two_physical_groups_is_one_bond(tmp_path: Path) -> None:
    rows = [
        (f"{i} 1 2 {group} {i} {a + 1} {b + 1}")
        for i, (group, a, b) in enumerate(
            [(1, *line) for line in LINES.tolist()] + [(2, *LINES[3])], 1
        )
    ]
    nodes = [f"{i} {x} {y} {z}" for i, (x, y, z) in enumerate(POINTS.tolist(), 1)]
    text = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$Nodes", "6", *nodes, "$EndNodes"]
    text += ["$Elements", str(len(rows)), *rows, "$EndElements", ""]
    path = tmp_path / "a.msh"
    path.write_text("\n".join(text), encoding="utf-8")
    found = read_network(path, [1, 3], "file")
    assert edges(found) == expected([1, 2, 3, 4, 5, 6])
    assert "cells-in-groups info" in codes(found)
    path.write_text(
        "\n".join(text).replace(rows[-1], rows[-1].replace("2 2 ", "2 1 ")), encoding="utf-8"
    )
    with pytest.raises(InputError, match="joins already"):  # twice in one group
        read_network(path, [1, 3], "file")


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


def node_link(path: Path, names: list[Any], scale: float = 1.0) -> Path:
    graph = nx.Graph()
    for name, (x, y, _) in zip(names, POINTS.tolist(), strict=True):
        graph.add_node(name, pos=[scale * x, scale * y])
    graph.add_edges_from((names[i], names[j]) for i, j in LINES.tolist())
    path.write_text(json.dumps(nx.node_link_data(graph, edges="edges")), encoding="utf-8")
    return path


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


# Files of several parts, readers that give up

INP_NODES = "*NODE\n" + "".join(
    f"{10 * i}, {x}, {y}, {z}\n" for i, (x, y, z) in enumerate(POINTS.tolist(), 1)
)
INP_LINES = "*ELEMENT, TYPE=B31, ELSET=BONDS\n" + "".join(
    f"{n}, {10 * i + 10}, {10 * j + 10}\n" for n, (i, j) in enumerate(LINES.tolist(), 1)
)


def test_abaqus_with_included_files(tmp_path: Path) -> None:
    path = tmp_path / "a.inp"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "nodes.inc").write_text(INP_NODES, encoding="utf-8")
    path.write_text(f"** net\n*INCLUDE, INPUT=sub/nodes.inc\n{INP_LINES}", encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])
    (tmp_path / "lines.inc").write_text(INP_LINES.partition("\n")[2], encoding="utf-8")
    header = INP_LINES.partition("\n")[0]
    path.write_text(f"{INP_NODES}{header}, INPUT=lines.inc\n", encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])
    path.write_text(INP_NODES + INP_LINES.replace("B31", "B33"), encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])
    two_blocks = INP_NODES.replace("40,", "*NODE\n40,", 1)
    path.write_text(two_blocks + INP_LINES, encoding="utf-8")
    assert edges(read_network(path, [10, 30])) == expected([10, 20, 30, 40, 50, 60])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("*INCLUDE, INPUT=../nodes.inc\n", "line 1: .INCLUDE(.|\n)*a file in the folder"),
        ("*INCLUDE, INPUT=none.inc\n", "a file in the folder"),
        (f"{INP_NODES}*NGEN\n10, 20\n{INP_LINES}", r"line 8: \*NGEN"),
        (f"*NODE, SYSTEM=C\n{INP_NODES[6:]}{INP_LINES}", "Cartesian"),
        (f"*PART\n*END PART\n*PART\n{INP_NODES}{INP_LINES}", r"a second \*PART"),
        (f"{INP_NODES}{INP_LINES}*INSTANCE, NAME=A\n1., 0., 0.\n", "an .INSTANCE that is moved"),
        (f"{INP_NODES}{INP_LINES}*MPC\nTIE, 10, 20\n", r"line \d+: \*MPC"),
        (f"{INP_NODES}{INP_LINES}*ELEMENT, TYPE=T2D2\n1, 10, 50\n", "element 1 twice"),
        (f"*NODE, INPUT=none.inp\n{INP_LINES}", "a file in the folder"),
        (f"{INP_NODES}*ELEMENT, TYPE=T3D2\n", "line cells|pairs of node numbers|not read"),
        (f"{INP_NODES}10, 3., 4., 0.\n{INP_LINES}", "id 10 twice"),
        (f"{INP_NODES}*ELEMENT, TYPE=B99\n1, 10, 20\n", "not read"),
    ],
)
def test_abaqus_files_that_would_be_another_network_are_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "nodes.inc").write_text(INP_NODES, encoding="utf-8")
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.inp"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_network(path, [10])


DESIGN: dict[str, Any] = {
    "network": {"file": "net.xdmf", "fixed": [0, 3]},
    "task": {
        "kind": "behaviour",
        "inputs": [{"node": 4, "axis": "y"}],
        "outputs": [{"node": 5, "axis": "y"}, {"node": 2, "axis": "x"}],
        "loads_gf": [-1.0],
        "target_class": 0,
    },
}


def small_design(folder: Path, **network: object) -> Path:
    import tomllib

    values = tomllib.loads(SMALL.format(name="net", epochs=2, check="false", form="svg"))
    values |= {"network": network or DESIGN["network"], "task": DESIGN["task"]}
    values["fabrication"]["joint_length_mm"] = 4.0
    path = folder / "net.toml"
    path.write_text(tomli_w.dumps(values), encoding="utf-8")
    return path


def test_an_xdmf_file_that_counts_from_1_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "net.xdmf", [("line", LINES)])
    path.write_text(path.read_text().replace("<Topology ", '<Topology BaseOffset="1" '))
    with pytest.raises(InputError, match='BaseOffset="1"'):
        load_network(path, FIXED)


def test_a_network_of_two_files_is_kept_as_it_was_read(tmp_path: Path) -> None:
    write(tmp_path / "net.xdmf", [("line", LINES)], 3 * POINTS)
    assert (tmp_path / "net.h5").is_file()
    design = small_design(tmp_path)
    before = load_problem(design)
    first = request_of_design(before.design, tmp_path, force=False, pdf=False)
    run(design, tmp_path / "out")
    write(tmp_path / "net.xdmf", [("line", LINES)], POINTS * 4)  # another network, one name
    second = request_of_design(before.design, tmp_path, force=False, pdf=False)
    assert first != second  # the numbers are in the other file
    (tmp_path / "net.h5").unlink()
    moved = tmp_path / "elsewhere"
    shutil.move(tmp_path / "out", moved)
    np.testing.assert_array_equal(
        load_problem(moved / "design.toml").network.nodes, before.network.nodes
    )
    assert check(moved).folder == moved


def test_ids_of_a_design_are_numbers_in_its_folder(tmp_path: Path) -> None:
    node_link(tmp_path / "net.json", list("abcdef"), scale=3.0)
    design = small_design(tmp_path, file="net.json", fixed=["a", "d"], damage=[["a", "d"]])
    text = design.read_text(encoding="utf-8")
    design.write_text(text.replace("node = 4", 'node = "e"'), encoding="utf-8")
    outcome = run(design, tmp_path / "out")
    assert "node-ids" in {finding.code for finding in outcome.findings}
    kept = load_problem(tmp_path / "out" / "design.toml")
    assert kept.network.n_bonds == len(LINES) - 1
    assert str(kept.task.inputs[0]) == "node 4 y"  # type: ignore[union-attr]
    assert json.loads((tmp_path / "out/inputs/network.json").read_text())["ids"] == list("abcdef")
    design.write_text(text.replace("node = 4", 'node = "q"'), encoding="utf-8")
    with pytest.raises(InputError, match=r'\[task\] inputs\[0\]: node "q" does not exist'):
        load_problem(design)


def test_numbers_outside_of_the_folder_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    path = write(inside / "net.xdmf", [("line", LINES)])
    path.write_text(path.read_text().replace("net.h5:", "../net.h5:"), encoding="utf-8")
    shutil.move(inside / "net.h5", tmp_path / "net.h5")
    with pytest.raises(InputError, match=r'numbers in "../net.h5"'):
        load_network(path, FIXED)


def test_a_reader_that_gives_up_ends_in_one_message(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.msh", "a.vtk", "a.med", "a.mdpa", "a.xyz", "a.vtp"):
        path = tmp_path / name
        path.write_text("nothing of the kind", encoding="utf-8")
        with pytest.raises(InputError) as caught:
            load_network(path, FIXED)
        assert str(caught.value).count(str(path)) == 1, str(caught.value)
        assert "SystemExit" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_never_ends_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.mdpa", [("line", LINES)])
    path.write_bytes(path.read_bytes()[:120])  # meshio looks for "End Nodes" for ever
    monkeypatch.setattr(mesh_reading, "DEADLINE_S", 3)
    with pytest.raises(InputError, match=r"not read within 3 s"):
        read_network(path, FIXED, "position")


def test_what_the_reader_prints_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.xdmf", [("line", LINES)])
    read = meshio.read

    def warn(*args: object) -> object:
        from meshio._common import warn

        warn("two bonds are left out")
        return read(*args)

    monkeypatch.setattr(meshio, "read", warn)
    found = read_network(path, FIXED)
    assert [one.message for one in found.findings] == ["two bonds are left out"]
    assert capfd.readouterr() == ("", "")
