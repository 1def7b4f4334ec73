"""Networks from the files of VTK: `.vtu`, `.vtp` and legacy `.vtk`.

meshio reads meshes without poly-lines; all others are read by VTK.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.network.mesh_cells import bonds_of_cells
from mnnfab.network.mesh_reading import load_mesh, network_of_mesh, printed, read_in_process
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions

#: Names of the cell types of VTK that can be in a planar network; others are named by number.
_KINDS = {
    "0": "empty",
    "1": "vertex",
    "2": "poly_vertex",
    "3": "line",
    "4": "poly_line",
    "5": "triangle",
    "6": "triangle_strip",
    "7": "polygon",
    "8": "pixel",
    "9": "quad",
    "21": "line3",
    "22": "triangle6",
    "23": "quad8",
    "28": "quad9",
    "34": "triangle7",
    "35": "line4",
    "68": "VTK_LAGRANGE_CURVE",
    "75": "VTK_BEZIER_CURVE",
    "69": "VTK_LAGRANGE_TRIANGLE",
    "70": "VTK_LAGRANGE_QUADRILATERAL",
    "10": "tetra",
    "11": "voxel",
    "12": "hexahedron",
    "13": "wedge",
    "14": "pyramid",
}


def read_vtk(path: Path, options: ReadOptions) -> RawNetwork:  # noqa: ARG001
    """Read the network of a VTK file; its points are numbered from 0.

    Args:
        path: the file.
        options: without effect, as the numbers are the positions.

    Raises:
        InputError: if it cannot be read, or its cells are no bonds.
    """
    if _needs_vtk(path):
        return _by_vtk(path)
    try:
        mesh, messages = load_mesh(path)
    except InputError as error:
        if "cannot handle" in error.given or "VTK_" in error.given:
            return _by_vtk(path)
        raise
    # It prints what cells it has left out, since it does not know them.
    return _by_vtk(path) if messages else network_of_mesh(mesh)


def _needs_vtk(path: Path) -> bool:
    """Return whether a file is of a kind that meshio does not read, or not as a whole."""
    data = path.read_bytes()
    several = data.count(b"<Piece") > 1  # meshio keeps the cells of one
    return several or path.suffix.lower() == ".vtp" or b"DATASET POLYDATA" in data[:1000].upper()


def _by_vtk(path: Path) -> RawNetwork:
    cells = read_in_process(path, "vtk")
    blocks = [
        replace(one, kind=_KINDS.get(one.kind, f"VTK type {one.kind}")) for one in cells.blocks
    ]
    bonds, findings = bonds_of_cells(cells.points, blocks)
    ids = tuple(range(len(cells.points)))
    return RawNetwork(cells.points, bonds, ids, None, (*printed(cells.messages), *findings))


READER = NetworkReader((".vtk", ".vtu", ".vtp"), read_vtk)
