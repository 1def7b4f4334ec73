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
from mnnfab.linear import Factoriser, make_factoriser
from mnnfab.network import Network

#: Newton's method ends when the forces out of balance are this share of the load, or that of
#: what would stretch a bond to twice its length: less is rounding.
BALANCED, ROUNDING = 1e-10, 1e-14
ITERATIONS = 30
#: Loads are raised by this factor until the outputs change.
RAISE = 1.5
#: The factor is found to this share of it.
TOLERANCE = 0.01
SMALLEST, LARGEST = 1e-3, 100.0


@dataclass(frozen=True)
class LinearRange:
    """How far linear theory holds under a load.

    Args:
        factor: times the load at which it ends; 100 if it holds up to there.
        ends: because the outputs "change", or the network becomes "unstable" before that.
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

    def displacements(self, loads: FloatArray) -> FloatArray | None:
        """Return the displacements under a load, (2 n_nodes,) mm, by Newton's method from rest.

        None if the way there leads through a state that is not stable.

        Args:
            loads: on every degree of freedom, (2 n_nodes,) N.
        """
        free = self.network.free_dofs
        moved = np.zeros_like(loads)
        rounding = ROUNDING * float((self.stiffness * self.network.lengths).max())
        enough = max(BALANCED * float(np.linalg.norm(loads[free])), rounding)
        for _ in range(ITERATIONS):
            forces, tangent = self._state(moved)
            out_of_balance = (loads - forces)[free]
            if np.linalg.norm(out_of_balance) <= enough:
                return moved
            try:
                moved[free] += self._factoriser.factorise(tangent).solve(out_of_balance)
            except ToolError:  # the tangent is not positive definite
                return None
        return None

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

    def ends(factor: float) -> Literal["change", "unstable"] | None:
        moved = bars.displacements(factor * loads)
        if moved is None:
            return "unstable"
        off = np.linalg.norm(moved[outputs] - factor * slope)
        return "change" if off > change * factor * np.linalg.norm(slope) else None

    low, high = 0.0, SMALLEST
    while ends(high) is None:
        if high >= LARGEST:
            return LinearRange(LARGEST, "beyond")
        low, high = high, min(RAISE * high, LARGEST)
    while high - low > TOLERANCE * high:
        middle = (low + high) / 2
        low, high = (middle, high) if ends(middle) is None else (low, middle)
    return LinearRange(high, ends(high) or "change")
