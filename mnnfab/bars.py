"""The bar model: pin-jointed bars, one spring a bond."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.linalg.lapack import dposv

from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.linear import factorise
from mnnfab.network import Network
from mnnfab.ports import Port, unit_loads
from mnnfab.response import Response

#: Up to this many free degrees of freedom a dense factorisation is the faster one.
DENSE_DOFS = 300


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


def stiffness_per_width(
    network: Network, youngs_modulus_MPa: float, thickness_mm: float
) -> FloatArray:
    """Return E t / a, (n_bonds,) N/mm of stiffness per mm of width.

    >>> from mnnfab import triangular_patch
    >>> 2.0 * stiffness_per_width(triangular_patch(4, 16.0, [0, 4]), 0.55, 2.0)[0]
    np.float64(0.1375)
    """
    return youngs_modulus_MPa * thickness_mm / network.lengths


@dataclass(frozen=True, eq=False)
class BarModel:
    """Bars between frictionless pins, loaded and read at ports.

    With the compatibility matrix C on the free degrees of freedom and stiffnesses
    k, it solves D u = F, D = Cᵀ diag(k) C, once for each port.

    Args:
        network: must be rigid (see `mnnfab.rigidity`).
        inputs: where loads act.
        outputs: where displacements are read.
    """

    network: Network
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    _compatibility: sparse.csr_array = field(init=False, repr=False)
    _dense_compatibility: FloatArray = field(init=False, repr=False)
    _loads: FloatArray = field(init=False, repr=False)
    _readings: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what does not depend on the stiffnesses."""
        free = self.network.free_dofs
        compatibility = compatibility_matrix(self.network)[:, free].tocsr()
        loads = unit_loads(self.network, self.inputs + self.outputs)[free]
        small = len(free) <= DENSE_DOFS
        dense = compatibility.toarray() if small else np.empty((0, 0))
        object.__setattr__(self, "_compatibility", compatibility)
        object.__setattr__(self, "_dense_compatibility", dense)
        object.__setattr__(self, "_loads", np.asfortranarray(loads))
        object.__setattr__(self, "_readings", loads[:, len(self.inputs) :].T.copy())

    def response(self, stiffness: FloatArray) -> Response:
        """Return the response of bars of `stiffness`, (n_bonds,) N/mm.

        Raises:
            ToolError: if the stiffness matrix is not positive definite.
        """
        n_in = len(self.inputs)
        if self._dense_compatibility.size:
            displacements = self._solve_dense(stiffness)
            elongations = self._dense_compatibility @ displacements
        else:
            displacements = self._solve_sparse(stiffness)
            elongations = self._compatibility @ displacements
        return Response(
            flexibility=self._readings @ displacements[:, :n_in],
            elongations=elongations[:, :n_in],
            adjoint_elongations=elongations[:, n_in:],
        )

    def _solve_dense(self, stiffness: FloatArray) -> FloatArray:
        # LAPACK is called directly: its wrappers in scipy.linalg cost several times
        # more than the factorisation of a network of the paper's size.
        compatibility = self._dense_compatibility
        matrix = (compatibility.T * stiffness) @ compatibility
        _, displacements, info = dposv(matrix.T, self._loads, lower=1, overwrite_a=1)
        if info:
            msg = "the bar stiffness matrix is not positive definite: is a stiffness zero?"
            raise ToolError(msg)
        solution: FloatArray = displacements
        return solution

    def _solve_sparse(self, stiffness: FloatArray) -> FloatArray:
        compatibility = self._compatibility
        matrix = compatibility.T @ (sparse.diags_array(stiffness) @ compatibility)
        return factorise(matrix)(self._loads)
