"""Points and cells of mesh files, read in a process of its own.

`python mesh_process.py meshio|vtk FILE CELLS.npz`. VTK reads what meshio leaves out: poly-lines,
and the poly-data of `.vtp` and legacy files. VTK can crash on damaged files, and some readers of
meshio never end; a process can be stopped.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


def by_vtk(path: Path) -> dict[str, Any]:
    """Return points (n, 3), and kind (a number of VTK), size and points of each cell."""
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
        "kinds": np.array([str(found.GetCellType(cell)) for cell in numbers], dtype=str),
        "sizes": np.array([len(one) for one in points], dtype=np.int64),
        "cells": np.array([point for one in points for point in one], dtype=np.int64),
    }


def by_meshio(path: Path) -> dict[str, Any]:
    """Return points (n, 2 or 3), and kind (a name of meshio), size and points of each cell."""
    import meshio

    mesh = meshio.read(path)
    cells = [(block.type, np.asarray(cell)) for block in mesh.cells for cell in block.data]
    return {
        "points": np.asarray(mesh.points, dtype=np.float64),
        "kinds": np.array([kind for kind, _ in cells], dtype=str),
        "sizes": np.array([len(cell) for _, cell in cells], dtype=np.int64),
        "cells": np.concatenate([np.empty(0, np.int64), *(cell for _, cell in cells)]),
    }


READERS = {"meshio": by_meshio, "vtk": by_vtk}

if __name__ == "__main__":
    np.savez(sys.argv[3], **READERS[sys.argv[1]](Path(sys.argv[2])))
