"""What an experiment of the paper leaves: figures, tables, films and lines of the summary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mnnfab.arrays import FloatArray
    from mnnfab.network.network import Network
    from mnnfab.reproduce.film import Scene


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


def bond_columns(network: Network) -> dict[str, FloatArray]:
    """Return the columns that say which bond a row of a table is."""
    ends = network.bonds.T.astype(np.float64)
    return {"bond": np.arange(network.n_bonds), "node_i": ends[0], "node_j": ends[1]}


@dataclass(frozen=True, eq=False)
class Experiment:
    """One experiment, done.

    Args:
        title: for people.
        about: what is not in the lines: how many splits, how numbers are counted.
        lines: of the summary.
        figures: pictures by the stem of their file's name.
        tables: columns by the stem of their file's name.
        films: the scenes of each film by the stem of its file's name.
    """

    title: str
    about: str
    lines: tuple[Line, ...]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, FloatArray | list[str]]] = field(default_factory=dict)
    films: Mapping[str, tuple[Scene, ...]] = field(default_factory=dict)
