"""The compatibility matrix: elongations of the bonds from displacements of the nodes."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from mnnfab.network.network import Network


def compatibility_matrix(network: Network) -> sparse.csr_array:
    """Return C, (n_bonds, 2 n_nodes): elongations are C times node displacements.

    Row b holds -d at the first node of bond b and +d at the second, with d the
    unit vector along the bond.
    """
    directions = network.directions
    values = np.hstack([-directions, directions])
    dofs = np.stack([2 * network.bonds, 2 * network.bonds + 1], axis=2).reshape(-1, 4)
    bonds = np.repeat(np.arange(network.n_bonds), 4)
    shape = (network.n_bonds, 2 * network.n_nodes)
    return sparse.csr_array((values.ravel(), (bonds, dofs.ravel())), shape=shape)
