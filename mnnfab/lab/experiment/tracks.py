"""Tracks: positions of points in the frames of a table, with their likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import is_missing
from mnnfab.io.tables import Table
from mnnfab.lab.experiment.shots import Shot

#: Names of columns with the likelihood of a point: DeepLabCut and Lightning Pose, SLEAP, others.
LIKELIHOODS = ("likelihood", "score", "point_score", "point_scores", "confidence")
#: Names of columns with the score of all points of a frame together, by SLEAP. Scores of points
#: are summed up in some of its models, so that these have no upper limit.
INSTANCE_SCORES = ("instance.score", "instance_score", "instance_scores")
#: Largest likelihood. Peaks of SLEAP's confidence maps are slightly above 1.
MAX_LIKELIHOOD = 1.5


@dataclass(frozen=True, eq=False)
class Tracks:
    """Positions of points in frames.

    Args:
        coordinates: (n_frames, n_points, 2); NaN where the table has no position.
        frames: name of each frame in the table.
        shots: load step and time of each frame, if the table contains them.
        likelihood: (n_frames, n_points), NaN where it is not stated; None if the table has no
            likelihoods.
        findings: what was left out of the table, or assumed about it.
    """

    coordinates: FloatArray
    frames: tuple[str, ...]
    shots: tuple[Shot, ...] | None = None
    likelihood: FloatArray | None = None
    findings: tuple[Finding, ...] = ()


def numbers_or_nan(table: Table, columns: Sequence[int]) -> FloatArray:
    """Return some columns as numbers, NaN for cells without a value, (n_rows, n_columns).

    Raises:
        InputError: if a cell is neither blank nor a number.
    """
    blank = np.array([[is_missing(row[column]) for column in columns] for row in table.rows])
    rows = tuple(
        tuple("0" if is_missing(cell) else cell for cell in (row[column] for column in columns))
        for row in table.rows
    )
    header = tuple(table.header[column] for column in columns)
    numbers = replace(table, header=header, rows=rows).numbers(range(len(columns)))
    return np.where(blank, np.nan, numbers)


def coordinates_of(table: Table, columns: Sequence[int]) -> FloatArray:
    """Return pairs of columns as positions, (n_rows, n_pairs, 2); NaN if x or y is blank."""
    numbers = numbers_or_nan(table, columns).reshape(len(table.rows), -1, 2)
    coordinates: FloatArray = np.where(
        np.isnan(numbers).any(axis=2, keepdims=True), np.nan, numbers
    )
    return coordinates


def likelihoods_of(table: Table, columns: Sequence[int]) -> FloatArray:
    """Return columns of likelihoods, (n_rows, n_columns); NaN for blank cells.

    Raises:
        InputError: if a value is not between 0 and 1.
    """
    values = numbers_or_nan(table, columns)
    outside = np.argwhere((values < 0) | (values > MAX_LIKELIHOOD))
    if outside.size:
        row, column = outside[0].tolist()
        where = f"{table.path}, {table.lines[row]}, column {table.header[columns[column]]}"
        raise InputError(where, f"{values[row, column]:g}", "a likelihood from 0 to 1")
    return values


def column_of(table: Table, names: Sequence[str]) -> int | None:
    """Return the index of the first column with one of some names; None if there is none."""
    return next((table.header.index(name) for name in names if name in table.header), None)


def frame_scores(table: Table) -> FloatArray | None:
    """Return the score of each row of all points together, (n_rows,); None without the column."""
    column = column_of(table, INSTANCE_SCORES)
    return None if column is None else numbers_or_nan(table, [column])[:, 0]


def listed(names: Sequence[object], most: int = 8) -> str:
    """Return the first of some names as text.

    >>> listed([3, 5, 7], 2)
    '3, 5, …'
    """
    return ", ".join([*map(str, names[:most]), *(["…"] if len(names) > most else [])])
