"""Rigidity: which nodes can move at no cost, and how over-braced the network is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import eigh

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.bars import compatibility_matrix
from mnnfab.errors import InputError, MechanismError
from mnnfab.linear import factorise
from mnnfab.network import Network

#: A mode of CᵀC is a zero mode below this share of the largest possible eigenvalue.
#: Rounding stays under 1e-13; the softest true mode of a million bonds is near 1e-7.
ZERO = 1e-10
#: Up to this many free degrees of freedom all eigenvalues are computed.
DENSE_DOFS = 1500
#: A node moves in a zero mode when its amplitude exceeds this share of the largest.
MOVES = 1e-6


@dataclass(frozen=True, eq=False)
class Rigidity:
    """The count of Maxwell and Calladine for a network.

    n_free_dofs - n_bonds = n_zero_modes - n_self_stresses.

    Args:
        n_zero_modes: independent motions that lengthen no bond.
        n_self_stresses: independent bond tensions that balance without load.
        moving_nodes: the nodes that take part in a zero mode.
    """

    n_zero_modes: int
    n_self_stresses: int
    moving_nodes: IntArray


def analyse_rigidity(network: Network) -> Rigidity:
    """Count zero modes and states of self-stress with unit stiffness everywhere.

    >>> from mnnfab import triangular_patch
    >>> analyse_rigidity(triangular_patch(4, 16.0, [0, 4])).n_self_stresses
    4
    """
    free = network.free_dofs
    compatibility = compatibility_matrix(network)[:, free]
    modes = (
        _zero_modes((compatibility.T @ compatibility).tocsc()) if free.size else np.empty((0, 0))
    )
    n_zero = modes.shape[1]
    return Rigidity(
        n_zero_modes=n_zero,
        n_self_stresses=network.n_bonds - len(free) + n_zero,
        moving_nodes=_moving_nodes(free, modes),
    )


def require_rigid(network: Network) -> Rigidity:
    """Return the rigidity of a network that can carry any load.

    Raises:
        InputError: if every node is fixed.
        MechanismError: if there are zero modes, with the nodes that move.
    """
    if not network.free_dofs.size:
        raise InputError("network, fixed", "every node is fixed", "at least one free node")
    rigidity = analyse_rigidity(network)
    if rigidity.n_zero_modes:
        moving = ", ".join(map(str, rigidity.moving_nodes[:20]))
        more = " …" if len(rigidity.moving_nodes) > 20 else ""
        raise MechanismError(
            "network",
            f"{rigidity.n_zero_modes} zero mode(s): nodes {moving}{more} move without "
            "lengthening any bond",
            "a rigid network: fix more nodes or add bonds there",
        )
    return rigidity


def _zero_modes(gram: sparse.csc_array) -> FloatArray:
    """Return an orthonormal basis of the null space of CᵀC, (n_free_dofs, n_zero_modes)."""
    limit = ZERO * float(abs(gram).sum(axis=0).max())
    if gram.shape[0] <= DENSE_DOFS:
        values, vectors = eigh(gram.toarray())
        dense_modes: FloatArray = vectors[:, values < limit]
        return dense_modes
    wanted = 4
    while True:
        values, vectors = _softest_modes(gram, wanted, limit)
        if values.max() >= limit or wanted == gram.shape[0] - 1:
            modes: FloatArray = vectors[:, values < limit]
            return modes
        wanted = min(4 * wanted, gram.shape[0] - 1)


def _softest_modes(
    gram: sparse.csc_array, wanted: int, limit: float
) -> tuple[FloatArray, FloatArray]:
    """Return the `wanted` smallest eigenpairs, by inverse iteration about -`limit`."""
    n = gram.shape[0]
    solve = factorise(gram + limit * sparse.eye_array(n))
    inverse = sparse.linalg.LinearOperator((n, n), matvec=solve, dtype=np.float64)
    start = np.random.default_rng(0).standard_normal(n)
    values, vectors = sparse.linalg.eigsh(gram, k=wanted, sigma=-limit, OPinv=inverse, v0=start)
    return values, vectors


def _moving_nodes(free: IntArray, modes: FloatArray) -> IntArray:
    # The norm of a node's rows does not depend on which basis of the null space it is.
    if not modes.size:
        return np.empty(0, dtype=np.int64)
    amplitude = np.zeros(int(free.max()) // 2 + 1)
    np.add.at(amplitude, free // 2, (modes**2).sum(axis=1))
    return np.flatnonzero(np.sqrt(amplitude) > MOVES * np.sqrt(amplitude.max()))
