"""The condition number of a symmetric positive definite matrix."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh

from mnnfab.linalg.cholesky import factorise

#: Up to this many unknowns the condition number is computed outright.
DENSE_DOFS = 600


def condition_number(matrix: sparse.csr_array) -> float:
    """Return the ratio of the largest to the smallest eigenvalue of a positive definite matrix.

    For large matrices by Lanczos's method, to a percent or so.

    Args:
        matrix: (n, n), symmetric.

    Raises:
        ToolError: if it is not positive definite.
    """
    n_dofs = matrix.shape[0]
    if n_dofs <= DENSE_DOFS:
        return float(np.linalg.cond(matrix.toarray()))
    start = np.random.default_rng(0).standard_normal(n_dofs)
    solve = factorise(matrix)
    inverse = LinearOperator(matrix.shape, matvec=solve, dtype=np.float64)
    (largest,) = eigsh(matrix, 1, which="LA", v0=start, tol=1e-2, return_eigenvectors=False)
    (flattest,) = eigsh(inverse, 1, which="LA", v0=start, tol=1e-2, return_eigenvectors=False)
    return float(largest * flattest)
