"""Random streams: one generator for each use of random numbers, independent of the others.

All generators that depend on the seed of a design are made here. Different uses do not share random
numbers, and a new use does not change the numbers of the others. Three clashes are known and kept,
since any mend would change results: NumPy pads seeds with zeros, so that DATA_SPLIT of a seed
equals `default_rng(seed)`, which draws the sites of a `delaunay` lattice of the same seed;
DATA_SPLIT of seed 0 equals the fixed `default_rng(0)` of `mnnfab reach`; and a use without members
equals its member 0, so that a use has members always or never.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

#: Seeds below this value occupy one word of a seed sequence; the stream follows in the next words.
ONE_WORD = 2**32


class Stream(IntEnum):
    """Uses of random numbers. Results depend on the values, so a value is never reassigned."""

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
    SESSION_BATCH = 10


def random_generator(seed: int, stream: Stream, *members: int) -> np.random.Generator:
    """Return the random number generator of a use.

    Args:
        seed: seed, at least 0.
        stream: use of the random numbers.
        members: numbers that distinguish several generators of one use.

    >>> random_generator(5, Stream.RESTARTS, 0).integers(100)
    np.int64(79)
    """
    key = (int(stream), *members)
    if seed < ONE_WORD:
        return np.random.default_rng([seed, *key])
    # A larger seed occupies two words, and the second would be taken for the stream:
    # [5 + 2 * 2**32, 3] gives the same words as [5, 2, 3].
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
