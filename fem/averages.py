"""Mean displacements over regions, used to read and load nodes in finite element models."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from skfem import Basis, LinearForm

from mnnfab.arrays import IntArray


def region_averages(basis: Basis, node: IntArray, n_nodes: int) -> sparse.csc_array:
    """Return the average over the elements of each node as a functional, (n_dofs, 2 n_nodes).

    Column 2 n + axis, applied to a field, gives the mean displacement of node n. It is also
    the load vector of a unit load as a uniform body force over the elements of the node.

    Args:
        basis: scalar basis; component a of its degree of freedom i has number n_dims i + a.
        node: node that each element belongs to, (n_elements,); -1 if none.
        n_nodes: number of nodes.
    """
    inside = np.flatnonzero(node >= 0)
    integrals = _element_integrals(basis)[:, inside]
    owner = np.broadcast_to(node[inside], integrals.shape)
    sizes = np.bincount(node[inside], basis.dx.sum(axis=-1)[inside], minlength=n_nodes)
    shape = (basis.N, n_nodes)
    entries = (integrals / sizes[owner]).ravel()
    indices = (basis.element_dofs[:, inside].ravel(), owner.ravel())
    scalar = sparse.coo_array((entries, indices), shape=shape)
    in_the_plane = np.eye(basis.mesh.dim(), 2)
    return sparse.csc_array(sparse.kron(scalar, in_the_plane))


def _element_integrals(basis: Basis) -> Any:  # noqa: ANN401 - scikit-fem's array
    """Return the integral of every basis function over every element, (n_local, n_elements)."""
    return LinearForm(lambda v, _: 1.0 * v).elemental(basis).data.reshape(basis.Nbfun, -1)
