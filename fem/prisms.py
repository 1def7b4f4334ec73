"""Prisms through the whole thickness: quadratic in the plane, Legendre polynomials across it.

An unknown has a function φ_i(x, y) P_k(2 z / t) in one component of the displacement, with the
quadratic functions φ_i of the triangles and z measured from the middle plane. With k up to 2 this
is the prism of 18 nodes. If body and stress are symmetric about the middle plane, the unknowns
separate into two families without stiffness between them:

    in the plane        u_x, u_y even in z, u_z odd
    out of the plane    u_x, u_y odd in z, u_z even

Integrals over a prism are products of integrals over its triangle and over the thickness, so
everything is assembled in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.polynomial import Legendre
from numpy.polynomial.legendre import leggauss
from scipy import sparse
from skfem import Basis, BilinearForm, ElementTriP2, MeshTri

from fem.elasticity import stress_law, sum_duplicates
from mnnfab.arrays import FloatArray, IntArray

AXES = (0, 1, 2)
#: Quadrature order in the plane: exact for the product of σ_zz and two functions of a straight
#: triangle, all of them quadratic.
ORDER = 6

PlaneIntegrals = dict[tuple[int, int], sparse.csr_array]
StressIntegrals = dict[tuple[int, int], FloatArray]


@dataclass(frozen=True, eq=False)
class Family:
    """The functions across the thickness of the unknowns at a point of the plane.

    Args:
        component: component of the displacement of each unknown, (m,).
        degree: degree k of its Legendre polynomial, (m,).
    """

    component: IntArray
    degree: IntArray

    def first(self, component: int) -> int:
        """Return the unknown of the lowest degree of a component."""
        return int(np.flatnonzero(self.component == component)[0])


def make_family(highest: int, *, in_plane: bool) -> Family:
    """Return a family with polynomials up to a degree.

    >>> make_family(2, in_plane=True).degree
    array([0, 2, 0, 2, 1])
    >>> make_family(2, in_plane=False).degree
    array([1, 1, 0, 2])
    """
    even, odd = range(0, highest + 1, 2), range(1, highest + 1, 2)
    plane, across = (even, odd) if in_plane else (odd, even)
    component = [0] * len(plane) + [1] * len(plane) + [2] * len(across)
    return Family(np.array(component), np.array([*plane, *plane, *across]))


@dataclass(frozen=True, eq=False)
class Section:
    """Legendre polynomials at the quadrature points of the thickness.

    Args:
        values: P_k at each point, (n_degrees, n_points).
        slopes: its derivative with respect to z, 1/mm.
        weights: weights of the points, (n_points,) mm; their sum is the thickness.
    """

    values: FloatArray
    slopes: FloatArray
    weights: FloatArray

    def along(self, axis: int) -> FloatArray:
        """Return the factor of z in the derivative along an axis, (n_degrees, n_points)."""
        return self.slopes if axis == 2 else self.values


def make_section(highest: int, thickness_mm: float) -> Section:
    """Return the polynomials up to a degree, with quadrature exact for products of three."""
    places, weights = leggauss(3 * highest // 2 + 1)
    half = thickness_mm / 2
    polynomials = [Legendre.basis(degree) for degree in range(highest + 1)]
    return Section(
        values=np.array([polynomial(places) for polynomial in polynomials]),
        slopes=np.array([polynomial.deriv()(places) / half for polynomial in polynomials]),
        weights=weights * half,
    )


@dataclass(frozen=True, eq=False)
class Prisms:
    """The prisms of a body and their material.

    Args:
        basis: scalar basis of quadratic triangles.
        section: polynomials across the thickness.
        lame: λ, MPa.
        shear: μ, MPa.
        share: stiffness of each prism relative to that of the material, (n_triangles,).
        integrals: ∫ share ∂p φj ∂q φi in the plane for each pair (p, q) of axes, all in the same
            pattern; the derivative along z leaves a function in the plane as it is.
    """

    basis: Basis
    section: Section
    lame: float
    shear: float
    share: FloatArray
    integrals: PlaneIntegrals


def make_prisms(
    triangles: MeshTri, section: Section, constants: tuple[float, float], share: FloatArray
) -> Prisms:
    """Return the prisms above triangles.

    Args:
        triangles: mesh of the middle plane.
        section: polynomials across the thickness.
        constants: λ and μ, MPa.
        share: stiffness of each prism relative to that of the material, (n_triangles,).
    """
    basis = Basis(triangles, ElementTriP2(), intorder=ORDER)
    weights = np.broadcast_to(share[:, None], basis.dx.shape)

    def integral(p: int, q: int) -> sparse.csr_array:
        def form(u: Any, v: Any, w: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
            return w["share"] * _along(u, p) * _along(v, q)

        return sum_duplicates(BilinearForm(form).elemental(basis, share=weights))

    integrals = {(p, q): integral(p, q) for p, q in product(AXES, AXES)}
    return Prisms(basis, section, *constants, share, integrals)


def prism_stiffness(prisms: Prisms, family: Family) -> sparse.csc_array:
    """Return the stiffness matrix of a family, N/mm; unknown k of point i has number m i + k."""
    size, component, section = len(family.degree), family.component, prisms.section
    across = {
        (p, q): (section.along(p) * section.weights) @ section.along(q).T
        for p, q in product(AXES, AXES)
    }
    blocks = np.zeros((prisms.integrals[0, 0].nnz, size, size))
    for i, j in product(range(size), range(size)):
        a, b = int(component[i]), int(component[j])
        degrees = family.degree[j], family.degree[i]
        terms = [(prisms.lame, b, a), (prisms.shear, a, b)]
        terms += [(prisms.shear, p, p) for p in AXES if a == b]
        for constant, p, q in terms:
            blocks[:, i, j] += constant * across[p, q][degrees] * prisms.integrals[p, q].data
    return _in_blocks(blocks, prisms.integrals[0, 0])


def prism_stress(prisms: Prisms, family: Family, field: FloatArray) -> FloatArray:
    """Return the stress of a field, (3, 3, n_triangles, n_quadrature, n_points) MPa.

    Args:
        prisms: the prisms.
        family: the unknowns.
        field: displacements, (m n_points,) mm.
    """
    basis, section, size = prisms.basis, prisms.section, len(family.degree)
    gradient = np.zeros((3, 3, *basis.dx.shape, len(section.weights)))
    for k, (component, degree) in enumerate(zip(family.component, family.degree, strict=True)):
        part = basis.interpolate(np.ascontiguousarray(field[k::size]))
        for axis in AXES:
            in_plane = np.asarray(_along(part, axis))
            gradient[component, axis] += in_plane[..., None] * section.along(axis)[degree]
    strain = (gradient + np.swapaxes(gradient, 0, 1)) / 2
    stress: FloatArray = stress_law(prisms.lame, prisms.shear, strain)
    return stress * prisms.share[:, None, None]


def stress_integrals(prisms: Prisms, stress: FloatArray) -> StressIntegrals:
    """Return ∫ σ_pq ∂p (φj P_k) ∂q (φi P_l) for each pair (k, l) of degrees of the same parity.

    Values are in the pattern of `Prisms.integrals`. For all other pairs the integral vanishes,
    because the stress is symmetric about the middle plane.

    Args:
        prisms: the prisms.
        stress: stress of a field that is in the plane, as from `prism_stress`.
    """
    section, basis, degrees = prisms.section, prisms.basis, range(len(prisms.section.values))
    across = np.array([section.along(axis) for axis in AXES])
    # Functions in the plane along each axis, (n_triangles, 6, 3, n_quadrature). A form of
    # scikit-fem with its 9 terms for each pair of functions takes ten times as long.
    functions = np.array([[_along(one[0], p) for p in AXES] for one in basis.basis])
    functions = np.ascontiguousarray(functions.transpose(2, 0, 1, 3))
    rows = functions.reshape(*functions.shape[:2], -1)
    dofs = basis.element_dofs.T
    places = [one.ravel() for one in np.broadcast_arrays(dofs[:, :, None], dofs[:, None, :])]

    def integral(first: int, second: int) -> FloatArray:
        products = section.weights * across[:, None, first] * across[None, :, second]
        weights = basis.dx * np.einsum("pqexz,pqz->pqex", stress, products, optimize=True)
        columns = np.einsum("pqex,ejpx->ejqx", weights, functions, optimize=True)
        entries = rows @ columns.reshape(rows.shape).transpose(0, 2, 1)
        matrix = sparse.coo_array((entries.ravel(), places), shape=(basis.N, basis.N)).tocsr()
        matrix.sort_indices()
        data: FloatArray = matrix.data
        return data

    return {pair: integral(*pair) for pair in product(degrees, degrees) if sum(pair) % 2 == 0}


def prism_stress_stiffness(
    prisms: Prisms, integrals: StressIntegrals, family: Family
) -> sparse.csc_array:
    """Return the geometric stiffness matrix of a family, numbered as in `prism_stiffness`."""
    size, component, pattern = len(family.degree), family.component, prisms.integrals[0, 0]
    blocks = np.zeros((pattern.nnz, size, size))
    for i, j in product(range(size), range(size)):
        if component[i] == component[j]:
            blocks[:, i, j] = integrals[int(family.degree[j]), int(family.degree[i])]
    return _in_blocks(blocks, pattern)


def middle_plane(family: Family, field: FloatArray) -> FloatArray:
    """Return the displacement of a field in the middle plane, (n_points, 3)."""
    at_middle = [Legendre.basis(int(degree))(0.0) for degree in family.degree]
    components = np.eye(3)[family.component] * np.array(at_middle)[:, None]
    displacement: FloatArray = field.reshape(-1, len(family.degree)) @ components
    return displacement


def _along(u: Any, axis: int) -> Any:  # noqa: ANN401 - scikit-fem's fields
    """Return the factor of x and y in the derivative along an axis."""
    return u.value if axis == 2 else u.grad[axis]


def _in_blocks(blocks: FloatArray, pattern: sparse.csr_array) -> sparse.csc_array:
    rows = sparse.bsr_array((blocks, pattern.indices, pattern.indptr)).tocsr()
    rows.eliminate_zeros()  # e.g. between polynomials that are orthogonal
    # The matrix is symmetric, so its CSR arrays are also its CSC arrays.
    return sparse.csc_array((rows.data, rows.indices, rows.indptr), shape=rows.shape)
