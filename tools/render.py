"""Off-screen rendering of a part with VTK."""

from __future__ import annotations

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the OpenGL back end
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkFiltersCore import vtkPolyDataNormals
from vtkmodules.vtkRenderingCore import (
    vtkActor,
    vtkLight,
    vtkPolyDataMapper,
    vtkRenderer,
    vtkRenderWindow,
    vtkWindowToImageFilter,
)

from geometry.facets import Facets

RUBBER, LIGHT = (100, 112, 128), (214, 220, 228)


def render(
    facets: Facets,
    thickness_mm: float,
    turn: float,
    tilt: float,
    size: tuple[int, int],
    zoom: float = 1.0,
    look_at: tuple[float, float, float] | None = None,
) -> np.ndarray:
    """Return a picture of a part, (height, width, 3) bytes.

    Args:
        facets: surface of the part.
        thickness_mm: thickness of the part; features above it are drawn lighter.
        turn: rotation of the camera about the axis of the part, degrees.
        tilt: tilt of the camera from the vertical, degrees.
        size: width and height in pixels.
        zoom: zoom factor; 1 shows the whole part.
        look_at: point at the centre of the picture, mm; the centre of the part if not given.
    """
    renderer = vtkRenderer()
    renderer.SetBackground(1.0, 1.0, 1.0)
    renderer.AddActor(_actor(facets, thickness_mm))
    renderer.AutomaticLightCreationOff()
    camera = renderer.GetActiveCamera()
    camera.SetViewUp(0, 1, 0)
    camera.SetPosition(0, 0, 1)
    camera.SetFocalPoint(0, 0, 0)
    camera.ParallelProjectionOn()
    camera.Elevation(-tilt)
    camera.Azimuth(turn)
    camera.OrthogonalizeViewUp()
    renderer.ResetCamera()
    if look_at is not None:
        shift = np.subtract(look_at, camera.GetFocalPoint())
        camera.SetFocalPoint(*look_at)
        camera.SetPosition(*np.add(camera.GetPosition(), shift))
    camera.Zoom(zoom)
    renderer.ResetCameraClippingRange()
    for place, strength in ((-3.0, 2.0, 2.0), 0.75), ((3.0, 1.0, 3.0), 0.35):
        light = vtkLight()
        light.SetPosition(*place)
        light.SetIntensity(strength)
        renderer.AddLight(light)
    window = vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(8)
    window.SetSize(*size)
    window.AddRenderer(renderer)
    window.Render()
    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.Update()
    image = grab.GetOutput()
    width, height, _ = image.GetDimensions()
    pixels: np.ndarray = vtk_to_numpy(image.GetPointData().GetScalars())
    return pixels.reshape(height, width, 3)[::-1]


def _actor(facets: Facets, thickness_mm: float) -> vtkActor:
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.array(facets.vertices), deep=True))
    cells = vtkCellArray()
    ids = np.insert(facets.triangles, 0, 3, axis=1).ravel()
    cells.ImportLegacyFormat(numpy_to_vtkIdTypeArray(ids, deep=True))
    surface = vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(cells)
    heights = facets.vertices[facets.triangles][:, :, 2].min(axis=1)
    raised = heights > thickness_mm + 1e-6
    shades = np.where(raised[:, None], LIGHT, RUBBER).astype(np.uint8)
    surface.GetCellData().SetScalars(numpy_to_vtk(shades, deep=True))
    normals = vtkPolyDataNormals()  # round walls smooth, edges sharp
    normals.SetInputData(surface)
    normals.SetFeatureAngle(40.0)
    mapper = vtkPolyDataMapper()
    mapper.SetInputConnection(normals.GetOutputPort())
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetAmbient(0.12)
    look.SetDiffuse(0.95)
    look.SetSpecular(0.2)
    return actor
