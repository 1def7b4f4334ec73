"""Fields of a continuum for other tools: VTU by meshio."""

from __future__ import annotations

import re
from pathlib import Path

import meshio
import numpy as np

from fem.continuum import Continuum
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.tasks import LoadCase


def write_vtu(path: Path, continuum: Continuum, cases: tuple[LoadCase, ...]) -> None:
    """Write the quadratic mesh with displacement (mm) and von Mises stress (MPa) of each case.

    `region` tells load discs (n), hubs (n_nodes + n) and bonds (2 n_nodes + b) apart.

    Raises:
        ToolError: if the file cannot be read back.
    """
    points = np.pad(continuum.quadratic_points, ((0, 0), (0, 1)))
    point_data: dict[str, FloatArray] = {}
    cell_data: dict[str, list[FloatArray | IntArray]] = {"region": [continuum.mesh.region]}
    for number, case in enumerate(cases):
        loads, name = np.array(case.loads_N), f"{number} {_plain(case.name)}"
        displacements = np.pad(continuum.displacements(loads), ((0, 0), (0, 1)))
        point_data[f"displacement_mm {name}"] = displacements
        cell_data[f"von_mises_MPa {name}"] = [continuum.mean_von_mises(loads)]
    cells = [("triangle6", continuum.quadratic_triangles)]
    meshio.Mesh(points, cells, point_data, cell_data).write(path, file_format="vtu")
    _read_back(path, set(point_data) | set(cell_data))


def _plain(name: str) -> str:
    """Return a name that XML and ParaView take: a class may be called anything."""
    return re.sub(r"[^\w .-]", "_", name)[:60]


def _read_back(path: Path, names: set[str]) -> None:
    try:
        again = meshio.read(path)
    except Exception as error:  # whatever its XML parser raises
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error
    if set(again.point_data) | set(again.cell_data) != names:
        msg = f"{path.name} was read back with other fields"
        raise ToolError(msg)
