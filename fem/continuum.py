"""The continuum model: plane stress on the printed shape, loaded and read over load discs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from skfem import Basis, BilinearForm, ElementTriP0, ElementTriP2, ElementVector, MeshTri

from fem.elasticity import plane_stress_constants, stiffness_form, stress_law, von_mises
from fem.mesh import Mesh
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.bars import compatibility_matrix
from mnnfab.linear import factorise
from mnnfab.network import Network
from mnnfab.ports import Port, dofs_of
from mnnfab.profiles import Material
from mnnfab.response import Response

#: Quadrature order: exact for straight quadratic triangles, whose strains are linear.
ORDER = 2


@dataclass(frozen=True, eq=False)
class Continuum:
    """A solved continuum: its response, and the fields of the unit loads behind it.

    Args:
        mesh: the triangles.
        response: flexibility and elongations, in the same form as the bars'.
        fields: displacement at every degree of freedom for a unit load at each input,
            (n_dofs, n_in) mm/N.
        basis: scikit-fem's quadratic basis that the fields belong to.
        lame: λ, MPa.
        shear: μ, MPa.
    """

    mesh: Mesh
    response: Response
    fields: FloatArray
    basis: Basis
    lame: float
    shear: float

    @property
    def n_dofs(self) -> int:
        """Number of degrees of freedom."""
        return len(self.fields)

    def displacements(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacement of every point of the quadratic mesh, (n, 2) mm.

        The points are those of the mesh and then the middles of its sides, in the order
        of `quadratic_points`.
        """
        field = self.fields @ loads_N
        corners, middles = self.basis.nodal_dofs, self.basis.facet_dofs
        return np.hstack([field[corners], field[middles]]).T

    @property
    def quadratic_points(self) -> FloatArray:
        """Points of the quadratic mesh, (n, 2) mm."""
        mesh = self.basis.mesh
        points: FloatArray = np.hstack([mesh.p, mesh.p[:, mesh.facets].mean(axis=1)]).T
        return points

    @property
    def quadratic_triangles(self) -> IntArray:
        """Corners of each triangle and then the middles of its sides 01, 12, 20, (m, 6)."""
        mesh = self.basis.mesh
        middles = len(mesh.p[0]) + mesh.t2f
        return np.vstack([mesh.t, middles[[0, 1, 2]]]).T

    def mean_von_mises(self, loads_N: FloatArray) -> FloatArray:
        """Return the von Mises stress, mean over each triangle, (n_triangles,) MPa."""
        field = self.basis.interpolate(self.fields @ loads_N)
        strain = (field.grad + np.swapaxes(field.grad, 0, 1)) / 2
        stress = von_mises(stress_law(self.lame, self.shear, strain))
        weights = self.basis.dx
        mean: FloatArray = (stress * weights).sum(axis=-1) / weights.sum(axis=-1)
        return mean


def solve_continuum(
    mesh: Mesh,
    network: Network,
    material: Material,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
) -> Continuum:
    """Solve plane stress for a unit load at every port, with one factorisation.

    A load at a node is a uniform body force over its load disc, the displacement of a
    node is the average over the same disc, and a fixed node is its disc held still: so
    the flexibility is symmetric, and it converges with the mesh. Where there is an eyelet
    the load acts on that, and a pad is held with the disc of its node.

    Raises:
        ToolError: if the stiffness matrix is not positive definite.
    """
    lame, shear = plane_stress_constants(material.youngs_modulus_MPa, material.poisson_ratio)
    triangulation = MeshTri(
        np.ascontiguousarray(mesh.points.T), np.ascontiguousarray(mesh.triangles.T), sort_t=False
    )
    basis = Basis(triangulation, ElementVector(ElementTriP2()), intorder=ORDER)
    thickness = np.broadcast_to(mesh.thickness_mm[:, None], basis.dx.shape)
    stiffness = stiffness_form(lame, shear).assemble(basis, thickness=thickness)
    averages = region_averages(basis, mesh.disc, mesh.n_nodes)
    free = _free_dofs(basis, mesh, network)
    seats = region_averages(basis, mesh.seat, mesh.n_nodes)
    loads = np.hstack(
        [seats[:, dofs_of(inputs)].toarray(), averages[:, dofs_of(outputs)].toarray()]
    )
    solution = np.zeros_like(loads)
    solution[free] = factorise(stiffness[free][:, free])(loads[free])
    nodes = averages.T @ solution
    elongations = compatibility_matrix(network) @ nodes
    n_in = len(inputs)
    return Continuum(
        mesh=mesh,
        response=Response(
            flexibility=frozen_floats(nodes[dofs_of(outputs), :n_in]),
            elongations=frozen_floats(elongations[:, :n_in]),
            adjoint_elongations=frozen_floats(elongations[:, n_in:]),
        ),
        fields=frozen_floats(solution[:, :n_in]),
        basis=basis,
        lame=lame,
        shear=shear,
    )


def region_averages(basis: Basis, node: IntArray, n_nodes: int) -> sparse.csc_array:
    """Return the average over what belongs to each node as a functional, (n_dofs, 2 n_nodes).

    Column 2 n + axis gives the mean displacement of node n when it is applied to a
    field, and is the load vector of a unit body force over what belongs to it.

    Args:
        basis: of the quadratic elements.
        node: that each triangle belongs to, (n_triangles,); -1 if to none.
        n_nodes: number of nodes.
    """
    piecewise = basis.with_element(ElementVector(ElementTriP0()))

    def product(u: Any, v: Any, _: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
        return u[0] * v[0] + u[1] * v[1]

    integrals = BilinearForm(product).assemble(piecewise, basis)
    inside = np.flatnonzero(node >= 0)
    owner = node[inside]
    areas = np.bincount(owner, basis.dx.sum(axis=-1)[inside], minlength=n_nodes)
    rows = piecewise.element_dofs[:, inside]
    columns = np.stack([2 * owner, 2 * owner + 1])
    share = np.broadcast_to(1 / areas[owner], rows.shape)
    gather = sparse.csc_array(
        (share.ravel(), (rows.ravel(), columns.ravel())), shape=(piecewise.N, 2 * n_nodes)
    )
    return sparse.csc_array(integrals @ gather)


def _free_dofs(basis: Basis, mesh: Mesh, network: Network) -> IntArray:
    held = np.flatnonzero(mesh.held(network.fixed))
    return np.setdiff1d(np.arange(basis.N), basis.element_dofs[:, held])
