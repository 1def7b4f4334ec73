"""STL (binary, millimetres by convention): triangles, for printers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh

from export.formats import SINGLE_PRECISION, SINGLE_PRECISION_MM, Format, Measured
from geometry.facets import Facets
from geometry.part import Part
from mnnfab.errors import ToolError
from mnnfab.io.plain_path import plain_path

_HEADER_BYTES = 80
_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("spare", "<u2")])


def write_stl(part: Part, path: Path, tolerance_mm: float) -> None:
    """Write a part as triangles; the header contains its name and the design's hash."""
    label = part.label
    header_text = f"mnnfab {label.design_sha256[:16]} mm {label.name}"
    path.write_bytes(stl_bytes(part.facets(tolerance_mm), header_text))


def stl_bytes(facets: Facets, header_text: str) -> bytes:
    """Return a binary STL file with `header_text`, truncated to fit, in the header."""
    corners = facets.vertices[facets.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    records = np.zeros(len(corners), _RECORD)
    records["normal"] = normals / np.linalg.norm(normals, axis=1)[:, None]
    records["corners"] = corners
    # Some programs print the header up to its first zero byte.
    header = header_text.encode("ascii", "replace")[: _HEADER_BYTES - 1].ljust(_HEADER_BYTES, b"\0")
    return header + np.uint32(len(records)).tobytes() + records.tobytes()


def read_mesh(path: Path) -> Measured:
    """Read a file of triangles with trimesh and measure it.

    Raises:
        ToolError: if the file cannot be read or is empty.
    """
    try:
        with plain_path(path) as plain:
            mesh = trimesh.load_mesh(plain)
    except Exception as error:  # its parsers raise exceptions of any kind
        msg = f"{path.name} could not be read back: {error}"
        raise ToolError(msg) from error
    if mesh.is_empty:
        msg = f"{path.name} was read back empty"
        raise ToolError(msg)
    return measure_mesh(mesh)


def measure_mesh(mesh: trimesh.Trimesh) -> Measured:
    """Measure a triangle mesh in mm."""
    low, high = mesh.bounds.tolist()
    return Measured(
        n_bodies=int(mesh.body_count),
        valid=bool(mesh.is_watertight and mesh.is_winding_consistent),
        volume_mm3=float(mesh.volume),
        bounding_box_mm=((low[0], low[1], low[2]), (high[0], high[1], high[2])),
    )


FORMAT = Format(
    ".stl",
    write_stl,
    read_mesh,
    size_tolerance=SINGLE_PRECISION,
    box_tolerance_mm=SINGLE_PRECISION_MM,
    faceted=True,
)
