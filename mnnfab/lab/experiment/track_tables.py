"""Layouts: readers for tables of tracked points as written by several tools.

Each layout converts a table into frames, points and positions. Points are numbered from 0 in the
order of their names, or of the rows if they have none; point n is node n of the design.

| layout | written by | columns |
|---|---|---|
| long | mnnfab, or by hand | step, node, x, y; optional repeat, time_s |
| dltdv | DLTdv (MATLAB) | pt1_X, pt1_Y, pt2_X, …; one row per frame |
| imagej | ImageJ and Fiji, results of the multi-point tool | X, Y, Slice; one row per point |
| trackmate | TrackMate (Fiji), spots | TRACK_ID, POSITION_X, POSITION_Y, FRAME |
| deeplabcut | DeepLabCut | lines scorer, bodyparts and coords, then one row per frame |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.io.files import read_text
from mnnfab.io.tables import Table, column_numbers, is_number, optional_numbers, parse_csv
from mnnfab.lab.experiment.shots import Shot


@dataclass(frozen=True, eq=False)
class Tracks:
    """Positions of points in frames.

    Args:
        coordinates: (n_frames, n_points, 2).
        frames: name of each frame in the table.
        shots: load step and time of each frame, if the table contains them.
    """

    coordinates: FloatArray
    frames: tuple[str, ...]
    shots: tuple[Shot, ...] | None = None


def read_tracks(path: Path, layout: str, n_points: int) -> Tracks:
    """Read a table of tracked points.

    Args:
        path: CSV.
        layout: its name, or "auto" to detect it from the columns.
        n_points: number of points that every frame must have.

    Raises:
        InputError: if the layout is unknown or a frame lacks a point.
    """
    table = _table(path)
    names = (
        [layout]
        if layout != "auto"
        else [n for n, layout_entry in LAYOUTS.items() if layout_entry[0](table)]
    )
    if not names:
        given = f"columns {', '.join(table.header[:8])}"
        raise InputError(str(path), given, f"a known layout: {', '.join(LAYOUTS)}")
    matches, read = LAYOUTS[names[0]]
    if not matches(table):
        given = f"columns {', '.join(table.header[:8])}"
        raise InputError(str(path), given, f'the layout "{names[0]}"')
    return read(table, n_points)


def _table(path: Path) -> Table:
    """Read a table; name ImageJ's unnamed first column and merge DeepLabCut's header lines."""
    text = read_text(path)
    lines = text.splitlines()
    if len(lines) < 4 or not lines[0].startswith("scorer"):
        unnamed = text.lstrip(" ").startswith(",")
        return parse_csv(path, f"row{text.lstrip(' ')}" if unnamed else text)
    parts, axes = (line.split(",") for line in lines[1:3])
    if len(parts) != len(axes) or axes[0] != "coords":
        raise InputError(str(path), "invalid header lines", "bodyparts and coords of equal length")
    header = ("coords", *(f"{p}_{c}" for p, c in zip(parts[1:], axes[1:], strict=True)))
    rows = tuple(tuple(cell.strip() for cell in line.split(",")) for line in lines[3:] if line)
    for number, row in enumerate(rows):
        if len(row) != len(header):
            where = f"{path}, line {number + 4}"
            raise InputError(where, f"{len(row)} cells", f"{len(header)}, as in the header")
    return Table(path, header, rows, tuple(f"line {4 + number}" for number in range(len(rows))))


def _wide(table: Table, ends: tuple[str, str], n_points: int) -> Tracks:
    """Read a table with two columns per point and one row per frame."""
    xs = [name for name in table.header if name.endswith(ends[0])]
    points = [name.removesuffix(ends[0]) for name in xs]
    for point in points:
        if point + ends[1] not in table.header:
            raise InputError(str(table.path), f"no column {point}{ends[1]}", "x and y of a point")
    if len(points) != n_points:
        raise InputError(
            str(table.path), f"{len(points)} points", f"{n_points}, one per node of the network"
        )
    columns = [table.header.index(point + end) for point in points for end in ends]
    coordinates = table.numbers(columns).reshape(len(table.rows), n_points, 2)
    return Tracks(coordinates, tuple(map(str, range(len(table.rows)))))


def _dltdv(table: Table, n_points: int) -> Tracks:
    if any(name.endswith("_Z") or "_cam2_" in name for name in table.header):
        given, allowed = "3D points, or points of several cameras", "2D points of one camera"
        raise InputError(str(table.path), given, allowed)
    return _wide(table, ("_X", "_Y"), n_points)


def _deeplabcut(table: Table, n_points: int) -> Tracks:
    tracks = _wide(table, ("_x", "_y"), n_points)
    return Tracks(tracks.coordinates, tuple(row[0] for row in table.rows))


def _long_points(table: Table, names: tuple[str, str, str, str | None], n_points: int) -> Tracks:
    """Read a table with one row per point: frame, x, y and, if given, the name of the point."""
    frame_name, x, y, point = names
    xy = np.column_stack([column_numbers(table, x), column_numbers(table, y)])
    frame_column = table.header.index(frame_name)
    frames = list(dict.fromkeys(row[frame_column] for row in table.rows))
    coordinates = np.full((len(frames), n_points, 2), np.nan)
    ids = None if point is None else column_numbers(table, point)
    point_numbers = {} if ids is None else {v: k for k, v in enumerate(sorted(set(ids.tolist())))}
    n_read = dict.fromkeys(frames, 0)
    for row, cells in enumerate(table.rows):
        frame = frames.index(cells[frame_column])
        number = n_read[cells[frame_column]] if ids is None else point_numbers[float(ids[row])]
        n_read[cells[frame_column]] += 1
        if number >= n_points or not np.isnan(coordinates[frame, number, 0]):
            where = f"{table.path}, {table.lines[row]}"
            given = f"an extra point in frame {cells[frame_column]}"
            raise InputError(where, given, f"{n_points} points, one per node of the network")
        coordinates[frame, number] = xy[row]
    _require_complete(table, coordinates, frames)
    return Tracks(coordinates, tuple(frames))


def _require_complete(table: Table, coordinates: FloatArray, frames: list[str]) -> None:
    missing = np.argwhere(np.isnan(coordinates[:, :, 0]))
    if missing.size:
        frame, point = missing[0].tolist()
        given = f"no position of point {point} in {frames[frame]}"
        raise InputError(str(table.path), given, "every node in every frame")


def _imagej(table: Table, n_points: int) -> Tracks:
    return _long_points(table, ("Slice", "X", "Y", None), n_points)


def _trackmate(table: Table, n_points: int) -> Tracks:
    # TrackMate repeats names and units of the columns below the header.
    x = table.header.index("POSITION_X")
    first = next((n for n, row in enumerate(table.rows) if is_number(row[x])), 0)
    data_rows = Table(table.path, table.header, table.rows[first:], table.lines[first:])
    return _long_points(data_rows, ("FRAME", "POSITION_X", "POSITION_Y", "TRACK_ID"), n_points)


def _long(table: Table, n_points: int) -> Tracks:
    """Read mnnfab's own layout, which contains the load step of every position."""
    xy = np.column_stack([column_numbers(table, name) for name in ("x", "y")])
    nodes = column_numbers(table, "node")
    repeats = np.nan_to_num(optional_numbers(table, "repeat"))
    times = optional_numbers(table, "time_s")
    step_column = table.header.index("step")
    keys = [(row[step_column], r) for row, r in zip(table.rows, repeats.tolist(), strict=True)]
    frames = list(dict.fromkeys(keys))
    frame_numbers = {key: number for number, key in enumerate(frames)}
    coordinates = np.full((len(frames), n_points, 2), np.nan)
    frame_times: list[float | None] = [None] * len(frames)
    for row, (key, node) in enumerate(zip(keys, nodes.tolist(), strict=True)):
        frame, where = frame_numbers[key], f"{table.path}, {table.lines[row]}"
        if node not in range(n_points):
            raise InputError(where, f"node {node:g}", f"nodes 0 to {n_points - 1}")
        if not np.isnan(coordinates[frame, int(node), 0]):
            given = f"node {node:g} of {key[0]}, repeat {key[1]:g}, twice"
            raise InputError(where, given, "each node once per repeat")
        coordinates[frame, int(node)] = xy[row]
        if np.isfinite(times[row]):
            if frame_times[frame] not in {None, float(times[row])}:
                given = f"time_s {times[row]:g}, and {frame_times[frame]:g} in the same shot"
                raise InputError(where, given, "one time per shot")
            frame_times[frame] = float(times[row])
    names = [f"{step}, repeat {repeat:g}" for step, repeat in frames]
    _require_complete(table, coordinates, names)
    shots = tuple(
        Shot(name, step, time)
        for name, (step, _), time in zip(names, frames, frame_times, strict=True)
    )
    return Tracks(coordinates, tuple(names), shots)


def _has(*names: str) -> Callable[[Table], bool]:
    return lambda table: all(name in table.header for name in names)


#: Detector and reader of each layout, by name.
LAYOUTS: Mapping[str, tuple[Callable[[Table], bool], Callable[[Table, int], Tracks]]] = {
    "long": (_has("step", "node", "x", "y"), _long),
    "dltdv": (lambda table: table.header[0] in {"pt1_X", "pt1_cam1_X"}, _dltdv),
    "imagej": (_has("X", "Y", "Slice"), _imagej),
    "trackmate": (_has("TRACK_ID", "POSITION_X", "POSITION_Y", "FRAME"), _trackmate),
    "deeplabcut": (lambda table: table.header[0] == "coords", _deeplabcut),
}
