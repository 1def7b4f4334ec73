"""ParaView picture of the continuum results of a run: deformed shape, coloured by stress.

`pvbatch tools/paraview_view.py FIELDS.vtu PICTURE.png [FACTOR]`. ParaView uses its own Python
without mnnfab. docs/how-to/paraview.md describes the same steps in the user interface.
"""

import sys

from paraview.simple import (
    ColorBy,
    GetActiveViewOrCreate,
    GetColorTransferFunction,
    GetScalarBar,
    OpenDataFile,
    Render,
    ResetCamera,
    SaveScreenshot,
    Show,
    WarpByVector,
)


def main(fields: str, picture: str, factor: float) -> None:
    """Draw the last load case of a file."""
    view = GetActiveViewOrCreate("RenderView")
    view.ViewSize = [1100, 760]
    view.Background = [1, 1, 1]
    view.UseColorPaletteForBackground = 0
    view.OrientationAxesVisibility = 0
    part = OpenDataFile(fields)
    part.UpdatePipeline()
    displacement = part.PointData.keys()[-1]
    names = part.CellData.keys()
    stress = [name for name in names if name.startswith("von_mises")][-1]
    outline = Show(part, view)
    outline.AmbientColor = outline.DiffuseColor = [0.5, 0.5, 0.5]
    outline.ColorArrayName = ["POINTS", ""]
    outline.Opacity = 0.25
    warped = WarpByVector(Input=part)
    warped.Vectors = ["POINTS", displacement]
    warped.ScaleFactor = factor
    shown = Show(warped, view)
    shown.NonlinearSubdivisionLevel = 2
    ColorBy(shown, ("CELLS", stress))
    colours = GetColorTransferFunction(stress)
    colours.ApplyPreset("Viridis (matplotlib)", True)
    low, high = warped.CellData[stress].GetRange()
    colours.RescaleTransferFunction(low, 0.5 * high)
    bar = GetScalarBar(colours, view)
    bar.Title, bar.ComponentTitle = f"{stress.replace('_', ' ')}", ""
    bar.TitleColor = bar.LabelColor = [0, 0, 0]
    shown.SetScalarBarVisibility(view, True)
    view.CameraParallelProjection = 1
    ResetCamera(view)
    view.CameraParallelScale *= 0.78
    Render(view)
    SaveScreenshot(picture, view)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else 5.0)
