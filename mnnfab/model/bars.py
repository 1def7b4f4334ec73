"""The bar model: pin-jointed bars, one spring per bond."""

from __future__ import annotations

from dataclasses import dataclass, field

from scipy import sparse

from mnnfab.arrays import FloatArray
from mnnfab.model.bar_solvers import Engine, choose_engine
from mnnfab.model.response import Response
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, unit_loads

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
    D u = F with D = Cᵀ diag(k) C once for each port.

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

    def __post_init__(self) -> None:
        """Compute everything that does not depend on the stiffnesses."""
        free = self.network.free_dofs
        compatibility = sparse.csr_array(compatibility_matrix(self.network)[:, free])
        loads = unit_loads(self.network, self.inputs + self.outputs)[free]
        small = len(free) <= DENSE_PRODUCT_DOFS
        readings = loads[:, len(self.inputs) :].T.copy()
        object.__setattr__(self, "compatibility", compatibility)
        object.__setattr__(self, "engine", choose_engine(self.network, compatibility, loads))
        elongate = compatibility.toarray() if small else compatibility
        object.__setattr__(self, "_elongate", elongate)
        object.__setattr__(self, "_readings", readings if small else sparse.csr_array(readings))

    def response(self, stiffness: FloatArray) -> Response:
        """Return the response of bars with stiffnesses (n_bonds,) N/mm.

        Raises:
            ToolError: if the stiffness matrix is not positive definite.
        """
        n_in = len(self.inputs)
        displacements = self.engine.displacements(stiffness)
        elongations = self._elongate @ displacements
        flexibility = self._readings @ displacements[:, :n_in]
        return Response(
            flexibility=flexibility if self.additive is None else flexibility + self.additive,
            elongations=elongations[:, :n_in],
            adjoint_elongations=elongations[:, n_in:],
        )

    def stiffness_matrix(self, stiffness: FloatArray) -> sparse.csr_array:
        """Return D = Cᵀ diag(k) C on the free degrees of freedom, N/mm."""
        scaled = sparse.diags_array(stiffness) @ self.compatibility
        return sparse.csr_array(self.compatibility.T @ scaled)
