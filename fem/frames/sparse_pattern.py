"""Sparsity pattern of the condensed stiffness matrices of a large frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from fem.frames.kernels.arrays import Planar, Space
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import Factor, Factoriser, make_factoriser


@dataclass(frozen=True, eq=False)
class CondensedPattern:
    """Sparsity pattern of condensed matrices.

    Args:
        used: entries of all chain matrices in the lower triangle, as indices.
        places: value of the pattern to which each of them is added.
        n_values: number of values.
        factoriser: factoriser of the lower triangle.
    """

    used: IntArray
    places: IntArray
    n_values: int
    factoriser: Factoriser

    def factorise(self, condensed: FloatArray) -> Factor | None:
        """Return the factor of a matrix, or None if it is not positive definite.

        Args:
            condensed: stiffness of the chains between their nodes, (n_chains, 6, 6).
        """
        try:
            return self.factoriser.factorise(self._values(condensed))
        except ToolError:
            return None

    def _values(self, condensed: FloatArray) -> FloatArray:
        weights = condensed.ravel()[self.used]
        values: FloatArray = np.bincount(self.places, weights, self.n_values).astype(np.float64)
        return values


def make_pattern(ends: IntArray, stiffness: Planar | Space) -> CondensedPattern:
    """Return the pattern of the condensed matrices of a frame."""
    dofs = stiffness.dofs[ends].reshape(-1, 6)
    rows, columns = np.repeat(dofs, 6, axis=1).ravel(), np.tile(dofs, (1, 6)).ravel()
    used = np.flatnonzero((columns >= 0) & (rows >= columns))
    keys = columns[used] * stiffness.n_free + rows[used]  # in the order of compressed columns
    values, places = np.unique(keys, return_inverse=True)
    columns, rows = np.divmod(values, stiffness.n_free)
    starts = np.searchsorted(columns, np.arange(stiffness.n_free + 1))
    shape = (stiffness.n_free, stiffness.n_free)
    lower = sparse.csc_array((np.ones(len(values)), rows, starts), shape=shape)
    return CondensedPattern(used, places, len(values), make_factoriser(lower))
