"""STL (binary, millimetres by convention): triangles, for printers."""

from __future__ import annotations

from pathlib import Path

import cadquery
import trimesh

from export.formats import Format, Measured
from mnnfab.errors import ToolError

#: Turn between neighbouring facets that is always allowed (rad): the tolerance in mm decides.
ANGLE = 0.5


def write_stl(solid: cadquery.Solid, path: Path, name: str, tolerance_mm: float) -> None:  # noqa: ARG001
    """Write a solid as triangles no further than `tolerance_mm` from its faces.

    Raises:
        ToolError: if the kernel cannot write the file.
    """
    written = solid.exportStl(
        str(path), tolerance=tolerance_mm, angularTolerance=ANGLE, ascii=False, relative=False
    )
    if not written:
        msg = f"the CAD kernel could not write {path.name}: disk full?"
        raise ToolError(msg)


def read_stl(path: Path) -> Measured:
    """Read an STL file by trimesh and measure what is in it.

    Raises:
        ToolError: if the file cannot be read or is empty.
    """
    try:
        mesh = trimesh.load_mesh(path)
    except ValueError as error:
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error
    if mesh.is_empty:
        msg = f"{path.name} was read back empty"
        raise ToolError(msg)
    low, high = mesh.bounds.tolist()
    return Measured(
        n_solids=int(mesh.body_count),
        valid=bool(mesh.is_watertight and mesh.is_winding_consistent),
        volume_mm3=float(mesh.volume),
        bounding_box_mm=((low[0], low[1], low[2]), (high[0], high[1], high[2])),
    )


# A file of single precision numbers holds 1 m to about 1e-4 mm; facets cut less than 1e-3
# of the volume off the arcs.
STL = Format(
    ".stl", write_stl, read_stl, volume_tolerance=1e-3, box_tolerance_mm=1e-3, faceted=True
)
