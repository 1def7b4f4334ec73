"""Rigidity: which nodes can move at no cost, and how over-braced the network is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import svd

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError, MechanismError
from mnnfab.linalg.cholesky import factorise
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network

#: A motion is a zero mode if it lengthens the bonds by less than this share of what the
#: stiffest motion does. Rounding stays under 1e-13; a slender strip that is rigid comes
#: down to 1e-8, its softest singular value falling with the square of its length.
ZERO = 1e-11
#: Up to this many free degrees of freedom all singular values are computed.
DENSE_DOFS = 600
#: Beyond that, so many zero modes are looked for at first and at the most.
FEW_MODES, MOST_MODES = 8, 32
#: Added to CᵀC, as a share of its largest eigenvalue, so that it can be factorised.
SHIFT = 1e-12
#: Rounds of inverse iteration.
ROUNDS = 4
#: A node moves in a zero mode when its amplitude exceeds this share of the largest.
MOVES = 1e-6


@dataclass(frozen=True, eq=False)
class Rigidity:
    """The count of Maxwell and Calladine for a network.

    n_free_dofs - n_bonds = n_zero_modes - n_self_stresses.

    Args:
        n_zero_modes: independent motions that lengthen no bond; for networks of more than
            `DENSE_DOFS` free degrees of freedom no more than `MOST_MODES` are counted.
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
    modes = _zero_modes(compatibility) if free.size else np.empty((0, 0))
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


def _zero_modes(compatibility: sparse.csr_array) -> FloatArray:
    """Return an orthonormal basis of the null space of C, (n_free_dofs, n_zero_modes)."""
    # Singular values of C, not eigenvalues of CᵀC: squaring would drown a soft mode in
    # the rounding of a zero mode.
    n_dofs = compatibility.shape[1]
    if n_dofs <= DENSE_DOFS:
        return _null_space(compatibility.toarray(), ZERO * _largest(compatibility))
    # A few at first, since most networks have none; then as many as are ever reported.
    for wanted in (FEW_MODES, MOST_MODES):
        softest = _softest_motions(compatibility, wanted)
        inside = _null_space(compatibility @ softest, ZERO * _largest(compatibility))
        if inside.shape[1] < wanted:
            break
    modes: FloatArray = softest @ inside
    return modes


def _largest(compatibility: sparse.csr_array) -> float:
    """Return an upper bound of the largest singular value."""
    return float(np.sqrt(abs(compatibility.T @ compatibility).sum(axis=0).max()))


def _null_space(matrix: FloatArray, limit: float) -> FloatArray:
    """Return right singular vectors of singular values below `limit`, as columns."""
    rows, columns = matrix.shape
    _, values, vectors = svd(matrix, full_matrices=rows < columns)
    padded = np.zeros(len(vectors))
    padded[: len(values)] = values
    basis: FloatArray = vectors[padded < limit].T
    return basis


def _softest_motions(compatibility: sparse.csr_array, wanted: int) -> FloatArray:
    """Return a basis of the `wanted` softest motions, (n_free_dofs, wanted).

    Inverse iteration on a block: unlike Lanczos's method it does not mind any number of
    equal eigenvalues, and zero modes are all equal. Zero modes grow so much faster than
    the others that a few rounds separate them to rounding.
    """
    gram = (compatibility.T @ compatibility).tocsc()
    shift = SHIFT * _largest(compatibility) ** 2
    solve = factorise(gram + shift * sparse.eye_array(gram.shape[0]))
    motions = np.random.default_rng(0).standard_normal((gram.shape[0], wanted))
    for _ in range(ROUNDS):
        motions = np.linalg.qr(solve(motions)).Q
    return motions


def _moving_nodes(free: IntArray, modes: FloatArray) -> IntArray:
    # The norm of a node's rows does not depend on which basis of the null space it is.
    if not modes.size:
        return np.empty(0, dtype=np.int64)
    amplitude = np.zeros(int(free.max()) // 2 + 1)
    np.add.at(amplitude, free // 2, (modes**2).sum(axis=1))
    return np.flatnonzero(np.sqrt(amplitude) > MOVES * np.sqrt(amplitude.max()))
