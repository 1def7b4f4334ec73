"""The bar model: pin-jointed bars, one spring per bond."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray
from mnnfab.io.short_repr import short_repr
from mnnfab.model.bar_solvers import Engine, choose_engine
from mnnfab.model.response import Response
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.free_motions import free_basis
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, unit_loads
from mnnfab.network.supports import rigid_vectors, spring_vectors

#: Largest number of free degrees of freedom for which products with a dense C are faster.
DENSE_PRODUCT_DOFS = 150


def stiffness_per_width(
    network: Network, youngs_modulus_MPa: float, thickness_mm: float
) -> FloatArray:
    """Return the stiffness per width E t / a, (n_bonds,) N/mm per mm.

    >>> from mnnfab import triangular_patch
    >>> 2.0 * stiffness_per_width(triangular_patch(4, 16.0, [0, 4]), 0.55, 2.0)[0]
    np.float64(0.1375)
    """
    return youngs_modulus_MPa * thickness_mm / network.lengths


@dataclass(frozen=True, eq=False)
class BarModel:
    """Bars between frictionless pins, with loads and displacements at ports.

    With the compatibility matrix C on the free degrees of freedom and stiffnesses k, it solves
    D u = F with D = Cᵀ diag(k) C once for each port. Springs to the ground are further rows of C;
    rigid supports are constraints (`mnnfab.linalg.constraints`).

    Args:
        network: a rigid network (see `mnnfab.network.rigidity`).
        inputs: ports where loads act.
        outputs: ports where displacements are read.
        additive: correction added to the flexibility matrix, (n_out, n_in) mm/N (see
            `mnnfab.model.surrogate`).
    """

    network: Network
    inputs: tuple[AnyPort, ...]
    outputs: tuple[AnyPort, ...]
    additive: FloatArray | None = None
    compatibility: sparse.csr_array = field(init=False, repr=False)
    engine: Engine = field(init=False, repr=False)
    _elongate: sparse.csr_array | FloatArray = field(init=False, repr=False)
    _readings: FloatArray | sparse.csr_array = field(init=False, repr=False)
    _grounded: Grounded = field(init=False, repr=False)

    __repr__ = short_repr

    def __post_init__(self) -> None:
        """Compute everything that does not depend on the stiffnesses."""
        free = self.network.free_dofs
        compatibility = sparse.csr_array(compatibility_matrix(self.network)[:, free])
        loads = unit_loads(self.network.n_nodes, self.inputs + self.outputs)[free]
        grounded = ground(self.network)
        object.__setattr__(self, "_grounded", grounded)
        small = len(free) <= DENSE_PRODUCT_DOFS
        readings = loads[:, len(self.inputs) :].T.copy()
        object.__setattr__(self, "compatibility", compatibility)
        whole = sparse.csr_array(sparse.vstack([compatibility, grounded.rows]))
        every_load = np.hstack([loads, grounded.held])
        object.__setattr__(self, "engine", choose_engine(self.network, whole, every_load))
        elongate = compatibility.toarray() if small else compatibility
        object.__setattr__(self, "_elongate", elongate)
        object.__setattr__(self, "_readings", readings if small else sparse.csr_array(readings))

    def response(self, stiffness: FloatArray) -> Response:
        """Return the response of bars with stiffnesses (n_bonds,) N/mm.

        Raises:
            ToolError: if the stiffness matrix is not positive definite.
        """
        n_in = len(self.inputs)
        displacements = self.displacements(stiffness)
        elongations = self._elongate @ displacements
        flexibility = self._readings @ displacements[:, :n_in]
        return Response(
            flexibility=flexibility if self.additive is None else flexibility + self.additive,
            elongations=elongations[:, :n_in],
            adjoint_elongations=elongations[:, n_in:],
        )

    def displacements(self, stiffness: FloatArray) -> FloatArray:
        """Return the displacements per unit load at each port, (n_free_dofs, n_ports) mm/N.

        Raises:
            ToolError: if the stiffness matrix is not positive definite.
        """
        grounded = self._grounded
        found = self.engine.displacements(grounded.with_ground(stiffness))
        n_held = grounded.held.shape[1]
        if not n_held:
            return found
        moved, free = found[:, -n_held:], found[:, :-n_held]
        reactions = np.linalg.solve(grounded.held.T @ moved, grounded.held.T @ free)
        displacements: FloatArray = free - moved @ reactions
        return displacements

    def stiffness_matrix(self, stiffness: FloatArray) -> sparse.csr_array:
        """Return D on the displacements that are free, N/mm: without those that are held."""
        scaled = sparse.diags_array(stiffness) @ self.compatibility
        rows = self._grounded.rows[: len(self._grounded.springs)]
        springs = rows.T @ sparse.diags_array(self._grounded.springs) @ rows
        matrix = sparse.csr_array(self.compatibility.T @ scaled + springs)
        if not self._grounded.held.shape[1]:
            return matrix
        basis = free_basis(self.network)[self.network.free_dofs]
        return sparse.csr_array(basis.T @ matrix @ basis)


@dataclass(frozen=True, eq=False)
class Grounded:
    """Supports of single directions, on the free degrees of freedom.

    Args:
        rows: rows that follow those of C: springs, then rigid supports, (n_supports, n_free_dofs).
        springs: stiffnesses of the springs, (n_springs,) N/mm.
        held: directions that are held, (n_free_dofs, n_rigid).
    """

    rows: sparse.csr_array
    springs: FloatArray
    held: FloatArray

    def with_ground(self, stiffness: FloatArray) -> FloatArray:
        """Return the stiffnesses of the bonds, followed by those of all rows.

        That of a rigid support augments D only; results do not depend on it.
        """
        if not self.rows.shape[0]:
            return stiffness
        rigid = np.full(self.held.shape[1], float(stiffness.mean()))
        return np.concatenate([stiffness, self.springs, rigid])


def ground(network: Network) -> Grounded:
    """Return the supports of a network on its free degrees of freedom."""
    springs, stiffness = spring_vectors(network.n_nodes, network.supports)
    held = rigid_vectors(network.n_nodes, network.supports)
    free = network.free_dofs
    rows = sparse.csr_array(np.hstack([springs, held])[free].T)
    return Grounded(rows, stiffness, held[free])
