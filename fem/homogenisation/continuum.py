"""Effective moduli by plane stress on one period, on meshes refined until they converge."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree
from skfem import Basis, ElementTriP2, MeshTri

from fem.elasticity import plane_stress_constants, stiffness_matrix
from fem.homogenisation.cell_mesh import CellMesh
from fem.homogenisation.cell_problem import solve_cell, uniform_strains
from fem.memory import fits_in_memory, require_memory
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.io.short_repr import short_repr
from mnnfab.model.moduli import Moduli
from mnnfab.network.periodic import PeriodicCell
from mnnfab.profiles import Material

log = logging.getLogger(__name__)

#: Largest distance between points of both sides of a cut, over the length of the cut.
MATCH = 1e-6
#: Largest number of meshes, each with four times as many triangles as the one before.
MAX_MESHES = 5
#: Assumed ratio of successive changes: corners without fillets converge with the element size.
RATIO = 0.5


@dataclass(frozen=True, eq=False)
class CellModuli:
    """Effective moduli of the continuum, and their estimated discretisation error.

    Args:
        moduli: those of the last mesh.
        relative_density: area of one period of the part over that of its cell.
        n_dofs: degrees of freedom of the last mesh.
        changes: relative change of C from each mesh to the next.
        error: estimated relative error of C of the last mesh.
    """

    moduli: Moduli
    relative_density: float
    n_dofs: int
    changes: tuple[float, ...]
    error: float

    __repr__ = short_repr


def continuum_moduli(
    mesh: CellMesh, cell: PeriodicCell, material: Material, tolerance: float
) -> CellModuli:
    """Return the moduli by plane stress, on meshes that are refined until they converge.

    The thickness cancels. Refinement divides every triangle into four, so that sides still match.

    Raises:
        ToolError: if memory is insufficient, or the sides of the mesh do not match.
    """
    triangles = MeshTri(
        np.ascontiguousarray(mesh.points.T), np.ascontiguousarray(mesh.triangles.T), sort_t=False
    )
    density = mesh.area_mm2 / cell.area_mm2
    changes: list[float] = []
    previous: FloatArray | None = None
    while True:
        moduli, n_dofs = solve_on(triangles, mesh, cell, material)
        matrix = moduli.stiffness_MPa
        if previous is not None:
            changes.append(float(np.linalg.norm(matrix - previous) / np.linalg.norm(matrix)))
        error = changes[-1] * RATIO / (1 - RATIO) if changes else 1.0
        log.info("cell: %d degrees of freedom, error %.3g", n_dofs, error)
        last = error <= tolerance or len(changes) + 1 == MAX_MESHES
        if last or not fits_in_memory(4 * n_dofs, 2):
            return CellModuli(moduli, density, n_dofs, tuple(changes), error)
        previous, triangles = matrix, triangles.refined()


def solve_on(
    triangles: MeshTri, mesh: CellMesh, cell: PeriodicCell, material: Material
) -> tuple[Moduli, int]:
    """Return the moduli on a mesh of quadratic triangles, and its number of degrees of freedom."""
    basis = Basis(triangles, ElementTriP2(), intorder=2)
    n_dofs = 2 * int(basis.N)
    require_memory(n_dofs, 2)
    constants = plane_stress_constants(material.youngs_modulus_MPa, material.poisson_ratio)
    stiffness = stiffness_matrix(basis, *constants, np.ones(triangles.nelements))
    strains = uniform_strains(basis.doflocs.T).reshape(-1, 3)
    solution = solve_cell(stiffness, _periodic(basis.doflocs.T, mesh), strains)
    return Moduli(solution.energies / cell.area_mm2), n_dofs


def _periodic(points: FloatArray, mesh: CellMesh) -> sparse.csc_array:
    """Return the map from periodic unknowns to degrees of freedom, (2 n_points, n_unknowns)."""
    masters = np.arange(len(points))
    tree = KDTree(points)
    for ends, offset in zip(mesh.cuts, mesh.offsets_mm, strict=True):
        length = float(np.linalg.norm(ends[1] - ends[0]))
        images = _on_segment(points, ends, MATCH * length)
        distances, partners = tree.query(points[images] - offset)
        if len(images) < 3 or not np.max(distances) < MATCH * length:
            msg = "the sides of the mesh of a period do not match"
            raise ToolError(msg)
        masters[images] = partners
    unknowns, numbers = np.unique(masters, return_inverse=True)
    columns = (2 * numbers.reshape(-1, 1) + np.arange(2)).ravel()
    shape = (2 * len(points), 2 * len(unknowns))
    entries = np.ones(shape[0]), (np.arange(shape[0]), columns)
    return sparse.csc_array(sparse.coo_array(entries, shape=shape))


def _on_segment(points: FloatArray, ends: FloatArray, tolerance: float) -> IntArray:
    """Return the points on a segment, as indices."""
    along = ends[1] - ends[0]
    length = float(np.linalg.norm(along))
    along = along / length
    offsets = points - ends[0]
    positions = offsets @ along
    distances = np.abs(offsets @ np.array([-along[1], along[0]]))
    inside = (positions > -tolerance) & (positions < length + tolerance)
    return np.flatnonzero(inside & (distances < tolerance))
