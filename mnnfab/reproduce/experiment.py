"""Results of an experiment: figures, tables, films and rows of the summary."""

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
    """One row of the summary: a computed and a published value.

    Args:
        quantity: name of the quantity.
        ours: computed value as text.
        published: published value as text; a dash if there is none.
        note: explanation of a difference, if there is one.
    """

    quantity: str
    ours: str
    published: str = "–"
    note: str = ""


def bond_columns(network: Network) -> dict[str, FloatArray]:
    """Return the columns that identify the bond of each row of a table."""
    ends = network.bonds.T.astype(np.float64)
    return {"bond": np.arange(network.n_bonds), "node_i": ends[0], "node_j": ends[1]}


@dataclass(frozen=True, eq=False)
class Experiment:
    """Results of one experiment.

    Args:
        title: title in the summary.
        about: conditions that are not in the lines: number of splits, conventions of counting.
        lines: rows of the summary.
        figures: figures by the stem of the file name.
        tables: columns by the stem of the file name.
        films: scenes of each film by the stem of the file name.
    """

    title: str
    about: str
    lines: tuple[Line, ...]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, FloatArray | list[str]]] = field(default_factory=dict)
    films: Mapping[str, tuple[Scene, ...]] = field(default_factory=dict)
