"""Layouts: readers for tables of tracked points as written by several tools.

Each layout converts a table into frames, points and positions. Points are numbered from 0 in the
order of their names, or of the rows if they have none; point n is node n of the design.

| layout | written by | columns |
|---|---|---|
| long | mnnfab, or by hand | step, node, x, y; optional repeat, time_s |
| dltdv | DLTdv (MATLAB) | pt1_X, pt1_Y, pt2_X, …; one row per frame |
| imagej | ImageJ and Fiji, multi-point tool | X, Y, Slice or Frame; one row per point |
| trackmate | TrackMate (Fiji), spots | TRACK_ID, POSITION_X, POSITION_Y, FRAME |
| deeplabcut | DeepLabCut | lines scorer, bodyparts and coords, then one row per frame |
| sleap | SLEAP, analysis CSV | track, frame_idx, instance.score, NAME.x, NAME.y, NAME.score, … |

Tables with one row per point may have a column of likelihoods (`LIKELIHOODS` in
`mnnfab.lab.experiment.tracks`). TrackMate's QUALITY is no likelihood: it has no upper limit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes
from mnnfab.io.limits import MAX_TEXT_BYTES
from mnnfab.io.tables import Table, parse_csv
from mnnfab.io.text_decoding import table_text_of
from mnnfab.lab.experiment.point_tracks import read_imagej, read_long, read_trackmate
from mnnfab.lab.experiment.tracks import Tracks
from mnnfab.lab.experiment.wide_tracks import (
    read_deeplabcut,
    read_dltdv,
    read_sleap,
    with_one_header,
)


def read_tracks(path: Path, layout: str, n_points: int) -> Tracks:
    """Read a table of tracked points.

    Args:
        path: CSV.
        layout: its name, or "auto" to detect it from the columns.
        n_points: number of points of every frame.

    Raises:
        InputError: if the layout is unknown or the table does not have that many points.
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
    tracks = read(table, n_points)
    return replace(tracks, findings=(*table.findings, *tracks.findings))


def _table(path: Path) -> Table:
    """Read a table; name ImageJ's unnamed first column and merge DeepLabCut's header lines."""
    text, findings = table_text_of(path, read_bytes(path, MAX_TEXT_BYTES))
    text = text.lstrip(" ")
    if text.startswith(("scorer", '"scorer"')):
        text = with_one_header(path, text)
    elif text.startswith((",", ";", "\t")):
        text = f"row{text}"
    table = parse_csv(path, text)
    return replace(table, findings=(*findings, *table.findings))


def _has(*names: str) -> Callable[[Table], bool]:
    return lambda table: all(name in table.header for name in names)


def _is_imagej(table: Table) -> bool:
    return _has("X", "Y")(table) and ("Slice" in table.header or "Frame" in table.header)


#: Detector and reader of each layout, by name.
LAYOUTS: Mapping[str, tuple[Callable[[Table], bool], Callable[[Table, int], Tracks]]] = {
    "long": (_has("step", "node", "x", "y"), read_long),
    "dltdv": (lambda table: table.header[0] in {"pt1_X", "pt1_cam1_X"}, read_dltdv),
    "imagej": (_is_imagej, read_imagej),
    "trackmate": (_has("TRACK_ID", "POSITION_X", "POSITION_Y", "FRAME"), read_trackmate),
    "deeplabcut": (lambda table: table.header[0] == "coords", read_deeplabcut),
    "sleap": (_has("frame_idx", "instance.score"), read_sleap),
}
