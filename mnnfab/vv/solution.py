"""Solution verification: three systematically refined meshes, observed order and grid index.

ASME V&V 20, section 2, and Roache, J. Fluids Eng. 116 (1994) 405: with the values f₁, f₂, f₃ on
the coarse, medium and fine mesh, the index is F_s |f₂ - f₃| / (r^p - 1), an interval of about
95 %, whose half is a standard uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fem.continuum import solve_continuum
from fem.mesh import make_mesh
from fem.refinement import refined
from mnnfab.arrays import FloatArray
from mnnfab.verification.mesh_study import SAFETY_FACTOR, MeshStudy

if TYPE_CHECKING:
    from fem.mesh import Mesh
    from mnnfab.printed_part.part import PortPart

#: Every triangle is divided into four, so the element size is halved.
RATIO = 2.0
#: Largest order that is used: that of the energy of quadratic triangles. Re-entrant corners have a
#: smaller one.
MAX_ORDER = 4.0
#: Order and safety factor where no order is observed (Roache 1998, section 5.9).
ASSUMED_ORDER, LARGE_SAFETY_FACTOR = 1.0, 3.0


@dataclass(frozen=True)
class OutputStudy:
    """An output of a load case on three meshes.

    Args:
        meshes: values on the meshes, mm.
        used_mm: value of the run, on its own mesh.
        chord_error: relative error of the area by the chords of arcs, which are not refined.
        typical_order: median of the observed orders of all outputs; None if none is observed.
    """

    meshes: MeshStudy
    used_mm: float
    chord_error: float = 0.0
    typical_order: float | None = None

    @property
    def order(self) -> float | None:
        """Observed order of convergence; None if none is observed."""
        return self.meshes.order

    @property
    def used_order(self) -> float:
        """Order of the index: the observed one, limited to the typical one."""
        if self.order is None:
            return ASSUMED_ORDER
        typical = MAX_ORDER if self.typical_order is None else self.typical_order
        return min(self.order, typical, MAX_ORDER)

    @property
    def safety_factor(self) -> float:
        """Safety factor of the index."""
        return SAFETY_FACTOR if self.order is not None else LARGE_SAFETY_FACTOR

    @property
    def index_mm(self) -> float:
        """Grid convergence index of the finest mesh, as a length."""
        _, medium, fine = self.meshes.values
        reduction = float(self.meshes.ratio**self.used_order - 1)
        return self.safety_factor * abs(medium - fine) / reduction

    @property
    def difference_mm(self) -> float:
        """Value of the run minus that of the finest mesh."""
        return self.used_mm - self.meshes.values[-1]

    @property
    def chords_mm(self) -> float:
        """Relative error of the area times the value."""
        return self.chord_error * abs(self.used_mm)

    @property
    def uncertainty_mm(self) -> float:
        """Standard uncertainty u_num of the value of the run.

        Half of the index, the difference of the mesh of the run from the finest one, and the
        effect of the chords.
        """
        parts = (self.index_mm / 2, self.difference_mm, self.chords_mm)
        return float(np.linalg.norm(parts))


@dataclass(frozen=True)
class SolutionVerification:
    """Solution verification of the rubber model of a part.

    Args:
        n_dofs: degrees of freedom of the three meshes.
        area_error: relative error of the area by the chords of arcs, which are not refined.
        outputs: one study per load case and output, (n_cases, n_out).
    """

    n_dofs: tuple[int, ...]
    area_error: float
    outputs: tuple[tuple[OutputStudy, ...], ...]


def verify_solution(
    part: PortPart, loads_N: FloatArray, used_mm: FloatArray
) -> SolutionVerification:
    """Solve load cases by the rubber model on three meshes.

    Args:
        part: the part.
        loads_N: loads of the cases, (n_cases, n_in).
        used_mm: outputs that are used, on the mesh of the run, (n_cases, n_out).

    Raises:
        ToolError: if the path of a load case is lost, or a solver fails.
    """
    mesh, values, n_dofs = _coarse_mesh(part), [], []
    area_error = _area_error(part, mesh)
    problem, task = part.problem, part.problem.task
    for level in range(3):
        if level:
            mesh = refined(mesh, np.arange(len(mesh.triangles)))
        continuum = solve_continuum(
            mesh, problem.network, problem.material, task.inputs, task.outputs
        )
        values.append(part.rubber_on(continuum).outputs(loads_N))
        n_dofs.append(continuum.n_dofs)
    studies = [
        [MeshStudy(found, RATIO) for found in zip(*meshes, strict=True)]
        for meshes in zip(*(found.tolist() for found in values), strict=True)
    ]
    orders = [study.order for row in studies for study in row if study.order is not None]
    typical = float(np.median(orders)) if orders else None
    outputs = tuple(
        tuple(
            OutputStudy(study, own, area_error, typical)
            for study, own in zip(row, used, strict=True)
        )
        for row, used in zip(studies, used_mm.tolist(), strict=True)
    )
    return SolutionVerification(tuple(n_dofs), area_error, outputs)


def _coarse_mesh(part: PortPart) -> Mesh:
    """Return a mesh with half as many elements across the joints as the first mesh of the run."""
    section = part.problem.design.check
    across = max(section.elements_across_joint // 2, 1)
    return make_mesh(part.modelled_tiling, across, section.mesher_deadline_s)


def _area_error(part: PortPart, mesh: Mesh) -> float:
    corners = mesh.points[mesh.triangles]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    area = float((ax * by - ay * bx).sum() / 2)
    exact = part.modelled_tiling.area_mm2
    return abs(area - exact) / exact
