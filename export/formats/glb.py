"""GLB (binary glTF 2.0): triangles for viewers and web pages, in metres as by the standard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkFiltersGeometry import vtkCompositeDataGeometryFilter
from vtkmodules.vtkIOGeometry import vtkGLTFReader

from export.formats import SINGLE_PRECISION, SINGLE_PRECISION_MM, Format, Measured
from export.formats.stl import measure_mesh
from export.viewer import MM_PER_M, scene_of
from geometry.part import Part
from mnnfab.errors import ToolError


def write_glb(part: Part, path: Path, tolerance_mm: float) -> None:
    """Write a part in metres, with z mapped to y, the vertical axis of glTF."""
    label = part.label
    scene = scene_of(
        part.facets(tolerance_mm),
        label.name,
        material=label.material or "material",
        metadata={"name": label.name, "sha256": label.design_sha256},
    )
    path.write_bytes(scene.export(file_type="glb"))


def read_glb(path: Path) -> Measured:
    """Read a file with VTK and measure its triangles.

    Raises:
        ToolError: if the file cannot be read or is empty.
    """
    reader = vtkGLTFReader()
    reader.SetFileName(str(path))
    surface = vtkCompositeDataGeometryFilter()
    surface.SetInputConnection(reader.GetOutputPort())
    surface.Update()
    polygons = surface.GetOutput()
    if polygons is None or polygons.GetNumberOfPolys() == 0:
        msg = f"{path.name} was read back empty"
        raise ToolError(msg)
    x, y, z = vtk_to_numpy(polygons.GetPoints().GetData()).astype(float).T * MM_PER_M
    triangles = vtk_to_numpy(polygons.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return measure_mesh(trimesh.Trimesh(np.column_stack([x, -z, y]), triangles))


FORMAT = Format(
    ".glb",
    write_glb,
    read_glb,
    size_tolerance=SINGLE_PRECISION,
    box_tolerance_mm=SINGLE_PRECISION_MM,
    faceted=True,
)
