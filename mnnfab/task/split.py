"""The split of the samples into training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.design.training_section import TrainingSection
from mnnfab.findings import Finding
from mnnfab.io.csv_tables import lines_text
from mnnfab.linalg.row_space import outside_row_space
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.task import (
    DataSplit,
)

DEFAULT_TEST_FRACTION = 0.3


DEFAULT_VALIDATION_FRACTION = 0.2
#: Tables of at most this many rows are load cases rather than samples: their parts are reported.
FEW_ROWS = 10


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


def spanning_split(split: DataSplit, loads: FloatArray) -> DataSplit:
    """Return the split with every load case that training rows do not span moved to training.

    The displacements of a linear network under such a load do not follow from those in training:
    held out, the load case would be lost, and its error would say nothing.

    Args:
        split: the parts.
        loads: (n_samples, n_in) N.
    """
    train = split.train
    for row in np.sort(np.concatenate([split.validation, split.test])).tolist():
        if outside_row_space(loads[[row]], loads[train])[0]:
            train = np.append(train, row)
    return DataSplit(
        np.sort(train), np.setdiff1d(split.validation, train), np.setdiff1d(split.test, train)
    )


def split_findings(
    where: str, drawn: DataSplit, split: DataSplit, lines: Sequence[str]
) -> tuple[Finding, ...]:
    """Return which rows of a short table are in which part, and which were kept for training.

    Args:
        where: name of the table.
        drawn: the parts as drawn.
        split: the parts after `spanning_split`.
        lines: position of each row in the table.
    """
    kept = np.setdiff1d(split.train, drawn.train)
    if not kept.size and (len(lines) > FEW_ROWS or len(split.train) == len(lines)):
        return ()
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    listed = [f"{name} {_places(rows, lines)}" for name, rows in parts.items() if rows.size]
    message = f"parts of the {len(lines)} rows: {'; '.join(listed)}"
    if kept.size:
        message += (
            f"; {_places(kept, lines)} drawn for another part, but kept for training, as no "
            "other training rows have such loads"
        )
    return (Finding("few-rows", "warning", where, message),)


def _places(rows: IntArray, lines: Sequence[str]) -> str:
    return lines_text([lines[row] for row in rows.tolist()])
