"""The split of the samples into training, validation and test."""

from __future__ import annotations

import numpy as np

from mnnfab.design.training_section import TrainingSection
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.task import (
    DataSplit,
)

DEFAULT_TEST_FRACTION = 0.3


DEFAULT_VALIDATION_FRACTION = 0.2


def split_samples(n_samples: int, schedule: TrainingSection) -> DataSplit:
    """Return a random split into training, validation and test samples, each in ascending order."""
    n_test = _count(schedule.test_fraction, DEFAULT_TEST_FRACTION, n_samples)
    order = random_generator(schedule.seed, Stream.DATA_SPLIT).permutation(n_samples)
    test, rest = np.split(order, [n_test])
    choice = DEFAULT_VALIDATION_FRACTION if schedule.restarts > 1 else 0.0
    validation, train = np.split(rest, [_count(schedule.validation_fraction, choice, len(rest))])
    return DataSplit(np.sort(train), np.sort(validation), np.sort(test))


def _count(fraction: float | None, default: float, n_samples: int) -> int:
    """Return the number of samples in a fraction; at least one sample is left out."""
    return min(round((default if fraction is None else fraction) * n_samples), n_samples - 1)
