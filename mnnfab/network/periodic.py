"""Periodic cells: the part of a network that repeats, found in a patch of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints
from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr
from mnnfab.network.network import MIN_BOND_MM, Network

#: Nodes are a period apart if they are within this fraction of the shorter period.
SAME_PLACE = 1e-3
#: Smallest area of a cell over the product of the lengths of its periods.
FLAT = 1e-3

_KEY = "[network] period_mm"


@dataclass(frozen=True, eq=False)
class PeriodicCell:
    """A cell of a periodic network.

    Bond b joins node i with the image of node j that is moved by `shifts[b]` periods; i and j may
    be the same node.

    Args:
        nodes: (n_nodes, 2) mm.
        bonds: both nodes of each bond, (n_bonds, 2).
        shifts: periods between the second node of each bond and its image, (n_bonds, 2).
        periods_mm: both periods, one per row, (2, 2) mm.

    Raises:
        InputError: if the periods are parallel or a bond has no length.
    """

    nodes: FloatArray
    bonds: IntArray
    shifts: IntArray
    periods_mm: FloatArray

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Validate the values and make the arrays read-only."""
        object.__setattr__(self, "nodes", frozen_floats(self.nodes))
        object.__setattr__(self, "bonds", frozen_ints(self.bonds))
        object.__setattr__(self, "shifts", frozen_ints(self.shifts))
        object.__setattr__(self, "periods_mm", frozen_floats(self.periods_mm))
        _check_periods(self.periods_mm)
        if not self.lengths.min() > MIN_BOND_MM:
            bond = int(self.lengths.argmin())
            raise InputError("cell", f"bond {bond} has no length", "two different places")

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def area_mm2(self) -> float:
        """Area of the cell."""
        return float(abs(np.linalg.det(self.periods_mm)))

    @property
    def offsets_mm(self) -> FloatArray:
        """Vector from the second node of each bond to its image, (n_bonds, 2) mm."""
        offsets: FloatArray = self.shifts @ self.periods_mm
        return offsets

    @property
    def vectors(self) -> FloatArray:
        """Vector along each bond, (n_bonds, 2) mm."""
        ends = self.nodes[self.bonds[:, 1]] + self.offsets_mm
        vectors: FloatArray = ends - self.nodes[self.bonds[:, 0]]
        return vectors

    @property
    def lengths(self) -> FloatArray:
        """Length of each bond, (n_bonds,) mm."""
        vectors = self.vectors
        return np.hypot(vectors[:, 0], vectors[:, 1])


@dataclass(frozen=True, eq=False)
class Periodicity:
    """The cell of a network, and the place of the network's bonds in it.

    Args:
        cell: the cell.
        bond_class: bond of the cell that each bond of the network is an image of, (n_bonds,).
    """

    cell: PeriodicCell
    bond_class: IntArray

    __repr__ = short_repr

    def cell_widths(self, widths_mm: FloatArray) -> FloatArray:
        """Return the mean width of all images of each bond of the cell, (n_cell_bonds,) mm.

        Args:
            widths_mm: widths of the network, (n_bonds,).
        """
        sums = np.bincount(self.bond_class, widths_mm)
        means: FloatArray = sums / np.bincount(self.bond_class)
        return means


def find_period(network: Network, periods_mm: FloatArray) -> Periodicity:
    """Return the cell of a network that repeats with given periods.

    The network may be any patch that contains each bond of the cell at least once.

    Args:
        network: the patch.
        periods_mm: both periods, one per row, (2, 2) mm.

    Raises:
        InputError: if the patch does not repeat: two of its nodes have no bond, though a pair a
            period away has one; or no bond leads to the next cell in one direction.
    """
    periods = np.asarray(periods_mm, dtype=np.float64)
    _check_periods(periods)
    classes, images = _classes(network, periods)
    first = np.unique(classes, return_index=True)[1]
    nodes = network.nodes[first]
    images = images - images[first][classes]
    rows = np.array(
        [_oriented(bond, classes, images) for bond in network.bonds.tolist()], dtype=np.int64
    )
    found, bond_class = np.unique(rows, axis=0, return_inverse=True)
    bond_class = bond_class.reshape(-1)
    _check_repeats(network, classes, images, found)
    cell = PeriodicCell(nodes, found[:, :2], found[:, 2:], periods)
    _check_joined(cell, network)
    return Periodicity(cell, frozen_ints(bond_class))


def _check_periods(periods_mm: FloatArray) -> None:
    allowed = "two vectors [[ax, ay], [bx, by]] in different directions, mm"
    if periods_mm.shape != (2, 2) or not np.isfinite(periods_mm).all():
        raise InputError(_KEY, f"{periods_mm.tolist()}", allowed)
    lengths = np.hypot(periods_mm[:, 0], periods_mm[:, 1])
    if not abs(np.linalg.det(periods_mm)) > FLAT * lengths.prod():
        raise InputError(_KEY, f"{periods_mm.tolist()}", allowed)


def _classes(network: Network, periods: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the class of each node, (n_nodes,), and its cell, (n_nodes, 2) periods.

    Nodes of one class are whole periods apart. The cells of a class are counted from one node.
    """
    places = network.nodes @ np.linalg.inv(periods)
    shortest = np.hypot(periods[:, 0], periods[:, 1]).min()
    # Equal places are pairs on the torus of all places modulo the periods.
    wrapped = places - np.floor(places)
    wrapped[wrapped >= 1.0] = 0.0
    stretch = np.linalg.norm(np.linalg.inv(periods), 2)
    pairs = KDTree(wrapped, boxsize=np.ones(2)).query_pairs(
        SAME_PLACE * shortest * stretch, output_type="ndarray"
    )
    apart = places[pairs[:, 0]] - places[pairs[:, 1]]
    apart = (apart - np.rint(apart)) @ periods
    pairs = pairs[np.hypot(apart[:, 0], apart[:, 1]) <= SAME_PLACE * shortest]
    n_nodes = network.n_nodes
    graph = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (n_nodes, n_nodes))
    _, classes = sparse.csgraph.connected_components(graph, directed=False)
    first = np.unique(classes, return_index=True)[1]
    images = np.rint(places - places[first][classes]).astype(np.int64)
    return classes.astype(np.int64), images


def _oriented(bond: list[int], classes: IntArray, images: IntArray) -> tuple[int, ...]:
    """Return both classes of a bond and the periods between them, in one of two directions."""
    i, j = bond
    shift = images[j] - images[i]
    one = (int(classes[i]), int(classes[j]), *shift.tolist())
    other = (int(classes[j]), int(classes[i]), *(-shift).tolist())
    return min(one, other)


def _check_repeats(network: Network, classes: IntArray, images: IntArray, found: IntArray) -> None:
    """Check that every pair of nodes has a bond if a pair a period away has one."""
    place_of = {(int(classes[n]), *images[n].tolist()): n for n in range(network.n_nodes)}
    joined = {(min(pair), max(pair)) for pair in network.bonds.tolist()}
    for first, second, *shift in found.tolist():
        for node in np.flatnonzero(classes == first).tolist():
            end = (images[node] + shift).tolist()
            other = place_of.get((second, *end))
            pair = (node, node) if other is None else (min(node, other), max(node, other))
            if other is not None and pair not in joined:
                given = (
                    f"nodes {pair[0]} and {pair[1]} have no bond, but nodes a period away have one"
                )
                raise InputError(_KEY, given, "periods with which the network repeats")


def _check_joined(cell: PeriodicCell, network: Network) -> None:
    """Check that bonds join all nodes of a cell, and each cell with the next in all directions."""
    # A walk along bonds reaches a node at some cell; loops that end at another cell are the
    # translations by which the network is joined with itself.
    cell_of: dict[int, np.ndarray] = {0: np.zeros(2, dtype=np.int64)}
    loops: list[np.ndarray] = []
    queue = [0]
    while queue:
        node = queue.pop()
        for (i, j), shift in zip(cell.bonds.tolist(), cell.shifts, strict=True):
            for start, end, step in ((i, j, shift), (j, i, -shift)):
                if start != node:
                    continue
                place = cell_of[node] + step
                if end not in cell_of:
                    cell_of[end] = place
                    queue.append(end)
                else:
                    loops.append(place - cell_of[end])
    if len(cell_of) < cell.n_nodes:
        given = "the network has parts that are not joined"
        raise InputError(_KEY, given, "a network that is joined")
    steps = np.unique(np.array(loops), axis=0)
    minors = np.abs(np.outer(steps[:, 0], steps[:, 1]) - np.outer(steps[:, 1], steps[:, 0]))
    index = int(np.gcd.reduce(minors.ravel()))
    if index > 1:  # the network is joined with every `index`-th cell only
        given = f"the area of the stated cell is 1/{index} of that by which the network repeats"
        raise InputError(_KEY, given, "the periods of the network, not a fraction of them")
    if index == 0:
        given = "no bonds lead from a cell to the next one in one direction"
        allowed = f"a patch of more than one cell along each period{_nearest(cell, network)}"
        raise InputError(_KEY, given, allowed)


def _nearest(cell: PeriodicCell, network: Network) -> str:
    """Return the vectors between nodes that are nearest to periods which no two nodes have."""
    shortest = np.hypot(cell.periods_mm[:, 0], cell.periods_mm[:, 1]).min()
    nodes, hints = network.nodes, ""
    tree = KDTree(nodes)
    for period in cell.periods_mm:
        distances, ends = tree.query(nodes + period)
        start = int(np.argmin(distances))
        if np.min(distances) > SAME_PLACE * shortest:
            x, y = (nodes[np.asarray(ends)[start]] - nodes[start]).tolist()
            wanted = f"({period[0]:g}, {period[1]:g})"
            hints += f"; no two nodes are {wanted} mm apart, the nearest are ({x:.6g}, {y:.6g})"
    return hints
