"""Export of a continuum model to other tools by meshio: mesh with named groups, and fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import meshio
import numpy as np

from fem.continuum import Continuum
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.io.plain_path import plain_path
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort
from mnnfab.profiles import Material
from mnnfab.task.task import LoadCase

#: Number format: CalculiX reads at most twenty characters of a number.
NUMBER_FORMAT = ".12e"
#: Nodal forces below this fraction of the largest are rounding errors.
NEGLIGIBLE_SHARE = 1e-12


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A continuum model with the data that another tool needs to solve it again.

    Args:
        continuum: the solved model.
        network: network with the fixed nodes.
        material: material of the part.
        inputs: ports where the loads of the cases act.
        cases: named load cases.
    """

    continuum: Continuum
    network: Network
    material: Material
    inputs: tuple[AnyPort, ...]
    cases: tuple[LoadCase, ...]


def write_vtu(path: Path, loaded: LoadedModel) -> None:
    """Write the quadratic mesh with displacement (mm) and von Mises stress (MPa) of each case.

    `region` is n for load discs, n_nodes + n for hubs and 2 n_nodes + b for bonds.

    Raises:
        ToolError: if the file cannot be read back.
    """
    continuum = loaded.continuum
    point_data: dict[str, FloatArray] = {}
    cell_data: dict[str, list[FloatArray | IntArray]] = {"region": [continuum.mesh.region]}
    for number, case in enumerate(loaded.cases):
        loads, name = np.array(case.loads_N), f"{number} {_safe_name(case.name)}"
        displacements = np.pad(continuum.displacements(loads), ((0, 0), (0, 1)))
        point_data[f"displacement_mm {name}"] = displacements
        cell_data[f"von_mises_MPa {name}"] = [continuum.mean_von_mises(loads)]
    cells = [("triangle6", continuum.quadratic_triangles)]
    meshio.Mesh(_points(continuum), cells, point_data, cell_data).write(path, file_format="vtu")
    read_back = _read_back(path)
    if set(read_back.point_data) | set(read_back.cell_data) != set(point_data) | set(cell_data):
        msg = f"{path.name} was read back with different fields"
        raise ToolError(msg)


def write_msh(path: Path, loaded: LoadedModel) -> None:
    """Write the quadratic mesh for gmsh, with a physical group for every disc, hub and bond.

    Raises:
        ToolError: if the file cannot be read back with all groups.
    """
    continuum = loaded.continuum
    tags = continuum.mesh.region + 1  # gmsh counts them from 1
    names = {
        _group(continuum, region): np.array([region + 1, 2]) for region in _used_regions(continuum)
    }
    meshio.Mesh(
        _points(continuum),
        [("triangle6", continuum.quadratic_triangles)],
        cell_data={"gmsh:physical": [tags], "gmsh:geometrical": [tags]},
        field_data=names,
    ).write(path, file_format="gmsh22", binary=False)
    read_back = _read_back(path)
    if set(read_back.field_data) != set(names):
        msg = f"{path.name} was read back with different groups"
        raise ToolError(msg)


def write_inp(path: Path, loaded: LoadedModel) -> None:
    """Write an input deck for Abaqus or CalculiX: plane stress, a set per region, a step per case.

    Loads are the nodal forces of the same body forces; the nodes of held discs are the set
    HELD. CalculiX expands plane stress elements to solids, which are about one percent stiffer.

    Raises:
        ToolError: if the mesh in the file cannot be read back.
    """
    continuum = loaded.continuum
    regions = _used_regions(continuum)
    sets = {
        _group(continuum, region): [np.flatnonzero(continuum.mesh.region == region)]
        for region in regions
    }
    held = continuum.mesh.held(loaded.network.fixed)
    body = meshio.Mesh(
        _points(continuum),
        [("triangle6", continuum.quadratic_triangles)],
        cell_sets=sets,
        point_sets=({"HELD": np.unique(continuum.quadratic_triangles[held])} if held.any() else {}),
    )
    body.write(path, file_format="abaqus", float_fmt=NUMBER_FORMAT)
    read_back = _read_back(path)
    if len(read_back.points) != len(body.points) or set(read_back.cell_sets) != set(sets):
        msg = f"{path.name} was read back with different points or sets"
        raise ToolError(msg)
    # meshio writes all six-node triangles as plane strain and has no plane stress type.
    text = path.read_text(encoding="utf-8").replace("TYPE=CPE6", "TYPE=CPS6", 1)
    path.write_text(text + "\n".join(_deck(loaded, regions)) + "\n", encoding="utf-8")


def _deck(loaded: LoadedModel, regions: list[int]) -> list[str]:
    """Return the lines of material, sections, supports and steps."""
    mesh, material = loaded.continuum.mesh, loaded.material
    lines = [
        "** units: mm, N, MPa",
        f"*MATERIAL, NAME={_safe_name(material.name).replace(' ', '_')}",
        "*ELASTIC",
        f"{material.youngs_modulus_MPa!r}, {material.poisson_ratio!r}",
    ]
    for region in regions:
        name = _group(loaded.continuum, region)
        lines += [
            f"*SOLID SECTION, ELSET={name}, MATERIAL={lines[1].split('=')[1]}",
            f"{float(mesh.region_heights[region])!r}",
        ]
    if loaded.network.fixed.size:
        lines += ["*BOUNDARY", "HELD, 1, 2"]
    lines += _equations(loaded.continuum)
    for case in loaded.cases:
        lines += [f"** {_safe_name(case.name)}", "*STEP", "*STATIC", "*CLOAD, OP=NEW"]
        lines += _nodal_forces(loaded, np.array(case.loads_N))
        lines += ["*NODE FILE", "U", "*EL FILE", "S", "*END STEP"]
    return lines


def _equations(continuum: Continuum) -> list[str]:
    """Return the mean displacements that rigid supports hold, as equations of the points.

    The first term of an equation, which is eliminated, must not be one of another equation.
    """
    lines = list[str]()
    for number, column in enumerate(continuum.system.supports.held.toarray().T):
        at_points = continuum.at_points(column)
        points, axes = np.nonzero(np.abs(at_points) > NEGLIGIBLE_SHARE * np.abs(at_points).max())
        sizes = np.abs(at_points[points, axes])
        first = int(np.argsort(-sizes, kind="stable")[number % len(sizes)])
        order = np.concatenate([[first], np.delete(np.arange(len(points)), first)])
        points, axes = points[order], axes[order]
        lines += ["*EQUATION", f"{len(points)}"]
        lines += [
            f"{point + 1}, {axis + 1}, {at_points[point, axis]:{NUMBER_FORMAT}}"
            for point, axis in zip(points.tolist(), axes.tolist(), strict=True)
        ]
    return lines


def _nodal_forces(loaded: LoadedModel, loads_N: FloatArray) -> list[str]:
    continuum = loaded.continuum
    forces = continuum.system.loads_at(loaded.inputs) @ loads_N
    at_points = continuum.at_points(forces)
    nonzero = np.abs(at_points) > NEGLIGIBLE_SHARE * np.abs(at_points).max()
    return [
        f"{point + 1}, {axis + 1}, {at_points[point, axis]:{NUMBER_FORMAT}}"
        for point, axis in zip(*(index.tolist() for index in nonzero.nonzero()), strict=True)
    ]


def _points(continuum: Continuum) -> FloatArray:
    return np.pad(continuum.quadratic_points, ((0, 0), (0, 1)))


def _used_regions(continuum: Continuum) -> list[int]:
    """Return the regions that have triangles."""
    used: list[int] = np.unique(continuum.mesh.region).tolist()
    return used


def _group(continuum: Continuum, region: int) -> str:
    return continuum.mesh.region_names[region]


def _safe_name(name: str) -> str:
    """Return a name with characters that XML and ParaView accept; class names are arbitrary."""
    return re.sub(r"[^\w .-]", "_", name)[:60]


def _read_back(path: Path) -> meshio.Mesh:
    try:
        with plain_path(path) as plain:
            return meshio.read(plain)
    except (Exception, SystemExit) as error:  # its parsers raise exceptions of any kind
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error


WRITERS: Mapping[str, Callable[[Path, LoadedModel], None]] = {
    "vtu": write_vtu,
    "msh": write_msh,
    "inp": write_inp,
}
