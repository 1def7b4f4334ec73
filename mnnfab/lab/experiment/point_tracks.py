"""Layouts with one row per point: ImageJ, TrackMate and mnnfab's own."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import is_missing
from mnnfab.io.tables import Table, column_numbers, optional_numbers
from mnnfab.lab.experiment.shots import Shot
from mnnfab.lab.experiment.tracks import (
    LIKELIHOODS,
    Tracks,
    column_of,
    coordinates_of,
    frame_scores,
    likelihoods_of,
    listed,
)

#: Columns of ImageJ that can number the frames of a stack.
STACK_COLUMNS = ("Slice", "Frame")


def read_imagej(table: Table, n_points: int) -> Tracks:
    """Read points of ImageJ; in every frame they have the same order.

    A time stack has a constant column and one that counts: what varies is the frame.

    Raises:
        InputError: if a frame has another number of points, or two columns vary independently.
    """
    column, findings = _stack_column(table)
    frames = [row[column] for row in table.rows]
    counts = Counter(frames)
    for frame, count in counts.items():
        if count != n_points:
            line = table.lines[frames.index(frame)]
            given = f"{count} points in frame {frame} of column {table.header[column]}"
            allowed = f"{n_points} points in every frame, one per node of the network"
            raise InputError(f"{table.path}, {line}", given, allowed)
    n_read: Counter[str] = Counter()
    numbers = []
    for frame in frames:
        numbers.append(n_read[frame])
        n_read[frame] += 1
    return replace(_scattered(table, ("X", "Y"), frames, numbers, n_points), findings=findings)


def _stack_column(table: Table) -> tuple[int, tuple[Finding, ...]]:
    """Return the column with the frames of an ImageJ table, and a finding if it was chosen."""
    present = [table.header.index(name) for name in STACK_COLUMNS if name in table.header]
    cells = {column: [row[column] for row in table.rows] for column in present}
    varying = [column for column in present if len(set(cells[column])) > 1]
    if len(varying) == 2:
        first, second = varying
        pairs = set(zip(cells[first], cells[second], strict=True))
        if not len(pairs) == len(set(cells[first])) == len(set(cells[second])):
            names = " and ".join(STACK_COLUMNS)
            allowed = "a stack with one of them: shots are either slices or frames"
            raise InputError(str(table.path), f"columns {names} that both vary", allowed)
    chosen = (varying or present)[0]
    if len(present) == 1 or chosen == present[0]:
        return chosen, ()
    name, other = table.header[chosen], table.header[present[0]]
    message = f"{other} is constant, so shots are numbered by {name}"
    return chosen, (Finding("table-frames", "info", table.path.name, message),)


def read_trackmate(table: Table, n_points: int) -> Tracks:
    """Read spots of TrackMate, which repeats names and units of the columns below the header.

    Spots without a track, and short tracks besides a complete track for every node, are left out.

    Raises:
        InputError: if the tracks do not give every node.
    """
    x, track = (table.header.index(name) for name in ("POSITION_X", "TRACK_ID"))
    numbered = (n for n, row in enumerate(table.rows) if table.number(row[x]) is not None)
    first = next(numbered, len(table.rows))
    linked = [n for n in range(first, len(table.rows)) if not is_missing(table.rows[n][track])]
    n_unlinked = len(table.rows) - first - len(linked)
    if not linked:
        raise InputError(str(table.path), "no spot with a TRACK_ID", "spots that belong to tracks")
    table = table.with_rows(linked)
    ids = column_numbers(table, "TRACK_ID").tolist()
    frames = [row[table.header.index("FRAME")] for row in table.rows]
    kept = _tracks_of_nodes(table, ids, frames, n_points)
    message = []
    if n_unlinked:
        message.append(f"{n_unlinked} spots without a track")
    if len(kept) < len(set(ids)):
        others = sorted(set(ids) - set(kept))
        message.append(f"tracks {listed([f'{one:g}' for one in others])}, not in every frame")
    rows = [n for n, one in enumerate(ids) if one in kept]
    numbers = [kept.index(ids[n]) for n in rows]
    tracks = _scattered(
        table.with_rows(rows),
        ("POSITION_X", "POSITION_Y"),
        [frames[n] for n in rows],
        numbers,
        n_points,
    )
    if not message:
        return tracks
    text = f"left out: {'; '.join(message)}. The other tracks give every node"
    return replace(tracks, findings=(Finding("unlinked-points", "warning", table.path.name, text),))


def _tracks_of_nodes(
    table: Table, ids: list[float], frames: list[str], n_points: int
) -> list[float]:
    """Return the tracks of the nodes: all, or the complete ones if there are too many."""
    tracks = sorted(set(ids))
    counts, n_frames = Counter(ids), len(set(frames))
    complete = [one for one in tracks if counts[one] == n_frames]
    if len(tracks) == n_points:
        return tracks
    if len(complete) == n_points:
        return complete
    short = [f"{one:g}" for one in tracks if counts[one] < n_frames]
    given = f"{len(tracks)} tracks, {len(complete)} of them in every frame"
    given += f"; not in every frame: {listed(short)}" if short else ""
    allowed = f"{n_points}, one per node of the network: join or delete tracks in TrackMate"
    raise InputError(str(table.path), given, allowed)


def read_long(table: Table, n_points: int) -> Tracks:
    """Read mnnfab's own layout, which contains the load step of every position."""
    nodes = column_numbers(table, "node")
    repeats = np.nan_to_num(optional_numbers(table, "repeat"))
    times = optional_numbers(table, "time_s")
    step_column = table.header.index("step")
    keys = [(row[step_column], r) for row, r in zip(table.rows, repeats.tolist(), strict=True)]
    for row, node in enumerate(nodes.tolist()):
        if node not in range(n_points):
            where = f"{table.path}, {table.lines[row]}"
            raise InputError(where, f"node {node:g}", f"nodes 0 to {n_points - 1}")
    names = [f"{step}, repeat {repeat:g}" for step, repeat in keys]
    tracks = _scattered(table, ("x", "y"), names, [int(node) for node in nodes.tolist()], n_points)
    steps = dict(zip(names, (step for step, _ in keys), strict=True))
    frame_times: dict[str, float] = {}
    for row, (name, time) in enumerate(zip(names, times.tolist(), strict=True)):
        if np.isfinite(time) and frame_times.setdefault(name, time) != time:
            given = f"time_s {time:g}, and {frame_times[name]:g} in the same shot"
            raise InputError(f"{table.path}, {table.lines[row]}", given, "one time per shot")
    shots = tuple(Shot(name, steps[name], frame_times.get(name)) for name in tracks.frames)
    return replace(tracks, shots=shots)


def _scattered(
    table: Table, names: tuple[str, str], frames: list[str], numbers: list[int], n_points: int
) -> Tracks:
    """Return tracks from rows of points.

    Args:
        table: one row per point.
        names: columns of x and y.
        frames: frame of each row.
        numbers: point of each row.
        n_points: number of points.

    Raises:
        InputError: if a point is twice in a frame, or only one of its coordinates is given.
    """
    columns = [table.header.index(name) for name in names]
    _require_pairs(table, columns)
    xy = coordinates_of(table, columns)[:, 0]
    row_likelihood = _row_likelihood(table)
    order = {frame: number for number, frame in enumerate(dict.fromkeys(frames))}
    coordinates = np.full((len(order), n_points, 2), np.nan)
    likelihood = np.full((len(order), n_points), np.nan)
    seen: set[tuple[str, int]] = set()
    for row, (frame, number) in enumerate(zip(frames, numbers, strict=True)):
        if (frame, number) in seen:
            where = f"{table.path}, {table.lines[row]}"
            raise InputError(where, f"point {number} twice in {frame}", "each node once per shot")
        seen.add((frame, number))
        coordinates[order[frame], number] = xy[row]
        if row_likelihood is not None:
            likelihood[order[frame], number] = row_likelihood[row]
    return Tracks(coordinates, tuple(order), None, None if row_likelihood is None else likelihood)


def _row_likelihood(table: Table) -> FloatArray | None:
    """Return the likelihood of the point in each row, (n_rows,); None without such a column."""
    column, scores = column_of(table, LIKELIHOODS), frame_scores(table)
    if column is None:
        return scores
    values = likelihoods_of(table, [column])[:, 0]
    return values if scores is None else np.fmin(values, scores)


def _require_pairs(table: Table, columns: list[int]) -> None:
    for row, line in zip(table.rows, table.lines, strict=True):
        blank = [column for column in columns if is_missing(row[column])]
        if len(blank) == 1:
            where = f"{table.path}, {line}, column {table.header[blank[0]]}"
            raise InputError(where, "missing", "x and y, or neither for a point that is not found")
