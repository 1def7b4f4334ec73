"""What an experiment of the paper leaves: figures, tables and lines of the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mnnfab.arrays import FloatArray


@dataclass(frozen=True)
class Line:
    """One number of the paper beside ours.

    Args:
        quantity: what it is.
        ours: our value, as it should be read.
        published: theirs; a dash if they give none.
        note: where and why they differ, if they do.
    """

    quantity: str
    ours: str
    published: str = "–"
    note: str = ""


@dataclass(frozen=True, eq=False)
class Experiment:
    """One experiment, done.

    Args:
        name: "fig1", …
        title: for people.
        lines: of the summary.
        figures: pictures by the stem of their file's name.
        tables: columns of numbers by the stem of their file's name.
    """

    name: str
    title: str
    lines: tuple[Line, ...]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, FloatArray]] = field(default_factory=dict)
