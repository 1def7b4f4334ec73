"""Points and cells of VTK files, by VTK itself in a process of its own.

`python vtk_cells.py FILE CELLS.npz`. It reads what meshio leaves out: poly-lines, and the poly-data
of `.vtp` and legacy files. VTK can crash on damaged files, which ends its own process only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


def cells(path: Path) -> dict[str, Any]:
    """Return the points (n, 3) and the cells of a file: types, offsets and points of each."""
    from vtkmodules import vtkIOLegacy, vtkIOXML
    from vtkmodules.util.numpy_support import vtk_to_numpy

    suffix = path.suffix.lower()
    reader: Any
    if suffix == ".vtu":
        reader = vtkIOXML.vtkXMLUnstructuredGridReader()
    elif suffix == ".vtp":
        reader = vtkIOXML.vtkXMLPolyDataReader()
    else:
        reader = vtkIOLegacy.vtkDataSetReader()
    failures: list[int] = []
    reader.AddObserver("ErrorEvent", lambda *_: failures.append(1))
    reader.SetFileName(str(path))
    reader.Update()
    found = reader.GetOutput()
    if failures or found is None or found.GetPoints() is None:
        sys.exit("VTK cannot read it")
    numbers = range(found.GetNumberOfCells())
    points = [
        [found.GetCell(cell).GetPointId(i) for i in range(found.GetCell(cell).GetNumberOfPoints())]
        for cell in numbers
    ]
    return {
        "points": vtk_to_numpy(found.GetPoints().GetData()).astype(np.float64),
        "types": np.array([found.GetCellType(cell) for cell in numbers], dtype=np.int64),
        "sizes": np.array([len(one) for one in points], dtype=np.int64),
        "cells": np.array([point for one in points for point in one], dtype=np.int64),
    }


if __name__ == "__main__":
    np.savez(sys.argv[2], **cells(Path(sys.argv[1])))
