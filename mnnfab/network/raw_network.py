"""Network as a file states it, the common result of all readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.findings import Finding
from mnnfab.network.node_ids import NodeId, Numbering


@dataclass(frozen=True, eq=False)
class RawNetwork:
    """A network as a file states it, not checked yet.

    Args:
        points: coordinates of all points, (n_points, 2 or 3) mm.
        bonds: the two points of each bond, (n_bonds, 2), counted from 0.
        ids: id of every point.
        fixed: points that are fixed; None if the file does not define them.
        findings: findings on what the reader left out or assumed.
    """

    points: FloatArray
    bonds: IntArray
    ids: tuple[NodeId, ...]
    fixed: tuple[int, ...] | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class DrawingOptions:
    """Options of the design for reading a drawing.

    Args:
        unit_mm: length of one unit of the file, mm; None if the design does not say.
        crossings: whether lines that cross are refused or split; None if the design does not say.
    """

    unit_mm: float | None = None
    crossings: Literal["refuse", "split"] | None = None


@dataclass(frozen=True)
class ReadOptions(DrawingOptions):
    """Options of the design for reading a network file.

    Args:
        numbering: meaning of the nodes in the design: ids of the file, or numbers from 0 in its
            order; None if the design does not say.
        merge_mm: distance within which points are one node; None for none, and for the default of
            drawings.
    """

    numbering: Numbering | None = None
    merge_mm: float | None = None


@dataclass(frozen=True)
class NetworkReader:
    """A reader of network files; each module of `formats` registers one under the name `READER`.

    Args:
        suffixes: of the files that it reads, in lower case.
        read: function from a file and the options of the design to the network.
        is_drawing: whether files are drawings, which have lines instead of nodes: the reader joins
            them, and knows the unit of the file or requires it.
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path, ReadOptions], RawNetwork]
    is_drawing: bool = False
