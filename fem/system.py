"""The finite element system: stiffness, supports, loads and readings.

It is the same for triangles and tetrahedra; loads, readings and ports are in the plane.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from skfem import Basis

from fem.averages import region_averages
from fem.elasticity import stiffness_matrix
from fem.memory import out_of_memory, require_memory
from fem.supports import Supports, make_supports
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import Solve, factorise
from mnnfab.linalg.constraints import constrained
from mnnfab.model.response import Response
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, port_vectors, read_ports
from mnnfab.network.supports import Support

#: Largest relative force or energy residual of an accepted solution.
MAX_RESIDUAL = 1e-4
#: Work of a load that is taken by a rigid support alone, relative to the largest.
HELD = 1e-6


@dataclass(frozen=True, eq=False)
class Regions:
    """The elements of a mesh that are read, loaded and held.

    Args:
        disc: node whose load disc an element is part of, (n_elements,); -1 if none.
        load_node: node whose load acts on the element, (n_elements,); -1 if none.
        held: whether the element has zero displacement, (n_elements,).
        n_nodes: number of nodes of the network.
    """

    disc: IntArray
    load_node: IntArray
    held: np.ndarray
    n_nodes: int


@dataclass(frozen=True, eq=False)
class System:
    """A finite element system with a factorised stiffness matrix.

    Args:
        basis: scalar basis; component a of its degree of freedom i has number n_dims i + a.
        stiffness: stiffness matrix of all degrees of freedom, (n_dofs, n_dofs) N/mm.
        free: degrees of freedom that are not held.
        supports: supports of single directions.
        readings: mean displacements of the load discs as functionals, (n_dofs, 2 n_nodes);
            column 2 n + axis is also a unit load on the disc of node n.
        load_vectors: unit loads on the loaded elements of each node, (n_dofs, 2 n_nodes).
        solve_free: function from loads to displacements, both on the free degrees of freedom.
    """

    basis: Basis
    stiffness: sparse.csc_array
    free: IntArray
    supports: Supports
    readings: sparse.csc_array
    load_vectors: sparse.csc_array
    solve_free: Solve

    @property
    def n_dofs(self) -> int:
        """Number of degrees of freedom."""
        return int(self.stiffness.shape[0])

    @property
    def n_nodes(self) -> int:
        """Number of nodes of the network."""
        return int(self.readings.shape[1]) // 2

    @property
    def n_dims(self) -> int:
        """Number of space dimensions, 2 or 3."""
        return int(self.basis.mesh.dim())

    def loads_at(self, ports: Sequence[AnyPort]) -> sparse.csc_array:
        """Return unit loads at ports, on the loaded elements, (n_dofs, n_ports)."""
        return sparse.csc_array(self.load_vectors @ port_vectors(self.n_nodes, ports))

    def readings_at(self, ports: Sequence[AnyPort]) -> sparse.csc_array:
        """Return the displacements of ports as functionals of a field, (n_dofs, n_ports)."""
        return sparse.csc_array(self.readings @ port_vectors(self.n_nodes, ports))

    def solve(self, loads: FloatArray) -> FloatArray:
        """Return the displacements under loads, both (n_dofs, n_cases)."""
        displacements = np.zeros_like(loads)
        displacements[self.free] = self.solve_free(loads[self.free])
        return displacements


@dataclass(frozen=True)
class Residuals:
    """Residuals of a solution; both are at rounding level if it is correct.

    Args:
        forces: force residual: largest sum of a load and its reactions, relative to the load.
        energy: energy residual: largest difference between twice the strain energy and the
            work of the load, relative to that work.
    """

    forces: float
    energy: float


@dataclass(frozen=True, eq=False)
class Solution:
    """Displacement fields of the unit loads, and the response at the ports.

    Args:
        response: flexibility matrix (mm/N) and elongations, in the form of the bar model.
        fields: displacement for a unit load at each input, (n_dofs, n_in) mm/N.
        adjoint_fields: displacement for a unit load at each output, (n_dofs, n_out) mm/N.
        residuals: largest residuals of all load cases.
    """

    response: Response
    fields: FloatArray
    adjoint_fields: FloatArray
    residuals: Residuals


def make_system(
    basis: Basis,
    constants: tuple[float, float],
    thickness: FloatArray,
    regions: Regions,
    supports: Sequence[Support] = (),
    extra_held: IntArray | None = None,
) -> System:
    """Assemble and factorise a finite element system.

    Args:
        basis: scalar basis of quadratic elements.
        constants: λ and μ, MPa.
        thickness: thickness of each element, (n_elements,) mm; dimensionless in a solid.
        regions: elements that are read, loaded and held.
        supports: supports of single directions: of the mean displacements of load discs.
        extra_held: degrees of freedom that are held in addition to those of the held elements.

    Raises:
        ToolError: if the stiffness matrix is not positive definite, or memory is insufficient.
    """
    n_dims = int(basis.mesh.dim())
    n_dofs = n_dims * int(basis.N)
    require_memory(n_dofs, n_dims)
    require_held(regions, supports)
    try:
        stiffness = stiffness_matrix(basis, *constants, thickness)
        held = np.unique(basis.element_dofs[:, regions.held])
        blocked = (n_dims * held[:, None] + np.arange(n_dims)).ravel()
        free = np.setdiff1d(np.arange(n_dofs), blocked)
        free = free if extra_held is None else np.setdiff1d(free, extra_held)
        readings = region_averages(basis, regions.disc, regions.n_nodes)
        directions = make_supports(readings, supports, constants[1] * float(thickness.mean()))
        augmented = directions.augmented(stiffness)
        held_vectors = directions.held[free].toarray()
        solve_free = constrained(factorise(augmented[free][:, free]), held_vectors)
    except MemoryError as error:
        raise out_of_memory(n_dofs) from error
    return System(
        basis=basis,
        stiffness=stiffness,
        free=free,
        supports=directions,
        readings=readings,
        load_vectors=region_averages(basis, regions.load_node, regions.n_nodes),
        solve_free=solve_free,
    )


def require_held(regions: Regions, supports: Sequence[Support] = ()) -> None:
    """Check that a part of the body is held or supported.

    Raises:
        ToolError: if none is; rounding can make the pivots of a singular matrix positive.
    """
    if not regions.held.any() and not supports:
        msg = "the stiffness matrix is singular: no part of the body is held"
        raise ToolError(msg)


def solve_ports(
    system: System, network: Network, inputs: tuple[AnyPort, ...], outputs: tuple[AnyPort, ...]
) -> Solution:
    """Solve for a unit load at every port.

    Raises:
        ToolError: if the residuals are too large: the matrix is singular to rounding.
    """
    n_in = len(inputs)
    loads = np.hstack([system.loads_at(inputs).toarray(), system.readings_at(outputs).toarray()])
    displacements = system.solve(loads)
    residuals = _residuals(system, loads, displacements)
    if not max(residuals.forces, residuals.energy) < MAX_RESIDUAL:  # NaN is rejected too
        msg = "the stiffness matrix is singular, or nearly so: a motion is almost unconstrained"
        raise ToolError(msg)
    nodes = system.readings.T @ displacements
    elongations = compatibility_matrix(network) @ nodes
    return Solution(
        response=Response(
            flexibility=frozen_floats(read_ports(outputs, nodes[:, :n_in].T).T),
            elongations=frozen_floats(elongations[:, :n_in]),
            adjoint_elongations=frozen_floats(elongations[:, n_in:]),
        ),
        fields=frozen_floats(displacements[:, :n_in]),
        adjoint_fields=frozen_floats(displacements[:, n_in:]),
        residuals=residuals,
    )


def _residuals(system: System, loads: FloatArray, displacements: FloatArray) -> Residuals:
    springs = system.supports.spring_forces(displacements)
    internal = system.stiffness @ displacements
    forces, reactions = internal + springs, internal.copy()
    reactions[system.free] = 0.0
    unbalanced = np.zeros_like(forces)
    unbalanced[system.free] = (forces - loads)[system.free]
    reactions += system.supports.reactions(unbalanced) - springs
    axes = range(system.n_dims)
    force_residuals = [(loads + reactions)[a :: system.n_dims].sum(axis=0) for a in axes]
    # A unit load has size 1, whatever its direction.
    work = np.vecdot(loads.T, displacements.T)
    energy = np.vecdot(forces.T, displacements.T)
    return Residuals(
        forces=float(np.abs(force_residuals).max()),
        energy=float((np.abs(energy - work) / np.maximum(work, HELD * work.max())).max()),
    )
