"""GLB (binary glTF 2.0): triangles for viewers and web pages, in metres as by the standard."""

from __future__ import annotations

from pathlib import Path

import trimesh
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkCommand
from vtkmodules.vtkFiltersGeometry import vtkCompositeDataGeometryFilter
from vtkmodules.vtkIOGeometry import vtkGLTFReader

from export.formats import SINGLE_PRECISION, SINGLE_PRECISION_MM, Format, Measured
from export.formats.stl import measure_mesh
from export.viewer import MM_PER_M, scene_of
from geometry.part import Part
from mnnfab.errors import ToolError
from mnnfab.io.plain_path import plain_path


def write_glb(part: Part, path: Path, tolerance_mm: float) -> None:
    """Write a part in metres, with its y upwards and its thickness towards the viewer."""
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
    errors: list[str] = []
    reader.AddObserver(vtkCommand.ErrorEvent, _Collector(errors))
    surface = vtkCompositeDataGeometryFilter()
    surface.SetInputConnection(reader.GetOutputPort())
    with plain_path(path) as plain:
        reader.SetFileName(str(plain))
        surface.Update()
    polygons = surface.GetOutput()
    if errors:
        msg = f"{path.name} could not be read back: {errors[0]}"
        raise ToolError(msg)
    if polygons is None or polygons.GetNumberOfPolys() == 0:
        msg = f"{path.name} was read back empty"
        raise ToolError(msg)
    points = vtk_to_numpy(polygons.GetPoints().GetData()).astype(float) * MM_PER_M
    triangles = vtk_to_numpy(polygons.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return measure_mesh(trimesh.Trimesh(points, triangles))


class _Collector:
    """Observer of VTK that collects the messages of errors, which VTK would print."""

    CallDataType = "string0"  # asks VTK for the message as the third argument

    def __init__(self, messages: list[str]) -> None:
        self.messages = messages

    def __call__(self, _reader: object, _event: str, message: str) -> None:
        """Collect a message without the place in the source of VTK, which is its first line."""
        self.messages.append(message.strip().splitlines()[-1])


FORMAT = Format(
    ".glb",
    write_glb,
    read_glb,
    size_tolerance=SINGLE_PRECISION,
    box_tolerance_mm=SINGLE_PRECISION_MM,
    faceted=True,
)
