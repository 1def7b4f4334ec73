"""Lattices: families of networks made from a few numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mnnfab.errors import InputError
from mnnfab.network import Network

#: Height of a row of a triangular lattice over its bond length.
ROW_HEIGHT = math.sqrt(3) / 2


def triangular_patch(rows: int, bond_length_mm: float, fixed: Sequence[int]) -> Network:
    r"""Return the paper's patch: rows of `rows` + 1, `rows`, … 2 nodes.

    The nodes are numbered row by row from the top, each row from right to left::

        4 - 3 - 2 - 1 - 0      rows = 4: 14 nodes, 28 bonds
         \ / \ / \ / \ /
          8 - 7 - 6 - 5
           \ / \ / \ /
           11 - 10- 9
             \ / \ /
             13 - 12

    Source: Li and Mao, Nat. Commun. 15:10528 (2024), fig. 1 and their code.

    >>> triangular_patch(4, 16.0, [0, 4]).n_bonds
    28
    """
    _require_positive("rows", rows)
    starts = [i * (rows + 1) - i * (i - 1) // 2 for i in range(rows + 1)]
    nodes = [
        (-bond_length_mm * (j + i / 2), -bond_length_mm * ROW_HEIGHT * i)
        for i in range(rows)
        for j in range(rows + 1 - i)
    ]
    bonds: list[tuple[int, int]] = []
    for i in range(rows):
        for j in range(rows + 1 - i):
            node, below = starts[i] + j, starts[i + 1] + j
            if j < rows - i:
                bonds.append((node, node + 1))
            if i + 1 < rows and j < rows - i:
                bonds.append((node, below))
            if i + 1 < rows and j > 0:
                bonds.append((node, below - 1))
    return Network(np.array(nodes), np.array(bonds), np.array(fixed, dtype=np.int64))


def triangular_parallelogram(
    rows: int, columns: int, bond_length_mm: float, fixed: Sequence[int]
) -> Network:
    r"""Return a triangular lattice of `rows` × `columns` nodes.

    Each row hangs half a bond to the right of the one above it::

        0 - 1 - 2          rows = 2, columns = 3
         \ / \ / \
          3 - 4 - 5

    >>> triangular_parallelogram(32, 32, 16.0, [0, 31]).n_bonds
    2945
    """
    _require_positive("rows", rows)
    _require_positive("columns", columns)
    nodes = [
        (bond_length_mm * (j + i / 2), -bond_length_mm * ROW_HEIGHT * i)
        for i in range(rows)
        for j in range(columns)
    ]
    bonds: list[tuple[int, int]] = []
    for i in range(rows):
        for j in range(columns):
            node, below = i * columns + j, (i + 1) * columns + j
            if j + 1 < columns:
                bonds.append((node, node + 1))
            if i + 1 < rows:
                bonds.append((node, below))
            if i + 1 < rows and j > 0:
                bonds.append((node, below - 1))
    return Network(np.array(nodes), np.array(bonds), np.array(fixed, dtype=np.int64))


def _require_positive(what: str, number: int) -> None:
    if number < 1:
        raise InputError(f"lattice, {what}", f"{number}", "a whole number of 1 or more")
