"""Displacements of the nodes that the supports of a network leave free."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import null_space

from mnnfab.network.network import Network
from mnnfab.network.supports import rigid_vectors


def free_basis(network: Network) -> sparse.csc_array:
    """Return an orthonormal basis of the free displacements, (2 n_nodes, n_free).

    A node without a rigid support has a unit vector for each axis, one with a support the direction
    across it.
    """
    held = rigid_vectors(network.n_nodes, network.supports)
    free = network.free_dofs
    supported = np.unique(np.flatnonzero(held.any(axis=1)) // 2)
    rest = free[~np.isin(free // 2, supported)]
    rows, columns, values = [rest], [np.arange(len(rest))], [np.ones(len(rest))]
    count = len(rest)
    for node in supported.tolist():
        dofs = np.array([2 * node, 2 * node + 1])
        across = null_space(held[dofs].T)
        for column in across.T:
            rows.append(dofs)
            columns.append(np.full(2, count))
            values.append(column)
            count += 1
    shape = (2 * network.n_nodes, count)
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    basis = sparse.csc_array(sparse.coo_array(entries, shape=shape))
    basis.eliminate_zeros()
    return basis
