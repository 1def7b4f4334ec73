"""GLB (binary glTF 2.0): triangles for viewers and web pages, in metres as the standard says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import trimesh
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkFiltersGeometry import vtkCompositeDataGeometryFilter
from vtkmodules.vtkIOGeometry import vtkGLTFReader

from export.formats import SINGLE_PRECISION, SINGLE_PRECISION_MM, Format, Measured
from export.formats.stl import measure_mesh
from geometry.part import Part
from mnnfab.errors import ToolError

MM_PER_M = 1000.0


def write_glb(part: Part, path: Path, tolerance_mm: float) -> None:
    """Write a part in metres with z turned up to y, which is up in glTF."""
    facets, label = part.facets(tolerance_mm), part.label
    x, y, z = (facets.vertices / MM_PER_M).T
    material = trimesh.visual.material.PBRMaterial(
        name=label.material or "material",
        baseColorFactor=[64, 69, 77, 255],
        metallicFactor=0.0,
        roughnessFactor=0.8,
    )
    mesh = trimesh.Trimesh(
        np.column_stack([x, z, -y]),
        facets.triangles,
        process=False,
        visual=trimesh.visual.TextureVisuals(material=material),
        metadata={"name": label.name, "sha256": label.design_sha256},
    )
    scene = trimesh.Scene()
    scene.add_geometry(mesh, geom_name=label.name, node_name=label.name)
    data = scene.export(file_type="glb")
    path.write_bytes(data)


def read_glb(path: Path) -> Measured:
    """Read a file by VTK and measure the triangles that it finds.

    Raises:
        ToolError: if the file cannot be read or is empty.
    """
    reader = vtkGLTFReader()
    reader.SetFileName(str(path))
    surface = vtkCompositeDataGeometryFilter()
    surface.SetInputConnection(reader.GetOutputPort())
    surface.Update()
    found = surface.GetOutput()
    if found is None or found.GetNumberOfPolys() == 0:
        msg = f"{path.name} was read back empty"
        raise ToolError(msg)
    x, y, z = vtk_to_numpy(found.GetPoints().GetData()).astype(float).T * MM_PER_M
    triangles = vtk_to_numpy(found.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return measure_mesh(trimesh.Trimesh(np.column_stack([x, -z, y]), triangles))


FORMAT = Format(
    ".glb",
    write_glb,
    read_glb,
    size_tolerance=SINGLE_PRECISION,
    box_tolerance_mm=SINGLE_PRECISION_MM,
    faceted=True,
)
