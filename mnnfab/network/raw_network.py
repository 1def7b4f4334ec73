"""Network as a file states it, the common result of all readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
class NetworkReader:
    """A reader of network files; each module of `formats` registers one under the name `READER`.

    Args:
        suffixes: of the files that it reads, in lower case.
        read: function from a file and the numbering of the design, if it is given, to the network.
    """

    suffixes: tuple[str, ...]
    read: Callable[[Path, Numbering | None], RawNetwork]
