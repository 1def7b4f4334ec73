"""Large displacements of the bar model and the load factor at which the linear range ends.

The bars are linear springs between pins, with their exact lengths in the deformed network.
Bending of the joints is neglected, so only the geometric nonlinearity is included.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import Factoriser, make_factoriser
from mnnfab.network.network import Network

#: Convergence of Newton's method: force residual divided by the load, or force residual divided
#: by the rounding error of the bond forces, which is the smallest residual that can be reached.
BALANCED, ROUNDING = 1e-10, 8.0
ITERATIONS = 30
#: Ratio of successive loads until the linear range ends; each starts from the previous state.
RAISE = 1.25
#: Relative tolerance of the load factor.
TOLERANCE = 0.01
SMALLEST, LARGEST = 1e-3, 100.0


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
        free = self.network.free_dofs
        moved = np.zeros_like(loads) if start is None else start.copy()
        enough = max(BALANCED * float(np.linalg.norm(loads[free])), self._rounding)
        for _ in range(ITERATIONS):
            forces, tangent = self._state(moved)
            out_of_balance = (loads - forces)[free]
            try:
                factor = self._factoriser.factorise(tangent)
            except ToolError:  # the tangent is not positive definite
                return None
            if np.linalg.norm(out_of_balance) <= enough:
                return moved
            moved[free] += factor.solve(out_of_balance)
        return None

    @property
    def _rounding(self) -> float:
        """Force residual caused by the rounding of positions and lengths, N."""
        network = self.network
        size = float(np.abs(network.nodes).max() + network.lengths.max())
        of_a_bond = np.finfo(float).eps * float(self.stiffness.max()) * size
        return ROUNDING * of_a_bond * float(np.sqrt(len(network.free_dofs)))

    def linear_displacements(self, loads: FloatArray) -> FloatArray:
        """Return the displacements by linear theory, (2 n_nodes,) mm."""
        moved, free = np.zeros_like(loads), self.network.free_dofs
        _, at_rest = self._state(moved)
        moved[free] = self._factoriser.factorise(at_rest).solve(loads[free])
        return moved

    @cached_property
    def _places(self) -> IntArray:
        """Degrees of freedom of each bond, (n_bonds, 4)."""
        dofs: IntArray = (2 * self.network.bonds[:, :, None] + np.arange(2)).reshape(-1, 4)
        return dofs

    @cached_property
    def _factoriser(self) -> Factoriser:
        """Factoriser of the tangents, which all have the same sparsity pattern."""
        return make_factoriser(self._lower(np.ones((self.network.n_bonds, 4, 4))))

    def _lower(self, blocks: FloatArray) -> sparse.csc_array:
        """Return the lower triangle, on the free degrees of freedom, assembled from bond blocks."""
        places, free = self._places, self.network.free_dofs
        rows, columns = np.repeat(places, 4, axis=1).ravel(), np.tile(places, (1, 4)).ravel()
        shape = (2 * self.network.n_nodes,) * 2
        whole = sparse.coo_array((blocks.ravel(), (rows, columns)), shape=shape).tocsc()
        lower = sparse.csc_array(sparse.tril(whole[free][:, free]))
        lower.sort_indices()
        return lower

    def _state(self, moved: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the internal forces of a deformed network, (2 n_nodes,) N, and its tangent."""
        network, stiffness = self.network, self.stiffness
        first, second = network.bonds.T
        places = network.nodes + moved.reshape(-1, 2)
        vectors = places[second] - places[first]
        lengths = np.hypot(*vectors.T)
        directions = vectors / lengths[:, None]
        normal = stiffness * (lengths - network.lengths)
        forces = np.zeros_like(places)
        np.add.at(forces, second, normal[:, None] * directions)
        np.add.at(forces, first, -normal[:, None] * directions)
        turning = normal / lengths
        block = (stiffness - turning)[:, None, None] * directions[:, :, None] * directions[:, None]
        block += turning[:, None, None] * np.eye(2)
        ends = np.array([[1.0, -1.0], [-1.0, 1.0]])
        blocks = np.einsum("pq,bij->bpiqj", ends, block).reshape(-1, 4, 4)
        return forces.ravel(), self._lower(blocks).data


def linear_range(
    bars: NonlinearBars, loads: FloatArray, outputs: IntArray, change: float = 0.05
) -> LinearRange:
    """Return the load factor at which the linear range of a load case ends.

    Args:
        bars: the network.
        loads: load of every degree of freedom, (2 n_nodes,) N.
        outputs: degrees of freedom of the outputs, (n_out,).
        change: error limit: change of the outputs by large displacements, relative to their
            displacements by linear theory.
    """
    slope = bars.linear_displacements(loads)[outputs]
    low, high, state = 0.0, SMALLEST, np.zeros_like(loads)
    while (found := _try(bars, high, loads, state, outputs, slope, change)).ends is None:
        if high >= LARGEST:
            return LinearRange(LARGEST, "beyond")
        assert found.state is not None, "a state exists within the linear range"
        low, high, state = high, min(RAISE * high, LARGEST), found.state
    ends: Literal["change", "unstable"] = found.ends
    while high - low > TOLERANCE * high and high > SMALLEST**2:
        middle = (low + high) / 2
        found = _try(bars, middle, loads, state, outputs, slope, change)
        if found.ends is not None:
            high, ends = middle, found.ends
        elif found.state is not None:
            low, state = middle, found.state
    return LinearRange(high, ends)


@dataclass(frozen=True, eq=False)
class _Tried:
    """Result at a load factor: the state, if a stable one exists, and why the linear range ends."""

    state: FloatArray | None
    ends: Literal["change", "unstable"] | None


def _try(
    bars: NonlinearBars,
    factor: float,
    loads: FloatArray,
    start: FloatArray,
    outputs: IntArray,
    slope: FloatArray,
    change: float,
) -> _Tried:
    """Solve another load factor, starting from the last stable state."""
    moved = bars.displacements(factor * loads, start)
    if moved is None:
        return _Tried(None, "unstable")
    off = np.linalg.norm(moved[outputs] - factor * slope)
    ended = off > change * factor * np.linalg.norm(slope)
    return _Tried(moved, "change" if ended else None)
