"""Row space of a matrix: which rows are combinations of others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnnfab.arrays import FloatArray

#: Part of a row, relative to the largest row, that counts as outside.
TOLERANCE = 1e-9


def outside_row_space(rows: FloatArray, others: FloatArray) -> NDArray[np.bool_]:
    """Return which rows are no linear combination of other rows, (n_rows,).

    Args:
        rows: (n_rows, n).
        others: (n_others, n).

    >>> outside_row_space(np.array([[2.0, 0.0], [2.0, 1.0]]), np.array([[1.0, 0.0]])).tolist()
    [False, True]
    """
    _, sizes, basis = np.linalg.svd(others, full_matrices=False)
    basis = basis[sizes > TOLERANCE * sizes.max(initial=0.0)]
    rest = rows - rows @ basis.T @ basis
    scale = max(np.abs(rows).max(initial=0.0), np.abs(others).max(initial=0.0))
    outside: NDArray[np.bool_] = np.abs(rest).max(axis=1) > 1e3 * TOLERANCE * scale
    return outside
