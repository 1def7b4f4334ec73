"""The cell problem: a periodic body under the three strains of the plane.

The displacement is u = E ε + P v: what a uniform strain ε gives, and a periodic part with the
unknowns v. The elastic energy is least over v; what is left of it is a square form of ε, which is
the stiffness matrix of the sheet times its area and thickness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import factorise

#: Largest relative force on the free unknowns of an accepted solution.
MAX_RESIDUAL = 1e-6


@dataclass(frozen=True, eq=False)
class CellSolution:
    """Solution of a cell problem.

    Args:
        energies: square form of the strains, (3, 3) N mm: C times area and thickness.
        fields: displacements for each unit strain, (n_dofs, 3) mm.
    """

    energies: FloatArray
    fields: FloatArray


def solve_cell(
    stiffness: sparse.csc_array, periodic: sparse.csc_array, strains: FloatArray
) -> CellSolution:
    """Solve the cell problem.

    Args:
        stiffness: K of all degrees of freedom, (n_dofs, n_dofs) N/mm.
        periodic: P, from the periodic unknowns to the degrees of freedom, (n_dofs, n_unknowns).
            The unknowns 0 and 1 are displacements of one place along x and y; they are set to zero.
        strains: E, displacements by unit strains ε_xx, ε_yy, γ_xy, (n_dofs, 3) mm.

    Raises:
        ToolError: if the body is not connected.
    """
    free = sparse.csc_array(periodic[:, 2:])
    reduced = sparse.csc_array(free.T @ stiffness @ free)
    forces = free.T @ (stiffness @ strains)
    fluctuation = -factorise(reduced)(np.ascontiguousarray(forces))
    fields: FloatArray = strains + free @ fluctuation
    internal = stiffness @ fields
    residual = np.abs(free.T @ internal).max()
    if not residual < MAX_RESIDUAL * np.abs(stiffness @ strains).max():
        msg = "the stiffness matrix of the cell is singular: it has a part that is not held"
        raise ToolError(msg)
    energies: FloatArray = fields.T @ internal
    return CellSolution((energies + energies.T) / 2, fields)


def uniform_strains(vectors: FloatArray) -> FloatArray:
    """Return the displacements ε · x of some vectors x, (n, 2), by unit strains, (n, 2, 3)."""
    x, y = np.asarray(vectors).T
    zero = np.zeros_like(x)
    along_x = np.stack([x, zero, y / 2], axis=-1)
    along_y = np.stack([zero, y, x / 2], axis=-1)
    return np.stack([along_x, along_y], axis=1)
