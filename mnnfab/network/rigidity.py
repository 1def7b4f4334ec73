"""Rigidity: zero modes and states of self-stress of a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.linalg import svd

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError, MechanismError
from mnnfab.io.short_repr import short_repr
from mnnfab.linalg.cholesky import factorise
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network
from mnnfab.network.ports import port_vectors

#: Singular values of the compatibility matrix below this fraction of the largest belong to zero
#: modes. Rounding stays below 1e-13; a rigid slender strip reaches 1e-8, since its smallest
#: singular value decreases with the square of its length.
ZERO_TOLERANCE = 1e-11
#: Up to this many free degrees of freedom all singular values are computed.
DENSE_DOFS = 600
#: Above that, the number of zero modes searched for first, and the maximum.
FIRST_MODES, MAX_MODES = 8, 32
#: Diagonal shift that makes CᵀC factorisable, as a fraction of its largest eigenvalue.
SHIFT = 1e-12
#: Number of inverse iterations.
INVERSE_ITERATIONS = 4
#: A node takes part in a zero mode if its amplitude exceeds this fraction of the largest.
AMPLITUDE_THRESHOLD = 1e-6


@dataclass(frozen=True, eq=False)
class Rigidity:
    """The Maxwell–Calladine count of a network.

    n_free_dofs - n_bonds - n_supports = n_zero_modes - n_self_stresses, with the supports of
    single directions.

    Args:
        n_zero_modes: number of independent motions that lengthen no bond; at most `MAX_MODES`
            are counted for networks of more than `DENSE_DOFS` free degrees of freedom.
        n_self_stresses: number of independent states of bond tension in equilibrium without load.
        moving_nodes: the nodes that take part in a zero mode.
    """

    n_zero_modes: int
    n_self_stresses: int
    moving_nodes: IntArray

    __repr__ = short_repr


def analyse_rigidity(network: Network) -> Rigidity:
    """Count zero modes and states of self-stress, with unit stiffness of all bonds.

    >>> from mnnfab import triangular_patch
    >>> analyse_rigidity(triangular_patch(4, 16.0, [0, 4])).n_self_stresses
    4
    """
    free = network.free_dofs
    bonds, supports = compatibility_matrix(network), _support_rows(network)
    compatibility = sparse.csr_array(sparse.vstack([bonds, supports]))[:, free]
    modes = _zero_modes(compatibility) if free.size else np.empty((0, 0))
    n_zero = modes.shape[1]
    return Rigidity(
        n_zero_modes=n_zero,
        n_self_stresses=compatibility.shape[0] - len(free) + n_zero,
        moving_nodes=_moving_nodes(free, modes),
    )


def _support_rows(network: Network) -> sparse.csr_array:
    """Return supports of single directions as rows of C: springs, and rigid ones of any stiffness.

    The sum of free displacements and states of self-stress counts them like bonds.
    """
    ports = [support.port for support in network.supports]
    return sparse.csr_array(port_vectors(network.n_nodes, ports).T)


def require_rigid(network: Network) -> Rigidity:
    """Return the rigidity of a network and check that it has no zero modes.

    Raises:
        InputError: if every node is fixed.
        MechanismError: if there are zero modes; the message names the nodes that move.
    """
    if not network.free_dofs.size:
        raise InputError("network, fixed", "every node is fixed", "at least one free node")
    _require_held_out_of_plane(network)
    rigidity = analyse_rigidity(network)
    if rigidity.n_zero_modes:
        moving = ", ".join(map(str, rigidity.moving_nodes[:20]))
        more = " …" if len(rigidity.moving_nodes) > 20 else ""
        count = rigidity.n_zero_modes
        modes, verb = ("zero mode", "moves") if count == 1 else ("zero modes", "move")
        raise MechanismError(
            "network",
            f"{count} {modes} (mechanism), which {verb} nodes {moving}{more}",
            "a rigid network: fix or brace these nodes",
        )
    return rigidity


def _require_held_out_of_plane(network: Network) -> None:
    """Check that the part cannot leave its plane as a rigid body.

    A fixed node is clamped, a rigid support holds the place of its node alone, and a spring nothing
    out of the plane.

    Raises:
        MechanismError: if it can.
    """
    if network.fixed.size:
        return
    nodes = sorted({one.port.node for one in network.supports if one.is_rigid})
    places = network.nodes[nodes]
    spread = places - places.mean(axis=0) if nodes else places
    if len(nodes) < 3 or np.linalg.matrix_rank(spread, tol=1e-6 * np.ptp(network.nodes)) < 2:
        given = f"no fixed node, and rigid supports at {len(nodes)} nodes: free out of its plane"
        allowed = "a fixed node, or rigid supports at three nodes that are not in one line"
        raise MechanismError("network, supports", given, allowed)


def _zero_modes(compatibility: sparse.csr_array) -> FloatArray:
    """Return an orthonormal basis of the null space of C, (n_free_dofs, n_zero_modes)."""
    # Singular values of C, not eigenvalues of CᵀC: after squaring, a soft mode could not be
    # distinguished from the rounding error of a zero mode.
    n_dofs = compatibility.shape[1]
    if n_dofs <= DENSE_DOFS:
        return _null_space(
            compatibility.toarray(), ZERO_TOLERANCE * _largest_singular_value(compatibility)
        )
    # First a few, since most networks have none; then the maximum that is counted.
    for n_modes in (FIRST_MODES, MAX_MODES):
        softest_modes = _softest_modes(compatibility, n_modes)
        null_space = _null_space(
            compatibility @ softest_modes, ZERO_TOLERANCE * _largest_singular_value(compatibility)
        )
        if null_space.shape[1] < n_modes:
            break
    modes: FloatArray = softest_modes @ null_space
    return modes


def _largest_singular_value(compatibility: sparse.csr_array) -> float:
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


def _softest_modes(compatibility: sparse.csr_array, n_modes: int) -> FloatArray:
    """Return a basis of the `n_modes` softest motions, (n_free_dofs, n_modes).

    Block inverse iteration. Unlike the Lanczos method it converges for any number of equal
    eigenvalues, and those of zero modes are all equal. Zero modes grow so much faster than
    the others that a few iterations separate them to rounding.
    """
    gram = (compatibility.T @ compatibility).tocsc()
    shift = SHIFT * _largest_singular_value(compatibility) ** 2
    solve = factorise(gram + shift * sparse.eye_array(gram.shape[0]))
    modes = np.random.default_rng(0).standard_normal((gram.shape[0], n_modes))
    for _ in range(INVERSE_ITERATIONS):
        modes = np.linalg.qr(solve(modes)).Q
    return modes


def _moving_nodes(free: IntArray, modes: FloatArray) -> IntArray:
    # The norm of a node's rows is independent of the basis chosen for the null space.
    if not modes.size:
        return np.empty(0, dtype=np.int64)
    amplitude = np.zeros(int(free.max()) // 2 + 1)
    np.add.at(amplitude, free // 2, (modes**2).sum(axis=1))
    return np.flatnonzero(np.sqrt(amplitude) > AMPLITUDE_THRESHOLD * np.sqrt(amplitude.max()))
