"""A discretised body: stiffness, what is held, and where loads act and are read.

The same for triangles and tetrahedra; loads, readings and ports lie in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from skfem import Basis

from fem.averages import region_averages
from fem.elasticity import stiffness_matrix
from fem.memory import require_memory
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.errors import ToolError
from mnnfab.linalg.cholesky import Solve, factorise
from mnnfab.model.response import Response
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network
from mnnfab.network.ports import Port, dofs_of

#: Solutions that are out of balance by more than this share are none.
SOLVED = 1e-4


@dataclass(frozen=True, eq=False)
class Regions:
    """What the elements of a mesh are for.

    Args:
        disc: node whose load disc an element is part of, (n_elements,); -1 if none.
        seat: node whose load acts on the element, (n_elements,); -1 if none.
        held: whether the element is held still, (n_elements,).
        n_nodes: number of nodes of the network.
    """

    disc: IntArray
    seat: IntArray
    held: np.ndarray
    n_nodes: int


@dataclass(frozen=True, eq=False)
class System:
    """A body whose stiffness matrix was factorised.

    Args:
        basis: scalar; component a of its degree of freedom i is number n_dims i + a.
        stiffness: of all degrees of freedom, (n_dofs, n_dofs) N/mm.
        free: degrees of freedom that are not held.
        readings: mean displacements of the load discs as functionals, (n_dofs, 2 n_nodes);
            column 2 n + axis is also a unit load on the disc of node n.
        seats: unit loads where loads act, (n_dofs, 2 n_nodes).
        solve_free: from loads to displacements, both on the free degrees of freedom.
    """

    basis: Basis
    stiffness: sparse.csc_array
    free: IntArray
    readings: sparse.csc_array
    seats: sparse.csc_array
    solve_free: Solve

    @property
    def n_dofs(self) -> int:
        """Number of degrees of freedom."""
        return int(self.stiffness.shape[0])

    @property
    def n_dims(self) -> int:
        """2 or 3."""
        return int(self.basis.mesh.dim())

    def solve(self, loads: FloatArray) -> FloatArray:
        """Return the displacements under loads, both (n_dofs, n_cases)."""
        moved = np.zeros_like(loads)
        moved[self.free] = self.solve_free(loads[self.free])
        return moved


@dataclass(frozen=True)
class Balance:
    """How well a solution is in balance; both are rounding if it is right.

    Args:
        forces: largest sum of a load and its reactions, over the load.
        energy: largest difference of twice the strain energy from the work of the load,
            over that work.
    """

    forces: float
    energy: float


@dataclass(frozen=True, eq=False)
class Solution:
    """Fields of the unit loads, and what they say of the ports.

    Args:
        response: flexibility and elongations, as the bars give them.
        fields: displacement for a unit load at each input, (n_dofs, n_in) mm/N.
        adjoint_fields: for a unit load at each output, (n_dofs, n_out) mm/N.
        balance: of all of them.
    """

    response: Response
    fields: FloatArray
    adjoint_fields: FloatArray
    balance: Balance


def make_system(
    basis: Basis,
    constants: tuple[float, float],
    thickness: FloatArray,
    regions: Regions,
    held_too: IntArray | None = None,
) -> System:
    """Assemble and factorise.

    Args:
        basis: scalar quadratic elements.
        constants: λ and μ, MPa.
        thickness: of each element, (n_elements,) mm; of no unit in a solid.
        regions: what the elements are for.
        held_too: degrees of freedom that are held beside those of the held elements.

    Raises:
        ToolError: if the stiffness matrix is not positive definite, or memory would not suffice.
    """
    n_dims = int(basis.mesh.dim())
    n_dofs = n_dims * int(basis.N)
    require_memory(n_dofs, n_dims)
    if not regions.held.any():  # rounding can make the pivots of a singular matrix positive
        msg = "the stiffness matrix is singular: nothing of the body is held"
        raise ToolError(msg)
    try:
        stiffness = stiffness_matrix(basis, *constants, thickness)
        held = np.unique(basis.element_dofs[:, regions.held])
        blocked = (n_dims * held[:, None] + np.arange(n_dims)).ravel()
        free = np.setdiff1d(np.arange(n_dofs), blocked)
        free = free if held_too is None else np.setdiff1d(free, held_too)
        solve_free = factorise(stiffness[free][:, free])
    except MemoryError as error:
        msg = f"the memory did not suffice for {n_dofs:,} degrees of freedom: a coarser mesh"
        raise ToolError(msg) from error
    return System(
        basis=basis,
        stiffness=stiffness,
        free=free,
        readings=region_averages(basis, regions.disc, regions.n_nodes),
        seats=region_averages(basis, regions.seat, regions.n_nodes),
        solve_free=solve_free,
    )


def solve_ports(
    system: System, network: Network, inputs: tuple[Port, ...], outputs: tuple[Port, ...]
) -> Solution:
    """Solve for a unit load at every port.

    Raises:
        ToolError: if the solutions are out of balance: the matrix is singular to rounding.
    """
    n_in = len(inputs)
    loads = np.hstack(
        [system.seats[:, dofs_of(inputs)].toarray(), system.readings[:, dofs_of(outputs)].toarray()]
    )
    moved = system.solve(loads)
    balance = _balance(system, loads, moved)
    if not max(balance.forces, balance.energy) < SOLVED:  # NaN is not solved either
        msg = "the stiffness matrix is singular, or nearly so: something moves almost freely"
        raise ToolError(msg)
    nodes = system.readings.T @ moved
    elongations = compatibility_matrix(network) @ nodes
    return Solution(
        response=Response(
            flexibility=frozen_floats(nodes[dofs_of(outputs), :n_in]),
            elongations=frozen_floats(elongations[:, :n_in]),
            adjoint_elongations=frozen_floats(elongations[:, n_in:]),
        ),
        fields=frozen_floats(moved[:, :n_in]),
        adjoint_fields=frozen_floats(moved[:, n_in:]),
        balance=balance,
    )


def _balance(system: System, loads: FloatArray, moved: FloatArray) -> Balance:
    forces = system.stiffness @ moved
    reactions = forces.copy()
    reactions[system.free] = 0.0
    axes = range(system.n_dims)
    left = [(loads + reactions)[a :: system.n_dims].sum(axis=0) for a in axes]
    # A unit load has size 1, whatever its direction.
    work = np.vecdot(loads.T, moved.T)
    energy = np.vecdot(forces.T, moved.T)
    return Balance(
        forces=float(np.abs(left).max()),
        energy=float((np.abs(energy - work) / work).max()),
    )
