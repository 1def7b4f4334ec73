"""Conditioning: how much of its digits a solution can lose."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh

from mnnfab.findings import Finding
from mnnfab.linear import factorise

#: Up to this many unknowns the condition number is computed outright.
DENSE_DOFS = 600
#: Beyond this, displacements keep fewer than eight of their sixteen digits.
POOR = 1e8
#: Beyond this many unknowns a condition number takes minutes.
MOST_DOFS = 50_000


def judge_conditioning(matrix: sparse.csr_array) -> list[Finding]:
    """Return a warning if displacements lose half of their digits or more.

    Beyond `MOST_DOFS` unknowns it is not looked at, which is said: it would take longer than
    all the rest.
    """
    if matrix.shape[0] > MOST_DOFS:
        words = f"condition number not looked at: more than {MOST_DOFS:,} unknowns"
        return [Finding("conditioning", "info", "network", words)]
    condition = condition_number(matrix)
    if condition <= POOR:
        return []
    lost = round(np.log10(condition))
    words = f"condition number {condition:.1e}: displacements lose {lost} of their 16 digits"
    return [Finding("conditioning", "warning", "network", words)]


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
