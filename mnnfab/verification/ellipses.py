"""The quarter of an elliptic plate with an elliptic hole of NAFEMS, in two and three dimensions.

Meshes are regular in the unit square: s goes from the outer ellipse (0) to the inner one (1), the
angle from the x axis (0) to the y axis (1). Elements are curved, with quadratic sides. Those of the
solid become smaller toward the stress point and toward both faces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import skfem

from fem.elasticity import stiffness_matrix, stress_law
from fem.extrusion import CUTS
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.linalg.cholesky import factorise

#: Semi-axes of the inner and the outer ellipse, m.
INNER, OUTER = (2.0, 1.0), (3.25, 2.75)
#: Quadrature order of curved elements, and of loads on their sides.
ORDER, SIDE_ORDER = 4, 6
#: Power of the grading of a solid toward the stress point.
GRADING = 1.5
#: Smallest distance of two places in the unit square.
NEAR = 1e-9


@dataclass(frozen=True, eq=False)
class EllipticBody:
    """A mesh of the quarter, and its points in the unit square (and their height).

    Args:
        basis: scalar basis of quadratic elements.
        places: s, angle and, of a solid, height of every degree of freedom, (n_dims, n).
        loaded: facets of the outer ellipse, or of the upper face of a solid.
        stress_point: vertex on the inner ellipse on the x axis, on the upper face of a solid.
    """

    basis: skfem.Basis
    places: FloatArray
    loaded: IntArray
    stress_point: int

    @property
    def n_dims(self) -> int:
        """Number of space dimensions."""
        return int(self.basis.mesh.dim())

    def where(self, condition: np.ndarray, axis: int) -> IntArray:
        """Return the degrees of freedom of one component at places that meet a condition."""
        found: IntArray = self.n_dims * np.flatnonzero(condition) + axis
        return found

    def loads(self, traction: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Return the loads of a traction on the loaded facets, (n_dofs,) N.

        Args:
            traction: function of the outward normals, (n_dims, …), to forces per area, MPa; per
                length times thickness in the plane.
        """
        basis, loads = self.basis, np.zeros(self.n_dims * int(self.basis.N))
        sides = skfem.FacetBasis(basis.mesh, basis.elem, facets=self.loaded, intorder=SIDE_ORDER)
        for axis in range(self.n_dims):
            form = skfem.LinearForm(lambda v, w, axis=axis: traction(w.n)[axis] * v)
            loads[axis :: self.n_dims] = form.assemble(sides)
        return loads

    def stress(
        self, constants: tuple[float, float], thickness: float, loads: FloatArray, held: IntArray
    ) -> FloatArray:
        """Return the stress at the stress point, mean of its elements, (n_dims, n_dims) MPa.

        Args:
            constants: λ and μ, MPa.
            thickness: thickness in the plane; 1 for a solid.
            loads: loads, (n_dofs,) N.
            held: degrees of freedom that are zero.
        """
        basis, n_dims = self.basis, self.n_dims
        shares = np.full(basis.mesh.t.shape[1], thickness)
        stiffness = stiffness_matrix(basis, *constants, shares)
        free = np.setdiff1d(np.arange(len(loads)), held)
        field = np.zeros_like(loads)
        field[free] = factorise(stiffness[free][:, free])(loads[free])
        corners, elements = np.nonzero(basis.mesh.t == self.stress_point)
        reference = np.vstack([np.zeros(n_dims), np.eye(n_dims)])
        found = []
        for corner, element in zip(corners, elements, strict=True):
            at_corner = (reference[[corner]].T, np.ones(1))
            local = skfem.Basis(
                basis.mesh, basis.elem, elements=np.array([element]), quadrature=at_corner
            )
            parts = [np.ascontiguousarray(field[axis::n_dims]) for axis in range(n_dims)]
            gradient = np.array([local.interpolate(part).grad for part in parts])[..., 0, 0]
            found.append(stress_law(*constants, (gradient + gradient.T) / 2))
        mean: FloatArray = np.mean(found, axis=0)
        return mean


def elliptic_membrane(n_around: int, n_across: int) -> EllipticBody:
    """Return the quarter in the plane; only one element meets the stress point.

    Args:
        n_around: number of elements along the ellipses.
        n_across: number of elements from one ellipse to the other.
    """
    square = _square(n_around, n_across)
    outer = square.facets_satisfying(lambda x: x[0] < NEAR, boundaries_only=True)
    straight = skfem.MeshTri2.from_mesh(square)
    curved = skfem.MeshTri2(_on_ellipses(straight.doflocs), straight.t)
    element = skfem.ElementTriP2()
    return EllipticBody(
        basis=skfem.Basis(curved, element, intorder=ORDER),
        places=skfem.Basis(square, element, intorder=1).doflocs,
        loaded=outer,
        stress_point=_nearest(curved, [INNER[0], 0.0]),
    )


def elliptic_plate(n_around: int, n_across: int, n_layers: int, height: float) -> EllipticBody:
    """Return the quarter as a solid of tetrahedra.

    Args:
        n_around: number of elements along the ellipses.
        n_across: number of elements from one ellipse to the other.
        n_layers: number of layers of elements.
        height: thickness of the plate, m.
    """
    square, n_points = _square(n_around, n_across, GRADING), (n_around + 1) * (n_across + 1)
    levels = height / 2 * (1 + np.sin(np.pi / 2 * np.linspace(-1.0, 1.0, n_layers + 1)))
    points = np.hstack([np.vstack([square.p, np.full(n_points, z)]) for z in levels])
    corners = np.sort(square.t.T, axis=1)
    prisms = [
        np.hstack([corners + layer * n_points, corners + (layer + 1) * n_points])
        for layer in range(n_layers)
    ]
    block = skfem.MeshTet(points, np.ascontiguousarray(np.vstack(prisms)[:, CUTS].reshape(-1, 4).T))
    upper = block.facets_satisfying(lambda x: x[2] > height - NEAR, boundaries_only=True)
    straight = skfem.MeshTet2.from_mesh(block)
    curved = skfem.MeshTet2(_on_ellipses(straight.doflocs), straight.t)
    element = skfem.ElementTetP2()
    return EllipticBody(
        basis=skfem.Basis(curved, element, intorder=ORDER),
        places=skfem.Basis(block, element, intorder=1).doflocs,
        loaded=upper,
        stress_point=_nearest(curved, [INNER[0], 0.0, height]),
    )


def _square(n_around: int, n_across: int, power: float = 1.0) -> skfem.MeshTri:
    across, around = (np.linspace(0.0, 1.0, n + 1) for n in (n_across, n_around))
    return skfem.MeshTri.init_tensor(1.0 - across[::-1] ** power, around**power)


def _on_ellipses(places: FloatArray) -> FloatArray:
    """Return x, y and the height of places in the unit square."""
    across, angle = places[0], np.pi / 2 * places[1]
    axes = [outer + across * (inner - outer) for inner, outer in zip(INNER, OUTER, strict=True)]
    return np.array([axes[0] * np.cos(angle), axes[1] * np.sin(angle), *places[2:]])


def _nearest(mesh: skfem.Mesh, place: list[float]) -> int:
    return int(np.abs(mesh.p.T - place).sum(axis=1).argmin())
