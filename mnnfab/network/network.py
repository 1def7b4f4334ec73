"""The network: nodes in the plane, bonds between them, and fixed nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints
from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr
from mnnfab.network.supports import Support, check_supports

#: Bonds shorter than this (mm) are rejected as input errors: no process can make them.
MIN_BOND_MM = 1e-6
#: Largest coordinate (mm): beyond it the CAD kernel has too few digits to resolve a joint.
MAX_COORDINATE_MM = 1e5


@dataclass(frozen=True, eq=False)
class Network:
    """A planar network of bonds, validated on creation.

    Args:
        nodes: joint centres, (n_nodes, 2) mm.
        bonds: the two nodes of each bond, (n_bonds, 2), counted from 0.
        fixed: nodes with zero displacement, (n_fixed,).
        supports: supports of single directions of other nodes.

    Raises:
        InputError: if a number is not finite, a node is out of range, a bond is
            repeated or has no length, or a node has no bond.
    """

    nodes: FloatArray
    bonds: IntArray
    fixed: IntArray
    supports: tuple[Support, ...] = ()

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Validate the values and make the arrays read-only."""
        object.__setattr__(self, "nodes", _coordinates(self.nodes))
        object.__setattr__(self, "bonds", _indices("bonds", self.bonds, columns=2))
        object.__setattr__(self, "fixed", _indices("fixed", self.fixed, columns=None))
        self._check_ranges()
        self._check_repeats()
        self._check_lengths()
        self._check_every_node_is_used()
        check_supports(self.n_nodes, self.fixed.tolist(), self.supports)

    def _repr_svg_(self) -> str:
        """Return a picture of the network for notebooks."""
        return self.svg()

    def svg(
        self,
        widths_mm: FloatArray | None = None,
        limits_mm: tuple[float, float] | None = None,
        size: int = 320,
    ) -> str:
        """Return a picture of the network as SVG.

        Args:
            widths_mm: (n_bonds,) mm, drawn to scale and in colour if given.
            limits_mm: of the colours.
            size: of the longer side, pixels.
        """
        from mnnfab.network.svg import network_svg

        return network_svg(self.nodes, self.bonds, self.fixed, widths_mm, limits_mm, size)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def n_bonds(self) -> int:
        """Number of bonds."""
        return len(self.bonds)

    @property
    def vectors(self) -> FloatArray:
        """Vector from the first node of each bond to the second, (n_bonds, 2) mm."""
        difference: FloatArray = self.nodes[self.bonds[:, 1]] - self.nodes[self.bonds[:, 0]]
        return difference

    @property
    def lengths(self) -> FloatArray:
        """Length of each bond, (n_bonds,) mm."""
        vectors = self.vectors
        return np.hypot(vectors[:, 0], vectors[:, 1])

    @property
    def directions(self) -> FloatArray:
        """Unit vector along each bond, (n_bonds, 2)."""
        return self.vectors / self.lengths[:, None]

    @property
    def free_dofs(self) -> IntArray:
        """Degrees of freedom 2·node + axis of the nodes that are not fixed."""
        free = np.ones(2 * self.n_nodes, dtype=bool)
        free[2 * self.fixed] = free[2 * self.fixed + 1] = False
        return np.flatnonzero(free)

    def without(self, damage: Sequence[tuple[int, int]]) -> Network:
        """Return the network without some bonds, each given by its two nodes.

        Raises:
            InputError: if a bond does not exist or is given twice, or a node would lose all
                its bonds.
        """
        if not damage:
            return self
        bond_of = {(i, j): bond for bond, (i, j) in enumerate(np.sort(self.bonds).tolist())}
        removed: set[int] = set()
        for index, (first, second) in enumerate(damage):
            where = f"network, damage[{index}]"
            bond = bond_of.get((min(first, second), max(first, second)))
            if bond is None:
                neighbours = sorted(
                    set(self.bonds[(self.bonds == first).any(axis=1)].ravel().tolist())
                )
                hint = f"; node {first} is joined to {[n for n in neighbours if n != first]}"
                raise InputError(
                    where,
                    f"no bond joins nodes {first} and {second}",
                    f"two nodes with a bond between them{hint if neighbours else ''}",
                )
            if bond in removed:
                raise InputError(where, f"[{first}, {second}] is given twice", "each bond once")
            removed.add(bond)
        bonds = np.delete(self.bonds, sorted(removed), axis=0)
        isolated = np.setdiff1d(self.bonds, bonds)
        if isolated.size:
            raise InputError(
                "network, damage", f"node {isolated[0]} loses all its bonds", "fewer cuts there"
            )
        return replace(self, bonds=bonds)

    def place(self, node: int) -> tuple[float, float]:
        """Return the coordinates of a node, (x, y) mm."""
        x, y = self.nodes[node].tolist()
        return x, y

    def bond_name(self, bond: int) -> str:
        """Return the name of a bond for messages: its number and its nodes.

        >>> Network(np.array([[0, 0], [1, 0]]), np.array([[0, 1]]), np.array([0])).bond_name(0)
        'bond 0 (0–1)'
        """
        first, second = self.bonds[bond]
        return f"bond {bond} ({first}–{second})"

    def _check_ranges(self) -> None:
        allowed = f"nodes 0 to {self.n_nodes - 1}"
        for key, numbers in (("bonds", self.bonds), ("fixed", self.fixed)):
            outside = numbers[(numbers < 0) | (numbers >= self.n_nodes)]
            if outside.size:
                raise InputError(f"network, {key}", f"node {outside[0]} does not exist", allowed)

    def _check_repeats(self) -> None:
        loops = np.flatnonzero(self.bonds[:, 0] == self.bonds[:, 1])
        if loops.size:
            raise InputError(
                f"network, bond {loops[0]}",
                f"node {self.bonds[loops[0], 0]} twice",
                "two different nodes",
            )
        keys = self.bonds.min(axis=1) * self.n_nodes + self.bonds.max(axis=1)
        order = np.argsort(keys, kind="stable")
        repeated = np.flatnonzero(np.diff(keys[order]) == 0)
        if repeated.size:
            earlier, bond = order[repeated[0]], order[repeated[0] + 1]
            first, second = np.sort(self.bonds[bond])
            raise InputError(
                f"network, bond {bond}",
                f"nodes {first} and {second}, which bond {earlier} joins already",
                "at most one bond per pair of nodes",
            )
        if len(set(self.fixed.tolist())) < len(self.fixed):
            raise InputError("network, fixed", f"{self.fixed.tolist()}", "each node once")

    def _check_lengths(self) -> None:
        short = np.flatnonzero(self.lengths < MIN_BOND_MM)
        if short.size:
            raise InputError(
                f"network, {self.bond_name(int(short[0]))}",
                f"length {self.lengths[short[0]]:g} mm",
                f"a bond longer than {MIN_BOND_MM:g} mm",
            )

    def _check_every_node_is_used(self) -> None:
        unused = np.flatnonzero(np.bincount(self.bonds.ravel(), minlength=self.n_nodes) == 0)
        if unused.size:
            raise InputError(
                "network, nodes", f"node {unused[0]} has no bond", "nodes with at least one bond"
            )


def _coordinates(values: ArrayLike) -> FloatArray:
    try:
        nodes = frozen_floats(values)
    except (TypeError, ValueError) as error:
        raise InputError("network, nodes", f"{error}", "pairs of numbers [x, y] in mm") from error
    if nodes.ndim != 2 or nodes.shape[1] != 2 or len(nodes) < 2:
        raise InputError(
            "network, nodes", f"an array of shape {nodes.shape}", "two or more pairs [x, y] in mm"
        )
    invalid = np.flatnonzero(~(np.abs(nodes) <= MAX_COORDINATE_MM).all(axis=1))
    if invalid.size:
        raise InputError(
            f"network, node {invalid[0]}",
            f"{nodes[invalid[0]].tolist()}",
            f"finite coordinates up to ±{MAX_COORDINATE_MM:g} mm",
        )
    return nodes


def _indices(key: str, values: ArrayLike, *, columns: int | None) -> IntArray:
    allowed = "pairs of node numbers [i, j]" if columns else "a list of node numbers"
    try:
        array = frozen_ints(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"network, {key}", f"{error}", allowed) from error
    wrong_shape = array.ndim != 2 or array.shape[1] != columns if columns else array.ndim != 1
    if wrong_shape or (columns and not array.size):
        raise InputError(f"network, {key}", f"an array of shape {array.shape}", allowed)
    return array
