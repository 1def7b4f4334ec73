"""Fields of a continuum for other tools: VTU by meshio."""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np

from fem.continuum import Continuum
from mnnfab.tasks import LoadCase


def write_vtu(path: Path, continuum: Continuum, cases: tuple[LoadCase, ...]) -> None:
    """Write the quadratic mesh with displacement (mm) and von Mises stress (MPa) of each case.

    `region` tells load discs (n), hubs (n_nodes + n) and bonds (2 n_nodes + b) apart.
    """
    points = np.pad(continuum.quadratic_points, ((0, 0), (0, 1)))
    displacements = {
        f"displacement_mm, {case.name}": np.pad(
            continuum.displacements(np.array(case.loads_N)), ((0, 0), (0, 1))
        )
        for case in cases
    }
    stresses = {
        f"von_mises_MPa, {case.name}": [continuum.mean_von_mises(np.array(case.loads_N))]
        for case in cases
    }
    mesh = meshio.Mesh(
        points,
        [("triangle6", continuum.quadratic_triangles)],
        point_data=displacements,
        cell_data={"region": [continuum.mesh.region], **stresses},
    )
    mesh.write(path, file_format="vtu")
