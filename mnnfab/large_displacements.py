"""Large displacements: bars that turn, and the load at which that changes the outputs.

The bars of the bar model, linear springs between pins, with their true lengths in the
deformed network. Thinned joints bend more easily than a real one bends far, so this is the
geometry's share alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError
from mnnfab.linear import factorise
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


def linear_range(
    network: Network,
    stiffness: FloatArray,
    loads: FloatArray,
    outputs: IntArray,
    change: float = 0.05,
) -> LinearRange:
    """Return the factor on a load at which large displacements change the outputs.

    Args:
        network: nodes and bonds.
        stiffness: of the bonds, (n_bonds,) N/mm.
        loads: on every degree of freedom, (2 n_nodes,) N.
        outputs: degrees of freedom that are read, (n_out,).
        change: of the outputs, as a share of what they move by linear theory.
    """
    free, whole = network.free_dofs, np.zeros_like(loads)
    at_rest = _state(network, stiffness, whole)[1]
    whole[free] = factorise(at_rest[free][:, free])(loads[free])
    slope = whole[outputs]

    def ends(factor: float) -> Literal["change", "unstable"] | None:
        moved = displacements(network, stiffness, factor * loads)
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


def displacements(network: Network, stiffness: FloatArray, loads: FloatArray) -> FloatArray | None:
    """Return the displacements under a load, (2 n_nodes,) mm, by Newton's method from rest.

    None if the way there leads through a state that is not stable.

    Args:
        network: nodes and bonds.
        stiffness: of the bonds, (n_bonds,) N/mm.
        loads: on every degree of freedom, (2 n_nodes,) N.
    """
    free = network.free_dofs
    moved = np.zeros_like(loads)
    rounding = ROUNDING * float((stiffness * network.lengths).max())
    enough = max(BALANCED * float(np.linalg.norm(loads[free])), rounding)
    for _ in range(ITERATIONS):
        forces, tangent = _state(network, stiffness, moved)
        out_of_balance = (loads - forces)[free]
        if np.linalg.norm(out_of_balance) <= enough:
            return moved
        try:
            moved[free] += factorise(tangent[free][:, free])(out_of_balance)
        except ToolError:  # the tangent is not positive definite
            return None
    return None


def _state(
    network: Network, stiffness: FloatArray, moved: FloatArray
) -> tuple[FloatArray, sparse.csc_array]:
    """Return the forces that hold a deformed network, (2 n_nodes,) N, and its tangent."""
    first, second = network.bonds.T
    places = network.nodes + moved.reshape(-1, 2)
    vectors = places[second] - places[first]
    lengths = np.hypot(*vectors.T)
    directions = vectors / lengths[:, None]
    normal = stiffness * (lengths - network.lengths)
    forces = np.zeros_like(places)
    np.add.at(forces, second, normal[:, None] * directions)
    np.add.at(forces, first, -normal[:, None] * directions)
    outer = directions[:, :, None] * directions[:, None, :]
    block = (stiffness - normal / lengths)[:, None, None] * outer
    block += (normal / lengths)[:, None, None] * np.eye(2)
    whole = np.concatenate(
        [np.concatenate([block, -block], axis=2), np.concatenate([-block, block], axis=2)], axis=1
    )
    dofs = np.stack([2 * first, 2 * first + 1, 2 * second, 2 * second + 1], axis=1)
    rows, columns = np.repeat(dofs, 4, axis=1).ravel(), np.tile(dofs, (1, 4)).ravel()
    shape = (len(moved), len(moved))
    tangent = sparse.coo_array((whole.ravel(), (rows, columns)), shape=shape).tocsc()
    return forces.ravel(), tangent
