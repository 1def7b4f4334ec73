"""A network is what its file says, or it is refused: cells of meshes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import FIXED, LINES, POINTS, codes, edges, expected, write

from mnnfab import InputError
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.network.mesh_cells import CellBlock, bonds_of_cells
from mnnfab.network.network_file import read_network


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
