"""Layouts with one row per frame: DLTdv, DeepLabCut and SLEAP.

A cell without a number (`NaN`, or empty) is a point that the tool did not find.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.tables import Table
from mnnfab.lab.experiment.tracks import (
    LIKELIHOODS,
    Tracks,
    column_of,
    coordinates_of,
    frame_scores,
    likelihoods_of,
    listed,
)

#: A second instance of SLEAP is spurious if it has at most this share of the points of the first.
MAX_SPURIOUS_SHARE = 0.5

_HEADER = "bodyparts and coords of equal length"


def read_dltdv(table: Table, n_points: int) -> Tracks:
    """Read points of DLTdv; frames are numbered from 0."""
    if any(name.endswith("_Z") or "_cam2_" in name for name in table.header):
        given, allowed = "3D points, or points of several cameras", "2D points of one camera"
        raise InputError(str(table.path), given, allowed)
    return _wide(table, ("_X", "_Y"), n_points, tuple(map(str, range(len(table.rows)))))


def read_deeplabcut(table: Table, n_points: int) -> Tracks:
    """Read points of DeepLabCut, or of tools that write its layout."""
    return _wide(table, ("_x", "_y"), n_points, tuple(row[0] for row in table.rows))


def with_one_header(path: Path, text: str) -> str:
    """Return the text of a DeepLabCut table with one header line in place of three or four.

    The lines are scorer, individuals if several, bodyparts and coords. Blank lines keep the numbers
    of the lines below.

    Raises:
        InputError: if the header lines do not fit each other.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    separator = lines[0].replace('"', "")[len("scorer") : len("scorer") + 1] or ","
    n_header = 4 if len(lines) > 1 and lines[1].startswith("individuals") else 3
    names = list(csv.reader(lines[1:n_header], delimiter=separator))
    if len(names) < n_header - 1 or len({len(cells) for cells in names}) > 1:
        raise InputError(str(path), "invalid header lines", _HEADER)
    if names[-1][:1] != ["coords"]:
        raise InputError(str(path), "invalid header lines", _HEADER)
    columns = ("_".join(cell.strip() for cell in column) for column in zip(*names, strict=True))
    header = io.StringIO()
    cells = ["coords", *list(columns)[1:]]
    csv.writer(header, delimiter=separator, lineterminator="").writerow(cells)
    return "\n".join([*[""] * (n_header - 1), header.getvalue(), *lines[n_header:]])


def read_sleap(table: Table, n_points: int) -> Tracks:
    """Read points of SLEAP: one row per instance, of which one is the part.

    Raises:
        InputError: if several instances of a frame could be the part.
    """
    tracks = _wide(table, (".x", ".y"), n_points, _column(table, "frame_idx"))
    rows: dict[str, list[int]] = {}
    for number, frame in enumerate(tracks.frames):
        rows.setdefault(frame, []).append(number)
    n_found = np.isfinite(tracks.coordinates[:, :, 0]).sum(axis=1)
    kept = [_instance(table, frame, numbers, n_found) for frame, numbers in rows.items()]
    left_out = [frame for frame, numbers in rows.items() if len(numbers) > 1]
    findings = tracks.findings
    if left_out:
        message = f"a second instance with few points is left out in frames {listed(left_out)}"
        findings = (*findings, Finding("unlinked-points", "warning", table.path.name, message))
    likelihood = None if tracks.likelihood is None else tracks.likelihood[kept]
    return replace(
        tracks,
        coordinates=tracks.coordinates[kept],
        frames=tuple(rows),
        likelihood=likelihood,
        findings=findings,
    )


def _instance(table: Table, frame: str, numbers: list[int], n_found: FloatArray) -> int:
    """Return the row of the part among the instances of a frame."""
    ordered = sorted(numbers, key=lambda number: -n_found[number])
    if len(ordered) > 1 and n_found[ordered[1]] > MAX_SPURIOUS_SHARE * n_found[ordered[0]]:
        where = f"{table.path}, {table.lines[ordered[1]]}"
        given = f"a second instance in frame {frame}, with {n_found[ordered[1]]} points"
        raise InputError(where, given, "one instance per frame: delete the others in SLEAP")
    return ordered[0]


def _wide(table: Table, ends: tuple[str, str], n_points: int, frames: tuple[str, ...]) -> Tracks:
    """Read a table with two columns per point, and a third one if it has likelihoods."""
    points = [name.removesuffix(ends[0]) for name in table.header if name.endswith(ends[0])]
    for point in points:
        if point + ends[1] not in table.header:
            raise InputError(str(table.path), f"no column {point}{ends[1]}", "x and y of a point")
    if len(points) != n_points:
        raise InputError(
            str(table.path), f"{len(points)} points", f"{n_points}, one per node of the network"
        )
    columns = [table.header.index(point + end) for point in points for end in ends]
    likelihood = _likelihood(table, [point + ends[0][0] for point in points])
    return Tracks(coordinates_of(table, columns), frames, None, likelihood)


def _likelihood(table: Table, prefixes: list[str]) -> FloatArray | None:
    """Return the likelihood of every point, (n_rows, n_points); None without such columns."""
    scores = frame_scores(table)
    common = None if scores is None else np.repeat(scores[:, None], len(prefixes), axis=1)
    columns = [column_of(table, [prefix + name for name in LIKELIHOODS]) for prefix in prefixes]
    known = [number for number, column in enumerate(columns) if column is not None]
    if not known:
        return common
    values = np.full((len(table.rows), len(prefixes)), np.nan)
    values[:, known] = likelihoods_of(table, [c for c in columns if c is not None])
    return values if common is None else np.fmin(values, common)


def _column(table: Table, name: str) -> tuple[str, ...]:
    column = table.header.index(name)
    if any(not row[column] for row in table.rows):
        raise InputError(str(table.path), f"an empty cell in column {name}", "a frame in every row")
    return tuple(row[column] for row in table.rows)
