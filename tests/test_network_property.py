"""Random networks in every format that is read: the same network comes back, or a refusal."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import meshio
import networkx as nx
import numpy as np
import pytest

from mnnfab import InputError
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.network.formats.json_network import network_json
from mnnfab.network.network_file import read_network

Edges = dict[frozenset[Any], float]


@dataclass
class Case:
    """A random network, and how it is to be written.

    Args:
        points: (n, 3) mm.
        lines: (m, 2).
        ids: id of each point, where the format has ids.
        curves: number of lines that are written with a point in the middle.
        cells: further cells that are no bonds.
        told: codes of findings that have to be told.
        refused: True if it must be refused.
    """

    points: FloatArray
    lines: IntArray
    ids: list[Any]
    curves: int = 0
    cells: list[tuple[str, list[list[int]]]] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    refused: bool = False
    merge_mm: float | None = None


def random_case(chance: random.Random) -> Case:
    """A triangulation with some bonds missing, then altered in ways that files are."""
    generator = np.random.default_rng(chance.getrandbits(32))
    graph = nx.triangular_lattice_graph(chance.randint(1, 3), chance.randint(2, 4))
    places = np.array([graph.nodes[node]["pos"] for node in graph]) * 16.0
    places += generator.uniform(-2, 2, places.shape)
    number = {node: place for place, node in enumerate(graph)}
    lines = np.array([[number[a], number[b]] for a, b in graph.edges])
    lines = lines[generator.permutation(len(lines))]
    count = len(places)
    return Case(np.column_stack([places, np.zeros(count)]), lines, list(range(count)))


# How files differ: each alters a case


def shuffled_ids(case: Case, chance: random.Random) -> None:
    kinds: list[Callable[[int], Any]] = [
        lambda i: i,
        lambda i: 10 * i + 3,
        lambda i: f"n{i}",
        lambda i: (i // 3, i % 3),
    ]
    names = [chance.choice(kinds[:1])(i) for i in range(len(case.points))]
    kind = chance.choice(kinds)
    case.ids = [kind(name) for name in chance.sample(names, len(names))]


def other_plane(case: Case, chance: random.Random) -> None:
    turn = np.linalg.qr(np.random.default_rng(chance.getrandbits(32)).normal(size=(3, 3)))[0]
    case.points = case.points @ turn.T + [chance.uniform(-50, 50) for _ in range(3)]
    case.told.add("plane-turned")


def out_of_plane(case: Case, chance: random.Random) -> None:
    normal = np.cross(case.points[1] - case.points[0], case.points[2] - case.points[0])
    distance = chance.choice([1e-2, 0.5, 12.0]) / np.linalg.norm(normal)
    case.points[chance.randrange(3, len(case.points))] += distance * normal
    case.refused = True


def mixed_cells(case: Case, chance: random.Random) -> None:
    case.curves = chance.randint(0, len(case.lines))
    case.cells = [("triangle", [[0, 1, 2]])] * chance.randint(0, 2)


def doubled_points(case: Case, chance: random.Random) -> None:
    """Some lines get points of their own."""
    for line in chance.sample(range(len(case.lines)), len(case.lines) // 2):
        end = chance.randrange(2)
        if np.count_nonzero(case.lines == case.lines[line, end]) == 1:
            continue  # each point keeps a line
        case.points = np.vstack([case.points, case.points[case.lines[line, end]]])
        case.lines[line, end] = len(case.points) - 1
    case.ids = list(range(len(case.points)))
    case.merge_mm = chance.choice([None, 1e-3])
    case.refused = case.refused or case.merge_mm is None
    if case.merge_mm:
        case.told.add("points-merged")


ALTERATIONS = [shuffled_ids, other_plane, out_of_plane, mixed_cells, doubled_points]


# Formats: each writes a case and returns the ids that its points have in the file


def mesh_of(case: Case) -> meshio.Mesh:
    points, count = case.points, case.curves
    middles = points[case.lines[:count]].mean(axis=1)
    numbers = len(points) + np.arange(count)
    blocks = [("line3", np.column_stack([case.lines[:count], numbers]))] if count else []
    blocks += [("line", case.lines[count:])] if count < len(case.lines) else []
    return meshio.Mesh(np.vstack([points, middles]), [*blocks, *case.cells])


def positions(case: Case) -> list[Any]:
    return list(range(len(case.points)))


def vtk(form: str) -> Callable[[Case, Path], list[Any]]:
    def write(case: Case, path: Path) -> list[Any]:
        mesh_of(case).write(path, binary=form == "binary")
        return positions(case)

    return write


def gmsh22(case: Case, path: Path) -> list[Any]:
    """ASCII with the ids as tags, every fifth line in a second physical group as well."""
    mesh = mesh_of(case)
    integers = all(isinstance(name, int) for name in case.ids)
    tags = [name + 1 for name in case.ids] if integers else [i + 1 for i in positions(case)]
    tags += [max(tags) + 1 + i for i in range(len(mesh.points) - len(tags))]
    kinds = {"line": 1, "triangle": 2, "line3": 8}
    elements = [(kinds[block.type], cell) for block in mesh.cells for cell in block.data.tolist()]
    rows = [(kind, 1, cell) for kind, cell in elements] + [
        (kind, 2, cell) for kind, cell in elements[::5]
    ]
    text = ["$MeshFormat", "2.2 0 8", "$EndMeshFormat", "$Nodes", str(len(tags))]
    text += [
        f"{tag} {x!r} {y!r} {z!r}"
        for tag, (x, y, z) in zip(tags, mesh.points.tolist(), strict=True)
    ]
    text += ["$EndNodes", "$Elements", str(len(rows))]
    for number, (kind, group, cell) in enumerate(rows, 1):
        text.append(f"{number} {kind} 2 {group} 1 {' '.join(str(tags[point]) for point in cell)}")
    path.write_text("\n".join([*text, "$EndElements", ""]), encoding="utf-8")
    case.told.add("cells-in-groups")
    return tags[: len(case.points)]


def gmsh41(case: Case, path: Path) -> list[Any]:
    case.curves, case.cells = 0, []
    mesh_of(case).write(path, file_format="gmsh", binary=True)
    return [i + 1 for i in positions(case)]


def abaqus(case: Case, path: Path) -> list[Any]:
    """Nodes in a file of their own; middles of curves between the ends, as Abaqus orders them."""
    mesh = mesh_of(case)
    integers = all(isinstance(name, int) for name in case.ids)
    tags = [name + 1 for name in case.ids] if integers else [i + 1 for i in positions(case)]
    tags += [max(tags) + 1 + i for i in range(len(mesh.points) - len(tags))]
    nodes = path.with_suffix(".nodes")
    rows = [
        f"{tag}, {x!r}, {y!r}, {z!r}"
        for tag, (x, y, z) in zip(tags, mesh.points.tolist(), strict=True)
    ]
    nodes.write_text("\n".join(["*Node", *rows, ""]), encoding="utf-8")
    text, number = [f"*Include, input={nodes.name}"], 0
    order = {"line": ("T2D2", [0, 1]), "line3": ("B32", [0, 2, 1]), "triangle": ("S3", [0, 1, 2])}
    for block in mesh.cells:
        kind, places = order[block.type]
        text.append(f"*ELEMENT, TYPE={kind}")
        for cell in block.data.tolist():
            number += 1
            text.append(f"{number}, {', '.join(str(tags[cell[place]]) for place in places)}")
    path.write_text("\n".join([*text, ""]), encoding="utf-8")
    return tags[: len(case.points)]


def xdmf(data: str) -> Callable[[Case, Path], list[Any]]:
    def write(case: Case, path: Path) -> list[Any]:
        case.curves, case.cells = 0, []
        mesh_of(case).write(path, data_format=data)
        return positions(case)

    return write


def nastran(case: Case, path: Path) -> list[Any]:
    """Free format, the nodes with numbers of their own, which are not read."""
    case.curves, case.cells = 0, []
    rows = ["CEND", "BEGIN BULK"]
    rows += [f"GRID,{i},,{x!r},{y!r},{z!r}" for i, (x, y, z) in enumerate(case.points.tolist(), 7)]
    rows += [f"CROD,{i},1,{a + 7},{b + 7}" for i, (a, b) in enumerate(case.lines.tolist(), 1)]
    path.write_text("\n".join([*rows, "ENDDATA", ""]), encoding="utf-8")
    return positions(case)


def node_link(case: Case, path: Path) -> list[Any]:
    names = case.ids
    graph = nx.Graph()
    for name, (x, y, z) in zip(names, case.points.tolist(), strict=True):
        graph.add_node(name, x=x, y=y, z=z)
    graph.add_edges_from((names[i], names[j]) for i, j in case.lines.tolist())
    key = random.Random(len(names)).choice(["links", "edges"])  # noqa: S311 - no secret
    path.write_text(json.dumps(nx.node_link_data(graph, edges=key)), encoding="utf-8")
    case.told -= {"cells-left-out"}
    return names


FORMATS: dict[str, tuple[str, Callable[[Case, Path], list[Any]]]] = {
    "vtu": ("net.vtu", vtk("binary")),
    "vtk": ("net.vtk", vtk("binary")),
    "vtk text": ("net.vtk", vtk("ascii")),
    "gmsh 2.2": ("net.msh", gmsh22),
    "gmsh 4.1": ("net.msh", gmsh41),
    "abaqus": ("net.inp", abaqus),
    "xdmf": ("net.xdmf", xdmf("XML")),
    "xdmf and h5": ("net.xdmf", xdmf("HDF")),
    "nastran": ("net.bdf", nastran),
    "node-link": ("net.json", node_link),
}


def edges(ids: list[Any], points: FloatArray, lines: IntArray) -> Edges:
    lengths = np.linalg.norm(points[lines[:, 0]] - points[lines[:, 1]], axis=1)
    return {
        frozenset((ids[i], ids[j])): length
        for (i, j), length in zip(lines.tolist(), lengths.tolist(), strict=True)
    }


def check_case(case: Case, form: str, folder: Path, chance: random.Random) -> str:
    """Write and read a case; return how it ended."""
    name, write = FORMATS[form]
    ids = write(case, folder / name)
    first = {tuple(point): ids[i] for i, point in reversed(list(enumerate(case.points.tolist())))}
    merged = [first[tuple(point)] for point in case.points.tolist()]
    # Without a numbering, integers that can be ids or positions are refused.
    numbering: Any = "position" if form == "nastran" else chance.choice(["file", None])
    fixed = merged[case.lines[0, 0]]
    if numbering == "position":
        fixed = sorted(set(merged)).index(fixed)
    try:
        found = read_network(folder / name, [fixed], numbering, case.merge_mm)
    except InputError as error:
        message = str(error)
    else:
        message = ""
    if "ambiguous" in message:
        assert numbering is None
        assert isinstance(fixed, int)
        return "ambiguous"
    assert bool(message) == case.refused, (form, message)
    if message:
        assert name in message.splitlines()[0], message
        return "refused"
    expected = edges(merged, case.points, case.lines)
    names = list(found.nodes.ids)
    got = edges(names, found.network.nodes, found.network.bonds)
    assert got.keys() == expected.keys()
    np.testing.assert_allclose(
        [got[key] for key in expected], list(expected.values()), rtol=1e-6, atol=1e-6
    )
    assert names[found.network.fixed[0]] == merged[case.lines[0, 0]]
    told = {finding.code for finding in found.findings}
    assert case.told <= told, (form, case.told, told)
    kept = folder / "kept.json"
    kept.write_bytes(network_json(found.network, found.nodes))
    again = read_network(kept, None, "position")
    for key in ("nodes", "bonds", "fixed"):
        np.testing.assert_array_equal(getattr(again.network, key), getattr(found.network, key))
    assert not {one.code for one in again.findings} - {"node-ids"}
    return "read"


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("form", FORMATS)
def test_a_network_comes_back_as_it_was_written_or_is_refused(
    tmp_path: Path, form: str, count: int
) -> None:
    chance = random.Random(f"{form} {count}")  # noqa: S311 - no secret
    endings = set()
    # These formats are read in a process each time.
    for number in range(count // 10 if form == "nastran" else count):
        case = random_case(chance)
        for alter in chance.sample(ALTERATIONS, chance.randint(0, 3)):
            alter(case, chance)
        if case.cells and form not in {"gmsh 4.1", "xdmf", "xdmf and h5", "nastran"}:
            case.told.add("cells-left-out")
        folder = tmp_path / str(number)
        folder.mkdir()
        endings.add(check_case(case, form, folder, chance))
        shutil.rmtree(folder)
    assert endings - {"ambiguous"} == {"read", "refused"}
