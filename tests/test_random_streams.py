"""Random streams: independent of each other, whatever the seed, and the same as ever."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from mnnfab.random_streams import ONE_WORD, Stream, random_generator


def first(generator: np.random.Generator) -> int:
    return int(generator.integers(2**62))


@pytest.mark.parametrize("seed", [0, 5, 12345, ONE_WORD - 1])
def test_seeds_of_one_word_keep_their_numbers(seed: int) -> None:
    """Designs of earlier versions train to the same widths."""
    assert first(random_generator(seed, Stream.DATA_SPLIT)) == first(
        np.random.default_rng([seed, 0])
    )
    assert first(random_generator(seed, Stream.RESTARTS, 7)) == first(
        np.random.default_rng([seed, 2, 7])
    )


def test_words_of_a_seed_sequence_can_be_taken_for_others() -> None:
    """Why streams need care: both are NumPy's own behaviour."""
    assert first(np.random.default_rng([5, 2])) == first(np.random.default_rng([5, 2, 0]))
    large = 5 + 2 * ONE_WORD
    assert first(np.random.default_rng([large, 3])) == first(np.random.default_rng([5, 2, 3]))


def test_no_two_uses_share_a_stream() -> None:
    """Among them the seeds of two words, which once were those of other streams."""
    seeds = (0, 1, 5, 5 + 2 * ONE_WORD, 2 * ONE_WORD, 7 * ONE_WORD + 1)
    drawn: dict[tuple[int, ...], int] = {
        (seed, stream): first(random_generator(seed, stream))
        for seed in seeds
        for stream in Stream
        if stream is not Stream.RESTARTS
    }
    drawn |= {
        (seed, Stream.RESTARTS, number): first(random_generator(seed, Stream.RESTARTS, number))
        for seed in seeds
        for number in range(12)
    }
    assert not [pair for pair in combinations(drawn, 2) if drawn[pair[0]] == drawn[pair[1]]]
