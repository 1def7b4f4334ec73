"""Solutions of a stiffness matrix under linear constraints pᵀ u = 0, by one multiplier each.

The matrix is augmented by γ p pᵀ, with which it is positive definite if the constrained one is; the
solution does not depend on γ.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray
from mnnfab.linalg.cholesky import Solve


def augmented(
    stiffness: sparse.csc_array, vectors: sparse.csc_array, sizes: FloatArray
) -> sparse.csc_array:
    """Return K + Σ s p pᵀ.

    Args:
        stiffness: K, (n, n).
        vectors: one p per column, (n, m).
        sizes: one s per column, (m,).
    """
    added = vectors @ sparse.diags_array(sizes) @ vectors.T
    return sparse.csc_array(stiffness + added)


def constrained(solve: Solve, vectors: FloatArray) -> Solve:
    """Return the solution with pᵀ u = 0 for every column p of `vectors`, (n, m).

    Args:
        solve: solution with the augmented matrix.
        vectors: the constraints; independent of each other.
    """
    if not vectors.shape[1]:
        return solve
    moved = solve(np.ascontiguousarray(vectors))
    inverse = np.linalg.inv(vectors.T @ moved)

    def held(loads: FloatArray) -> FloatArray:
        free = solve(loads)
        displacements: FloatArray = free - moved @ (inverse @ (vectors.T @ free))
        return displacements

    return held
