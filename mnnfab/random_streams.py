"""Random streams: one generator for each use of random numbers, independent of the others.

Every draw of the program takes its generator from here, by the seed that the user gave and the
use that it is for, so that no two uses ever share random numbers and a new use changes none of
the others.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

#: Seeds below this are one word of a seed sequence, so that the words after it are the stream.
ONE_WORD = 2**32


class Stream(IntEnum):
    """The uses of random numbers. A number is never given to another use: results depend on it."""

    DATA_SPLIT = 0
    REGRESSION_SAMPLES = 1
    RESTARTS = 2
    PORT_PLACEMENTS = 3
    TRAINING_PRINT_ERRORS = 4
    TOLERANCE_STUDY = 5
    PREDICTION_SPREAD = 6
    MEASURED_GRADIENT = 7
    SYNTHETIC_CAMERA = 8
    REHEARSAL = 9


def random_generator(seed: int, stream: Stream, *members: int) -> np.random.Generator:
    """Return the generator of a use.

    Args:
        seed: from 0.
        stream: the use.
        members: numbers that tell several generators of one use apart.

    >>> random_generator(5, Stream.RESTARTS, 0).integers(100)
    np.int64(79)
    """
    key = (int(stream), *members)
    if seed < ONE_WORD:
        return np.random.default_rng([seed, *key])
    # A larger seed has two words, and the second would be taken for a stream:
    # [5 + 2 * 2**32, 3] are the same words as [5, 2, 3].
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
