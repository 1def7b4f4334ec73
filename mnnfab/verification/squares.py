"""Unit squares of quadratic triangles, as systems whose loads and supports are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import skfem
from scipy import sparse

from fem.elasticity import stiffness_matrix
from fem.supports import make_supports
from fem.system import System
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.linalg.cholesky import factorise

#: Quadrature of body forces and errors, which are not polynomials.
FINE = 8

Field = Callable[[FloatArray, FloatArray], FloatArray]
"""A vector field of the coordinates x and y, (2, …)."""


def square_system(
    n_sides: int,
    constants: tuple[float, float],
    held: Literal["boundary", "symmetry", "nothing"],
    *,
    distorted: bool = False,
) -> System:
    """Return a unit square of unit thickness.

    Args:
        n_sides: number of elements along a side.
        constants: λ and μ, MPa.
        held: the whole boundary; u_x at x = 0 and u_y at y = 0; or nothing, in which case the
            system cannot be solved.
        distorted: move the inner points, so that no two elements are alike.
    """
    knots = np.linspace(0.0, 1.0, n_sides + 1)
    mesh = skfem.MeshTri.init_tensor(knots, knots)
    if distorted:
        x, y = mesh.p
        bubble = 0.3 / n_sides * np.sin(np.pi * x) * np.sin(np.pi * y)
        moved = mesh.p + bubble * np.array([np.cos(7 * x + 3 * y), np.sin(5 * x - 4 * y)])
        mesh = skfem.MeshTri(moved, mesh.t)
    basis = skfem.Basis(mesh, skfem.ElementTriP2(), intorder=4)
    stiffness = stiffness_matrix(basis, *constants, np.ones(mesh.t.shape[1]))
    free = np.setdiff1d(np.arange(2 * basis.N), _held(basis, held))
    nothing = sparse.csc_array((2 * basis.N, 0))
    solve = factorise(stiffness[free][:, free]) if held != "nothing" else np.copy
    return System(basis, stiffness, free, make_supports(nothing, (), 1.0), nothing, nothing, solve)


def edge_loads(system: System, axis: int, traction: float) -> FloatArray:
    """Return the loads of a uniform normal traction on the side x = 1 or y = 1, (n_dofs,) N."""
    sides = system.basis.mesh.facets_satisfying(lambda x: x[axis] > 1 - 1e-9, boundaries_only=True)
    facets = skfem.FacetBasis(system.basis.mesh, skfem.ElementTriP2(), facets=sides, intorder=4)
    loads = np.zeros(system.n_dofs)
    loads[axis::2] = skfem.LinearForm(lambda v, _: traction * v).assemble(facets)
    return loads


def body_loads(system: System, force: Field) -> FloatArray:
    """Return the loads of a body force per area, (n_dofs,) N."""
    basis, loads = _fine(system), np.zeros(system.n_dofs)
    for axis in (0, 1):

        def form(v: Any, w: Any, axis: int = axis) -> Any:  # noqa: ANN401 - scikit-fem's fields
            return force(*w.x)[axis] * v

        loads[axis::2] = skfem.LinearForm(form).assemble(basis)
    return loads


def field_error(system: System, field: FloatArray, exact: Field) -> float:
    """Return the L2 norm of the error of a field, (n_dofs,) mm."""
    basis = _fine(system)
    wanted = exact(*np.asarray(basis.global_coordinates()))
    parts = [basis.interpolate(np.ascontiguousarray(field[axis::2])).value for axis in (0, 1)]
    squared = sum((part - one) ** 2 for part, one in zip(parts, wanted, strict=True))
    return float(np.sqrt((squared * basis.dx).sum()))


def nodal_values(system: System, exact: Field) -> FloatArray:
    """Return the values of a field at the degrees of freedom, (n_dofs,)."""
    values: FloatArray = exact(*system.basis.doflocs).T.ravel()
    return values


def boundary_dofs(system: System) -> IntArray:
    """Return the degrees of freedom of the boundary."""
    return _held(system.basis, "boundary")


def _fine(system: System) -> skfem.Basis:
    return skfem.Basis(system.basis.mesh, skfem.ElementTriP2(), intorder=FINE)


def _held(basis: skfem.Basis, held: str) -> IntArray:
    if held == "boundary":
        dofs: IntArray = (2 * basis.get_dofs().all()[:, None] + [0, 1]).ravel()
        return dofs
    on_axes: Sequence[IntArray] = [
        2 * np.flatnonzero(np.abs(basis.doflocs[axis]) < 1e-9) + axis for axis in (0, 1)
    ]
    return np.concatenate(on_axes) if held == "symmetry" else np.array([], dtype=np.int64)
