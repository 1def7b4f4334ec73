"""The continuum (plane-stress) model of the printed shape, loaded and read over load discs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from skfem import Basis, ElementTriP2, MeshTri

from fem.elasticity import plane_stress_constants, stress_law, von_mises
from fem.mesh import Mesh
from fem.system import Regions, Residuals, System, make_system, solve_ports
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.io.short_repr import short_repr
from mnnfab.model.response import Response
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort
from mnnfab.profiles import Material

#: Quadrature order: exact for straight quadratic triangles, whose strains are linear.
ORDER = 2


@dataclass(frozen=True, eq=False)
class Continuum:
    """A solved continuum model: its response, and the displacement fields of the unit loads.

    Args:
        mesh: the triangles.
        response: flexibility matrix (mm/N) and elongations, in the form of the bar model.
        fields: displacement at every degree of freedom for a unit load at each input,
            (n_dofs, n_in) mm/N.
        adjoint_fields: the same for a unit load at each output, (n_dofs, n_out).
        residuals: force and energy residuals.
        system: the finite element system.
        lame: λ, MPa.
        shear: μ, MPa.
    """

    mesh: Mesh
    response: Response
    fields: FloatArray
    adjoint_fields: FloatArray
    residuals: Residuals
    system: System
    lame: float
    shear: float

    __repr__ = short_repr

    @property
    def basis(self) -> Basis:
        """Scalar basis of scikit-fem; component a of its degree of freedom i has number 2 i + a."""
        return self.system.basis

    @property
    def n_dofs(self) -> int:
        """Number of degrees of freedom."""
        return self.system.n_dofs

    def displacements(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacement of every point of the quadratic mesh, (n, 2) mm.

        The points are those of the mesh followed by the midpoints of its sides, in the order
        of `quadratic_points`.
        """
        return self.at_points(self.fields @ loads_N)

    def at_points(self, field: FloatArray) -> FloatArray:
        """Return a field, (n_dofs,), at every point of the quadratic mesh, (n, 2)."""
        dofs = np.concatenate([self.basis.nodal_dofs[0], self.basis.facet_dofs[0]])
        values: FloatArray = field.reshape(-1, 2)[dofs]
        return values

    @property
    def quadratic_points(self) -> FloatArray:
        """Points of the quadratic mesh, (n, 2) mm."""
        mesh = self.basis.mesh
        points: FloatArray = np.hstack([mesh.p, mesh.p[:, mesh.facets].mean(axis=1)]).T
        return points

    @property
    def quadratic_triangles(self) -> IntArray:
        """Corners of each triangle followed by the midpoints of its sides 01, 12, 20, (m, 6)."""
        mesh = self.basis.mesh
        middles = len(mesh.p[0]) + mesh.t2f
        return np.vstack([mesh.t, middles[[0, 1, 2]]]).T

    def gradient(self, field: FloatArray) -> FloatArray:
        """Return ∂u_a/∂x_b of a field, (n_dofs,), (2, 2, n_triangles, n_quadrature)."""
        parts = [self.basis.interpolate(np.ascontiguousarray(field[a::2])).grad for a in (0, 1)]
        return np.array(parts)

    def stress(self, field: FloatArray) -> FloatArray:
        """Return the stress of a field, (2, 2, n_triangles, n_quadrature) MPa."""
        gradient = self.gradient(field)
        strain = (gradient + np.swapaxes(gradient, 0, 1)) / 2
        stress: FloatArray = stress_law(self.lame, self.shear, strain)
        return stress

    @cached_property
    def unit_stresses(self) -> FloatArray:
        """Mean stress of each triangle for a unit load at each input, (n_in, 2, 2, n_triangles)."""
        weights = self.basis.dx / self.basis.dx.sum(axis=-1, keepdims=True)
        fields = np.ascontiguousarray(self.fields.T)
        return np.array([(self.stress(field) * weights).sum(axis=-1) for field in fields])

    def mean_von_mises(self, loads_N: FloatArray) -> FloatArray:
        """Return the von Mises stress of the mean stress of each triangle, (n_triangles,) MPa."""
        return von_mises(np.tensordot(loads_N, self.unit_stresses, axes=1))


def solve_continuum(
    mesh: Mesh,
    network: Network,
    material: Material,
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
) -> Continuum:
    """Solve plane stress for a unit load at every port, with one factorisation.

    A load at a node is a uniform body force over its load disc, the displacement of a node is
    the average over the same disc, and a fixed node is a disc with zero displacement. The
    flexibility matrix is therefore symmetric, and it converges with mesh refinement. If a node
    has an eyelet, the load acts on the eyelet; a pad is held together with the disc of its node.

    Raises:
        ToolError: if the stiffness matrix is not positive definite, or memory is insufficient.
    """
    constants = plane_stress_constants(material.youngs_modulus_MPa, material.poisson_ratio)
    basis = Basis(triangulation(mesh), ElementTriP2(), intorder=ORDER)
    system = make_system(
        basis, constants, mesh.thickness_mm, regions_of(mesh, network), network.supports
    )
    solution = solve_ports(system, network, inputs, outputs)
    return Continuum(
        mesh=mesh,
        response=solution.response,
        fields=solution.fields,
        adjoint_fields=solution.adjoint_fields,
        residuals=solution.residuals,
        system=system,
        lame=constants[0],
        shear=constants[1],
    )


def triangulation(mesh: Mesh) -> MeshTri:
    """Return the mesh as a mesh of scikit-fem."""
    points, triangles = np.ascontiguousarray(mesh.points.T), np.ascontiguousarray(mesh.triangles.T)
    return MeshTri(points, triangles, sort_t=False)


def regions_of(mesh: Mesh, network: Network) -> Regions:
    """Return which triangles of a mesh are load discs, loaded or held."""
    return Regions(mesh.disc, mesh.load_node, mesh.held(network.fixed), mesh.n_nodes)
