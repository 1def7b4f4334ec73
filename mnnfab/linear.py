"""Sparse symmetric positive definite systems, by CHOLMOD."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError

Matrix = sparse.spmatrix | sparse.sparray
Solve = Callable[[FloatArray], FloatArray]


def factorise(matrix: Matrix) -> Solve:
    """Factorise once; the result solves for any number of right-hand sides.

    CHOLMOD (through cvxopt) is several times faster than SciPy's LU on both the
    bar networks and the finite element systems, and it notices a matrix that is
    not positive definite.

    Args:
        matrix: (n, n), symmetric; only its lower triangle is read.

    Returns:
        A function from right-hand sides (n,) or (n, m) to solutions of that shape.

    Raises:
        ToolError: if the matrix is not positive definite.
    """
    from cvxopt import cholmod
    from cvxopt import matrix as dense

    lower = _lower_triangle(matrix)
    symbolic = cholmod.symbolic(lower)
    try:
        cholmod.numeric(lower, symbolic)
    except ArithmeticError as error:
        msg = f"the stiffness matrix is not positive definite (row {error}): something moves freely"
        raise ToolError(msg) from error

    def solve(loads: FloatArray) -> FloatArray:
        unknown = dense(np.asfortranarray(loads, dtype=np.float64))
        cholmod.solve(symbolic, unknown)
        return np.array(unknown, dtype=np.float64).reshape(loads.shape)

    return solve


def _lower_triangle(matrix: Matrix) -> object:
    from cvxopt import matrix as dense
    from cvxopt import spmatrix

    lower = sparse.tril(matrix, format="coo")
    return spmatrix(
        dense(lower.data), dense(lower.row.astype(int)), dense(lower.col.astype(int)), lower.shape
    )
