"""Array types and read-only arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def frozen_floats(values: ArrayLike) -> FloatArray:
    """Return a read-only float copy of `values`, in C order.

    >>> frozen_floats([1, 2]).flags.writeable
    False
    """
    array = np.array(values, dtype=np.float64, order="C")
    array.flags.writeable = False
    return array


def frozen_ints(values: ArrayLike) -> IntArray:
    """Return a read-only integer copy of `values`.

    Raises:
        ValueError: if a value is not an integer.
    """
    given = np.asarray(values)
    with np.errstate(invalid="ignore"):  # of NaN and infinity, which the comparison refuses
        array = np.array(given, dtype=np.int64, order="C")
    if not np.array_equal(array, given):
        msg = "all values must be integers"
        raise ValueError(msg)
    array.flags.writeable = False
    return array
