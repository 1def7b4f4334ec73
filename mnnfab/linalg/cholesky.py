"""Sparse direct solvers for symmetric positive definite systems: CHOLMOD, or SciPy's LU."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from threadpoolctl import threadpool_info

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError

#: Environment variable that selects OpenBLAS's kernels, and its names of kernels with AVX2.
KERNEL_CHOICE = "OPENBLAS_CORETYPE"
WITH_AVX2 = {"haswell", "excavator", "zen", "skylakex", "cooperlake", "sapphirerapids"}

Matrix = sparse.spmatrix | sparse.sparray
Solve = Callable[[FloatArray], FloatArray]


class Factor(Protocol):
    """A factorised matrix."""

    def solve(self, loads: FloatArray) -> FloatArray:
        """Return the solutions for right-hand sides (n,) or (n, m), in the same shape."""
        ...

    def solve_sparse(self, loads: sparse.csc_array) -> FloatArray:
        """Return the solutions for a few sparse right-hand sides, (n, m)."""
        ...


class Factoriser(Protocol):
    """The symbolic analysis of a sparsity pattern, shared by all matrices with this pattern."""

    def factorise(self, data: FloatArray) -> Factor:
        """Factorise the matrix whose lower triangle has these values, in the pattern's order.

        The memory of the factor is reused: a factor is valid until the next call.

        Raises:
            ToolError: if the matrix is not positive definite.
        """
        ...


def factorise(matrix: Matrix) -> Solve:
    """Factorise a matrix once, to solve for any number of right-hand sides.

    Args:
        matrix: (n, n), symmetric; only its lower triangle is read.

    Returns:
        A function from right-hand sides (n,) or (n, m) to solutions of that shape.

    Raises:
        ToolError: if the matrix is not positive definite.
    """
    lower = sparse.csc_array(sparse.tril(matrix))
    lower.sort_indices()
    return make_factoriser(lower).factorise(lower.data).solve


def make_factoriser(pattern: sparse.csc_array, order: IntArray | None = None) -> Factoriser:
    """Analyse the sparsity pattern of a lower triangle, for factorisations with many values.

    CHOLMOD (through cvxopt) is several times faster than SciPy's LU for both the bar model
    and the finite element systems. SciPy is used if cvxopt is not installed.

    Args:
        pattern: (n, n) lower triangle with sorted indices; its values are not read.
        order: elimination order, (n,), if a good one is known; SciPy's LU computes its own.
    """
    return Cholmod(pattern, order) if find_spec("cvxopt") else SuperLu(pattern)


@cache
def _cvxopt() -> Any:  # noqa: ANN401 - cvxopt ships no types
    """Import cvxopt with the BLAS kernels that match the processor."""
    with newer_blas_kernels():
        import cvxopt
        import cvxopt.cholmod

    return cvxopt


@contextmanager
def newer_blas_kernels() -> Iterator[None]:
    """Select the AVX2 kernels for an old OpenBLAS imported in this context, if AVX2 is available.

    The OpenBLAS in cvxopt's wheel treats processors that it does not recognise as one of 2004;
    factorising a million bonds then takes 1.7 times as long. NumPy's OpenBLAS is newer and detects
    the processor correctly. A setting of the user is kept.
    """
    seen = {str(library.get("architecture")).lower() for library in threadpool_info()}
    if KERNEL_CHOICE in os.environ or not seen & WITH_AVX2:
        yield
        return
    os.environ[KERNEL_CHOICE] = "Haswell"
    try:
        yield
    finally:
        del os.environ[KERNEL_CHOICE]


class Cholmod:
    """CHOLMOD's supernodal Cholesky factorisation; the symbolic analysis is done on creation."""

    def __init__(self, pattern: sparse.csc_array, order: IntArray | None = None) -> None:
        """Compute the fill-in of the factor."""
        self._calls = 0
        cvxopt = _cvxopt()
        matrix = cvxopt.matrix
        columns = np.repeat(np.arange(pattern.shape[1]), np.diff(pattern.indptr))
        rows = pattern.indices.astype(np.int64)
        ones = np.ones(pattern.nnz)
        self._matrix = cvxopt.spmatrix(matrix(ones), matrix(rows), matrix(columns), pattern.shape)
        given = {} if order is None else {"p": matrix(order)}
        self._symbolic = cvxopt.cholmod.symbolic(self._matrix, **given)

    def factorise(self, data: FloatArray) -> Factor:
        """Factorise the matrix with new values."""
        cvxopt = _cvxopt()
        self._calls += 1
        self._matrix.V = cvxopt.matrix(data)
        try:
            cvxopt.cholmod.numeric(self._matrix, self._symbolic)
        except ArithmeticError as error:
            raise _not_positive_definite(str(error)) from error
        call = self._calls
        return _CholmodFactor(self._symbolic, lambda: call == self._calls)


class _CholmodFactor:
    def __init__(self, factor: object, is_latest: Callable[[], bool]) -> None:
        self._factor = factor
        self._is_latest = is_latest

    def solve(self, loads: FloatArray) -> FloatArray:
        assert self._is_latest(), "another matrix has been factorised since"
        cvxopt = _cvxopt()
        unknown = cvxopt.matrix(np.asfortranarray(loads, dtype=np.float64))
        cvxopt.cholmod.solve(self._factor, unknown)
        return np.array(unknown, dtype=np.float64).reshape(loads.shape)

    def solve_sparse(self, loads: sparse.csc_array) -> FloatArray:
        assert self._is_latest(), "another matrix has been factorised since"
        # Dense right-hand sides are solved one by one, sparse ones four at a time.
        cvxopt = _cvxopt()
        matrix = cvxopt.matrix
        given = loads.tocoo()
        rows, columns = (index.astype(np.int64) for index in given.coords)
        right = cvxopt.spmatrix(matrix(given.data), matrix(rows), matrix(columns), loads.shape)
        starts, indices, values = cvxopt.cholmod.spsolve(self._factor, right).CCS
        parts = (np.array(values).ravel(), np.array(indices).ravel(), np.array(starts).ravel())
        solution: FloatArray = sparse.csc_array(parts, shape=loads.shape).toarray()
        return solution


class SuperLu:
    """SciPy's LU without pivoting, for installations without cvxopt."""

    def __init__(self, pattern: sparse.csc_array) -> None:
        """Store the pattern; SciPy has no separate symbolic analysis."""
        self._pattern = pattern

    def factorise(self, data: FloatArray) -> Factor:
        """Factorise the matrix with new values."""
        pattern = self._pattern
        lower = sparse.csc_array((data, pattern.indices, pattern.indptr), shape=pattern.shape)
        whole = sparse.csc_array(lower + sparse.tril(lower, -1).T)
        try:
            factor = splu(
                whole,
                permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0,
                options={"SymmetricMode": True},
            )
        except RuntimeError as error:
            raise _not_positive_definite(str(error)) from error
        if not (factor.U.diagonal() > 0).all():
            raise _not_positive_definite("a pivot is not positive")
        return _SuperLuFactor(factor.solve)


class _SuperLuFactor:
    def __init__(self, solve: Solve) -> None:
        self._solve = solve

    def solve(self, loads: FloatArray) -> FloatArray:
        return self._solve(loads)

    def solve_sparse(self, loads: sparse.csc_array) -> FloatArray:
        return self._solve(loads.toarray())


def _not_positive_definite(reason: str) -> ToolError:
    return ToolError(
        f"the stiffness matrix is not positive definite ({reason}): a motion is unconstrained"
    )
