"""Lattices: networks generated from a few parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.spatial import Delaunay, KDTree

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.network.network import Network

#: Row height of a triangular lattice divided by its bond length.
ROW_HEIGHT = math.sqrt(3) / 2
#: Flat Delaunay triangles at the rim, with a smallest angle below this (rad), are left out.
MIN_ANGLE = math.radians(15)


def triangular_patch(rows: int, bond_length_mm: float, fixed: Sequence[int]) -> Network:
    r"""Return the triangular patch of the paper: rows of `rows` + 1, `rows`, … 2 nodes.

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
    return to_network(np.array(nodes), np.array(bonds), fixed)


def triangular_parallelogram(
    rows: int, columns: int, bond_length_mm: float, fixed: Sequence[int]
) -> Network:
    r"""Return a triangular lattice of `rows` × `columns` nodes.

    Each row is shifted half a bond to the right of the row above::

        0 - 1 - 2          rows = 2, columns = 3
         \ / \ / \
          3 - 4 - 5

    >>> triangular_parallelogram(32, 32, 16.0, [0, 31]).n_bonds
    2945
    """
    i, j = grid(rows, columns)
    nodes = bond_length_mm * np.column_stack([j + i / 2, -ROW_HEIGHT * i])
    node = i * columns + j
    last_column, last_row = j + 1 == columns, i + 1 == rows
    slots = [
        (node, node + 1, ~last_column),
        (node, node + columns, ~last_row),
        (node, node + columns - 1, ~last_row & (j > 0)),
    ]
    return to_network(nodes, bonds_in_slots(slots), fixed)


def triangular_hexagon(side: int, bond_length_mm: float, fixed: Sequence[int]) -> Network:
    r"""Return a hexagon cut from a triangular lattice, `side` bonds along each side.

    The nodes are numbered row by row from the top, each row from left to right::

          0 - 1
         / \ / \           side = 1
        2 - 3 - 4
         \ / \ /
          5 - 6

    >>> triangular_hexagon(2, 16.0, [0, 2]).n_bonds
    42
    """
    _require_positive("side", side)
    rows = [
        [(j - side + abs(i) / 2, -ROW_HEIGHT * i) for j in range(2 * side + 1 - abs(i))]
        for i in range(-side, side + 1)
    ]
    nodes = bond_length_mm * np.array([position for row in rows for position in row])
    return to_network(nodes, neighbours(nodes, bond_length_mm), fixed)


def square_braced(rows: int, columns: int, bond_length_mm: float, fixed: Sequence[int]) -> Network:
    r"""Return a square lattice of `rows` × `columns` nodes with one brace per cell.

    The braces of neighbouring cells mirror each other, so that no diagonal direction is softer::

        0 - 1 - 2
        | \ | / |          rows = 2, columns = 3
        3 - 4 - 5

    >>> square_braced(2, 3, 16.0, [0, 2]).n_bonds
    9
    """
    i, j = grid(rows, columns)
    nodes = bond_length_mm * np.column_stack([j.astype(float), -i.astype(float)])
    node = i * columns + j
    right, below = j + 1 < columns, i + 1 < rows
    falling = (i + j) % 2 == 0
    slots = [
        (node, node + 1, right),
        (node, node + columns, below),
        (node, node + columns + 1, right & below & falling),
        (node + 1, node + columns, right & below & ~falling),
    ]
    return to_network(nodes, bonds_in_slots(slots), fixed)


def kagome_braced(rows: int, columns: int, bond_length_mm: float, fixed: Sequence[int]) -> Network:
    r"""Return a kagome lattice of `rows` × `columns` hexagons, each made rigid by three braces.

    A kagome lattice has as many bonds as degrees of freedom in its bulk and fewer at its rim,
    so it is not rigid. The braces join every other corner of a hexagon; they are √3 times as
    long as the bonds::

            o - o
           /     \         a hexagon; its braces join 0-2, 2-4 and 4-0
          o       o        of its corners, counted around it

    The nodes are numbered from the top, each row from left to right.

    >>> kagome_braced(1, 1, 16.0, [0, 1]).n_bonds
    21
    """
    _require_positive("rows", rows)
    _require_positive("columns", columns)
    centres = np.array(
        [(2.0 * (j + i / 2), -2.0 * ROW_HEIGHT * i) for i in range(rows) for j in range(columns)]
    )
    inner = np.exp(1j * np.pi / 3 * np.arange(6))
    outer = math.sqrt(3) * np.exp(1j * np.pi / 3 * (np.arange(6) + 0.5))
    offsets = np.concatenate([inner, outer])
    corners = centres[:, None] + np.column_stack([offsets.real, offsets.imag])[None]
    nodes = numbered_from_the_top(bond_length_mm * distinct_points(corners.reshape(-1, 2)))
    tree = KDTree(nodes)
    braces: list[tuple[int, int]] = []
    for hexagon in bond_length_mm * corners:
        _, corner_nodes = tree.query(hexagon[[0, 2, 4]])
        first, second, third = np.asarray(corner_nodes).tolist()
        braces += [(first, second), (second, third), (third, first)]
    bonds = np.vstack([neighbours(nodes, bond_length_mm), np.sort(braces, axis=1)])
    return to_network(nodes, bonds, fixed)


def delaunay(
    width_mm: float, height_mm: float, spacing_mm: float, seed: int, fixed: Sequence[int]
) -> Network:
    """Return the Delaunay triangulation of random points in a rectangle.

    No two points are closer than `spacing_mm` (Poisson-disc sampling); flat triangles at
    the rim are left out. The nodes are numbered from the top.

    Args:
        width_mm: width of the rectangle.
        height_mm: height of the rectangle.
        spacing_mm: minimum distance between nodes, and so the minimum bond length.
        seed: seed of the random points.
        fixed: the fixed nodes.

    Raises:
        InputError: if fewer than three points fit.
    """
    from scipy.stats import qmc  # its import takes half a second

    sampler = qmc.PoissonDisk(
        2, radius=spacing_mm, rng=seed, l_bounds=[0, -height_mm], u_bounds=[width_mm, 0]
    )
    points = sampler.fill_space()
    if len(points) < 3:
        raise InputError(
            "lattice, spacing_mm",
            f"{spacing_mm:g}: {len(points)} point(s) fit into {width_mm:g} × {height_mm:g} mm",
            "a spacing at which three or more points fit",
        )
    nodes = numbered_from_the_top(points)
    triangles = Delaunay(nodes).simplices
    sides = np.sort(np.vstack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]))
    is_kept = np.tile(_smallest_angles(nodes[triangles]) > MIN_ANGLE, 3)
    bonds = np.unique(sides[is_kept], axis=0)
    used = np.unique(bonds)
    return to_network(nodes[used], np.searchsorted(used, bonds), fixed)


def neighbours(nodes: FloatArray, distance: float) -> IntArray:
    """Return all pairs of nodes at the given distance, (n_bonds, 2), in ascending order."""
    candidates = KDTree(nodes).query_pairs(1.001 * distance, output_type="ndarray")
    vectors: FloatArray = nodes[candidates[:, 0]] - nodes[candidates[:, 1]]
    pairs = np.sort(candidates[np.hypot(vectors[:, 0], vectors[:, 1]) > 0.999 * distance], axis=1)
    return pairs[np.lexsort(pairs.T[::-1])]


def to_network(nodes: FloatArray, bonds: IntArray, fixed: Sequence[int]) -> Network:
    """Return the network of nodes (n_nodes, 2) mm, bonds (n_bonds, 2) and fixed nodes."""
    return Network(nodes, bonds, np.array(fixed, dtype=np.int64))


def grid(rows: int, columns: int) -> tuple[IntArray, IntArray]:
    """Return the row and the column of every node, (rows · columns,) each."""
    _require_positive("rows", rows)
    _require_positive("columns", columns)
    row, column = np.divmod(np.arange(rows * columns), columns)
    return row, column


def bonds_in_slots(slots: Sequence[tuple[IntArray, IntArray, np.ndarray]]) -> IntArray:
    """Return the bonds of all nodes in order, from slots (first node, second node, mask)."""
    first, second, exists = (np.column_stack([slot[k] for slot in slots]) for k in range(3))
    return np.column_stack([first[exists], second[exists]])


def distinct_points(points: FloatArray) -> FloatArray:
    """Return the distinct points; points that differ by rounding are merged."""
    _, first = np.unique(np.round(points, 6), axis=0, return_index=True)
    distinct: FloatArray = points[first]
    return distinct


def numbered_from_the_top(points: FloatArray) -> FloatArray:
    """Return the points (n, 2) mm in rows from the top, each row from left to right."""
    ordered: FloatArray = points[np.lexsort((points[:, 0], -np.round(points[:, 1], 6)))]
    return ordered


def _smallest_angles(triangles: FloatArray) -> FloatArray:
    """Return the smallest angle of each triangle, (n,) rad, from corners (n, 3, 2)."""
    sides = np.roll(triangles, -1, axis=1) - triangles
    lengths = np.linalg.norm(sides, axis=2)
    cosines = -(sides * np.roll(sides, 1, axis=1)).sum(axis=2)
    cosines /= lengths * np.roll(lengths, 1, axis=1)
    smallest: FloatArray = np.arccos(np.clip(cosines, -1, 1)).min(axis=1)
    return smallest


def _require_positive(key: str, number: int) -> None:
    if number < 1:
        raise InputError(f"lattice, {key}", f"{number}", "a whole number of 1 or more")
