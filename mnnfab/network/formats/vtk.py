"""Networks from the files of VTK: `.vtu`, `.vtp` and legacy `.vtk`.

meshio reads meshes without poly-lines; all others are read by VTK (`vtk_cells.py`).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from mnnfab.errors import InputError
from mnnfab.network import vtk_cells
from mnnfab.network.mesh_cells import CellBlock, bonds_of_cells
from mnnfab.network.mesh_reading import ALLOWED, load_mesh, network_of_mesh
from mnnfab.network.node_ids import Numbering
from mnnfab.network.raw_network import NetworkReader, RawNetwork

#: Seconds after which VTK is stopped.
DEADLINE_S = 60
#: Names of the cell types of VTK that can be in a planar network; others are named by number.
_KINDS = {
    0: "empty",
    1: "vertex",
    2: "poly_vertex",
    3: "line",
    4: "poly_line",
    5: "triangle",
    6: "triangle_strip",
    7: "polygon",
    8: "pixel",
    9: "quad",
    21: "line3",
    22: "triangle6",
    23: "quad8",
    28: "quad9",
    34: "triangle7",
    35: "line4",
    68: "VTK_LAGRANGE_CURVE",
    75: "VTK_BEZIER_CURVE",
    69: "VTK_LAGRANGE_TRIANGLE",
    70: "VTK_LAGRANGE_QUADRILATERAL",
    10: "tetra",
    11: "voxel",
    12: "hexahedron",
    13: "wedge",
    14: "pyramid",
}


def read_vtk(path: Path, numbering: Numbering | None) -> RawNetwork:  # noqa: ARG001
    """Read the network of a VTK file; its points are numbered from 0.

    Args:
        path: the file.
        numbering: without effect, as the numbers are the positions.

    Raises:
        InputError: if it cannot be read, or its cells are no bonds.
    """
    if not _is_poly_data(path):
        mesh, messages = load_mesh(path)
        if not messages:  # otherwise it has left out cells that it does not know
            return network_of_mesh(mesh)
    return _by_vtk(path)


def _is_poly_data(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix.lower() == ".vtp" or b"DATASET POLYDATA" in file.read(1000).upper()


def _by_vtk(path: Path) -> RawNetwork:
    with tempfile.TemporaryDirectory(prefix="mnnfab-") as folder:
        found = Path(folder) / "cells.npz"
        command = [sys.executable, "-P", vtk_cells.__file__, str(path.resolve()), str(found)]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE_S)  # noqa: S603
            with np.load(found) as values:
                arrays = {name: values[name] for name in values.files}
        except (subprocess.SubprocessError, OSError, ValueError) as error:
            raise InputError(str(path), "not read: damaged", ALLOWED) from error
    rows = np.split(arrays["cells"], np.cumsum(arrays["sizes"]))[: len(arrays["sizes"])]
    blocks = [
        CellBlock(_KINDS.get(kind, f"VTK type {kind}"), [row.tolist()])
        for kind, row in zip(arrays["types"].tolist(), rows, strict=True)
    ]
    points = arrays["points"]
    bonds, findings = bonds_of_cells(points, blocks)
    return RawNetwork(points, bonds, tuple(range(len(points))), None, tuple(findings))


READER = NetworkReader((".vtk", ".vtu", ".vtp"), read_vtk)
