"""Large displacements of the bar model and the load factor at which the linear range ends.

The bars are linear springs between pins, with their exact lengths in the deformed network.
Bending of the joints is neglected, so only the geometric nonlinearity is included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import Factoriser, make_factoriser
from mnnfab.network.free_motions import free_basis
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, read_ports
from mnnfab.network.supports import spring_vectors

#: Convergence of Newton's method: force residual divided by the load, or force residual divided
#: by the rounding error of the bond forces, which is the smallest residual that can be reached.
FORCE_TOLERANCE, ROUNDING_FACTOR = 1e-10, 8.0
MAX_ITERATIONS = 30
#: Ratio of successive loads until the linear range ends; each starts from the previous state.
LOAD_STEP_RATIO = 1.25
#: Relative tolerance of the load factor.
FACTOR_TOLERANCE = 0.01
MIN_FACTOR, MAX_FACTOR = 1e-3, 100.0


@dataclass(frozen=True)
class LinearRange:
    """End of the linear range under a load.

    Args:
        factor: load factor at which the linear range ends; 100 if it does not end below that.
        ends: reason: "change" of the outputs beyond the limit, "unstable" if no stable state is
            found beyond it, or "beyond" if the range does not end up to a load factor of 100.
    """

    factor: float
    ends: Literal["change", "unstable", "beyond"]


@dataclass(frozen=True, eq=False)
class NonlinearBars:
    """Bar model with the exact kinematics of large displacements.

    Args:
        network: nodes and bonds.
        stiffness: stiffness of the bonds, (n_bonds,) N/mm.
    """

    network: Network
    stiffness: FloatArray

    def displacements(
        self, loads: FloatArray, start: FloatArray | None = None
    ) -> FloatArray | None:
        """Return the displacements under a load by Newton's method.

        Args:
            loads: load of every degree of freedom, (2 n_nodes,) N.
            start: initial displacements, (2 n_nodes,) mm; zero if not given.

        Returns:
            Displacements, (2 n_nodes,) mm, or None if Newton's method does not converge to a
            stable state from the initial displacements.
        """
        basis = self._basis
        displacements = np.zeros_like(loads) if start is None else start.copy()
        size = float(np.linalg.norm(basis.T @ loads))
        tolerance = max(FORCE_TOLERANCE * size, self._rounding_error)
        for _ in range(MAX_ITERATIONS):
            forces, tangent = self._state(displacements)
            residual = basis.T @ (loads - forces)
            try:
                factor = self._factoriser.factorise(tangent)
            except ToolError:  # the tangent is not positive definite
                return None
            if np.linalg.norm(residual) <= tolerance:
                return displacements
            displacements += basis @ factor.solve(residual)
        return None

    @property
    def _rounding_error(self) -> float:
        """Force residual caused by the rounding of positions and lengths, N."""
        network = self.network
        size = float(np.abs(network.nodes).max() + network.lengths.max())
        bond_force_error = np.finfo(float).eps * float(self.stiffness.max()) * size
        return ROUNDING_FACTOR * bond_force_error * float(np.sqrt(self._basis.shape[1]))

    def linear_displacements(self, loads: FloatArray) -> FloatArray:
        """Return the displacements by linear theory, (2 n_nodes,) mm."""
        return self.small_displacements(np.zeros_like(loads), loads)

    def small_displacements(self, state: FloatArray, loads: FloatArray) -> FloatArray:
        """Return the displacements by small additional loads in a state, (2 n_nodes,) mm.

        Raises:
            ToolError: if the state is not stable.
        """
        _, tangent = self._state(state)
        solution = self._factoriser.factorise(tangent).solve(self._basis.T @ loads)
        displacements: FloatArray = self._basis @ solution
        return displacements

    @cached_property
    def _bond_dofs(self) -> IntArray:
        """Degrees of freedom of each bond, (n_bonds, 4)."""
        dofs: IntArray = (2 * self.network.bonds[:, :, None] + np.arange(2)).reshape(-1, 4)
        return dofs

    @cached_property
    def _factoriser(self) -> Factoriser:
        """Factoriser of the tangents, which all have the same sparsity pattern."""
        return make_factoriser(self._lower(np.ones((self.network.n_bonds, 4, 4))))

    @cached_property
    def _basis(self) -> sparse.csc_array:
        """Orthonormal basis of the displacements that no support holds, (2 n_nodes, n_free)."""
        return free_basis(self.network)

    @cached_property
    def _ground(self) -> sparse.csc_array:
        """Stiffness of the springs to the ground, (2 n_nodes, 2 n_nodes) N/mm."""
        vectors, sizes = spring_vectors(self.network.n_nodes, self.network.supports)
        return sparse.csc_array(sparse.csc_array(vectors * sizes) @ sparse.csc_array(vectors).T)

    @cached_property
    def _motions(self) -> tuple[IntArray, FloatArray]:
        """Free motions in which each degree of freedom takes part, and its shares, (2 n_nodes, 2).

        Those that do not exist are -1.
        """
        rows = sparse.csr_array(self._basis)
        counts = np.diff(rows.indptr)
        dof = np.repeat(np.arange(len(counts)), counts)
        slot = np.arange(rows.nnz) - np.repeat(rows.indptr[:-1], counts)
        motions, shares = np.full((len(counts), 2), -1), np.zeros((len(counts), 2))
        motions[dof, slot], shares[dof, slot] = rows.indices, rows.data
        return motions, shares

    def _lower(self, blocks: FloatArray) -> sparse.csc_array:
        """Return the lower triangle, on the free degrees of freedom, assembled from bond blocks."""
        dofs, ground = self._bond_dofs, self._ground.tocoo()
        rows = np.concatenate([np.repeat(dofs, 4, axis=1).ravel(), ground.row])
        columns = np.concatenate([np.tile(dofs, (1, 4)).ravel(), ground.col])
        values = np.concatenate([blocks.ravel(), ground.data])
        # A product of sparse matrices would drop entries that happen to be zero.
        motions, shares = self._motions
        pairs = [(motions[rows, i], motions[columns, j]) for i in (0, 1) for j in (0, 1)]
        low, high = (np.concatenate(one) for one in zip(*pairs, strict=True))
        weights = [values * shares[rows, i] * shares[columns, j] for i in (0, 1) for j in (0, 1)]
        kept = (high >= 0) & (low >= high)
        shape = (self._basis.shape[1],) * 2
        entries = np.concatenate(weights)[kept], (low[kept], high[kept])
        lower = sparse.csc_array(sparse.coo_array(entries, shape=shape))
        lower.sort_indices()
        return lower

    def _state(self, displacements: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the internal forces of a deformed network, (2 n_nodes,) N, and its tangent."""
        network, stiffness = self.network, self.stiffness
        first, second = network.bonds.T
        positions = network.nodes + displacements.reshape(-1, 2)
        vectors = positions[second] - positions[first]
        lengths = np.hypot(*vectors.T)
        directions = vectors / lengths[:, None]
        normal = stiffness * (lengths - network.lengths)
        forces = np.zeros_like(positions)
        np.add.at(forces, second, normal[:, None] * directions)
        np.add.at(forces, first, -normal[:, None] * directions)
        transverse = normal / lengths
        block = (
            (stiffness - transverse)[:, None, None] * directions[:, :, None] * directions[:, None]
        )
        block += transverse[:, None, None] * np.eye(2)
        ends = np.array([[1.0, -1.0], [-1.0, 1.0]])
        blocks = np.einsum("pq,bij->bpiqj", ends, block).reshape(-1, 4, 4)
        return forces.ravel() + self._ground @ displacements, self._lower(blocks).data


def linear_range(
    bars: NonlinearBars, loads: FloatArray, outputs: Sequence[AnyPort], change: float = 0.05
) -> LinearRange:
    """Return the load factor at which the linear range of a load case ends.

    Args:
        bars: the network.
        loads: load of every degree of freedom, (2 n_nodes,) N.
        outputs: ports that are read.
        change: error limit: change of the outputs by large displacements, relative to their
            displacements by linear theory.
    """
    linear = read_ports(outputs, bars.linear_displacements(loads))
    low, high, state = 0.0, MIN_FACTOR, np.zeros_like(loads)
    while (
        step := _solve_load_step(bars, high, loads, state, outputs, linear, change)
    ).ends is None:
        if high >= MAX_FACTOR:
            return LinearRange(MAX_FACTOR, "beyond")
        assert step.state is not None, "a state exists within the linear range"
        low, high, state = high, min(LOAD_STEP_RATIO * high, MAX_FACTOR), step.state
    ends: Literal["change", "unstable"] = step.ends
    while high - low > FACTOR_TOLERANCE * high and high > MIN_FACTOR**2:
        middle = (low + high) / 2
        step = _solve_load_step(bars, middle, loads, state, outputs, linear, change)
        if step.ends is not None:
            high, ends = middle, step.ends
        elif step.state is not None:
            low, state = middle, step.state
    return LinearRange(high, ends)


@dataclass(frozen=True, eq=False)
class _LoadStep:
    """Result at a load factor: the state, if a stable one exists, and why the linear range ends."""

    state: FloatArray | None
    ends: Literal["change", "unstable"] | None


def _solve_load_step(
    bars: NonlinearBars,
    factor: float,
    loads: FloatArray,
    start: FloatArray,
    outputs: Sequence[AnyPort],
    linear: FloatArray,
    change: float,
) -> _LoadStep:
    """Solve another load factor, starting from the last stable state."""
    displacements = bars.displacements(factor * loads, start)
    if displacements is None:
        return _LoadStep(None, "unstable")
    difference = np.linalg.norm(read_ports(outputs, displacements) - factor * linear)
    limit_exceeded = difference > change * factor * np.linalg.norm(linear)
    return _LoadStep(displacements, "change" if limit_exceeded else None)
