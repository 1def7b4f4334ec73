"""Large displacements: bars that turn, and the load at which that changes the outputs.

The bars of the bar model, linear springs between pins, with their true lengths in the
deformed network. Thinned joints bend more easily than a real one bends far, so this is the
geometry's share alone.
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

#: Newton's method ends when the forces out of balance are this share of the load, or so many
#: times the rounding of a bond's force: less is not to be had.
BALANCED, ROUNDING = 1e-10, 8.0
ITERATIONS = 30
#: Loads are raised by this factor until the outputs change, each from the state before.
RAISE = 1.25
#: The factor is found to this share of it.
TOLERANCE = 0.01
SMALLEST, LARGEST = 1e-3, 100.0


@dataclass(frozen=True)
class LinearRange:
    """How far linear theory holds under a load.

    Args:
        factor: times the load at which it ends; 100 if it holds up to there.
        ends: because the outputs "change", or no stable state is found beyond ("unstable").
    """

    factor: float
    ends: Literal["change", "unstable", "beyond"]


@dataclass(frozen=True, eq=False)
class ExactBars:
    """Bars whose directions follow the deformed network.

    Args:
        network: nodes and bonds.
        stiffness: of the bonds, (n_bonds,) N/mm.
    """

    network: Network
    stiffness: FloatArray

    def displacements(
        self, loads: FloatArray, start: FloatArray | None = None
    ) -> FloatArray | None:
        """Return the displacements under a load, (2 n_nodes,) mm, by Newton's method.

        None if it does not come to a stable state from where it starts.

        Args:
            loads: on every degree of freedom, (2 n_nodes,) N.
            start: displacements under another load, (2 n_nodes,) mm; at rest if not given.
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
        """What is left of balance by the rounding of places and lengths, N."""
        network = self.network
        size = float(np.abs(network.nodes).max() + network.lengths.max())
        of_a_bond = np.finfo(float).eps * float(self.stiffness.max()) * size
        return ROUNDING * of_a_bond * float(np.sqrt(len(network.free_dofs)))

    def small_displacements(self, loads: FloatArray) -> FloatArray:
        """Return the displacements by linear theory, (2 n_nodes,) mm."""
        moved, free = np.zeros_like(loads), self.network.free_dofs
        _, at_rest = self._state(moved)
        moved[free] = self._factoriser.factorise(at_rest).solve(loads[free])
        return moved

    @cached_property
    def _places(self) -> IntArray:
        """The degrees of freedom of each bond, (n_bonds, 4)."""
        dofs: IntArray = (2 * self.network.bonds[:, :, None] + np.arange(2)).reshape(-1, 4)
        return dofs

    @cached_property
    def _factoriser(self) -> Factoriser:
        """What all tangents share: they have their entries in the same places."""
        return make_factoriser(self._lower(np.ones((self.network.n_bonds, 4, 4))))

    def _lower(self, blocks: FloatArray) -> sparse.csc_array:
        """Return the lower triangle on the free degrees of freedom of one block a bond."""
        places, free = self._places, self.network.free_dofs
        rows, columns = np.repeat(places, 4, axis=1).ravel(), np.tile(places, (1, 4)).ravel()
        shape = (2 * self.network.n_nodes,) * 2
        whole = sparse.coo_array((blocks.ravel(), (rows, columns)), shape=shape).tocsc()
        lower = sparse.csc_array(sparse.tril(whole[free][:, free]))
        lower.sort_indices()
        return lower

    def _state(self, moved: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the forces that hold a deformed network, (2 n_nodes,) N, and its tangent."""
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
    bars: ExactBars, loads: FloatArray, outputs: IntArray, change: float = 0.05
) -> LinearRange:
    """Return the factor on a load at which large displacements change the outputs.

    Args:
        bars: the network.
        loads: on every degree of freedom, (2 n_nodes,) N.
        outputs: degrees of freedom that are read, (n_out,).
        change: of the outputs, as a share of what they move by linear theory.
    """
    slope = bars.small_displacements(loads)[outputs]
    low, high, state = 0.0, SMALLEST, np.zeros_like(loads)
    while (found := _try(bars, high, loads, state, outputs, slope, change)).ends is None:
        if high >= LARGEST:
            return LinearRange(LARGEST, "beyond")
        assert found.state is not None, "it did not end"
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
    """A load factor: the state under it, if there is one, and whether linear theory ended."""

    state: FloatArray | None
    ends: Literal["change", "unstable"] | None


def _try(
    bars: ExactBars,
    factor: float,
    loads: FloatArray,
    start: FloatArray,
    outputs: IntArray,
    slope: FloatArray,
    change: float,
) -> _Tried:
    """Go on from the last stable state to another load."""
    moved = bars.displacements(factor * loads, start)
    if moved is None:
        return _Tried(None, "unstable")
    off = np.linalg.norm(moved[outputs] - factor * slope)
    ended = off > change * factor * np.linalg.norm(slope)
    return _Tried(moved, "change" if ended else None)
