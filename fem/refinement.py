"""Goal-oriented mesh refinement for the displacements at the ports.

The error of an entry of the flexibility matrix is the work of the error of the forward field on
the error of the adjoint field: a triangle contributes only if both fields have an error there,
which is the case at the joints between the ports.
Source: Becker and Rannacher, Acta Numerica 10 (2001) 1; the errors of the stresses are those
of Zienkiewicz and Zhu, Int. J. Numer. Meth. Eng. 24 (1987) 337.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from skfem import Basis

from fem.continuum import Continuum, triangulation
from fem.elasticity import stress_law
from fem.mesh import Mesh
from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints

#: Fraction of the estimated error whose triangles are refined.
BULK = 0.8
#: Corners of a triangle as quadrature points.
CORNERS = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def error_indicators(continuum: Continuum) -> FloatArray:
    """Return the contribution of each triangle to the error of the flexibility, (n_triangles,)."""
    forward = sum(_stress_errors(continuum, field) for field in continuum.fields.T)
    adjoint = sum(_stress_errors(continuum, field) for field in continuum.adjoint_fields.T)
    indicators: FloatArray = np.sqrt(forward * adjoint)
    return indicators


def _stress_errors(continuum: Continuum, field: FloatArray) -> FloatArray:
    """Return the energy of the stress minus the smoothed stress per triangle, (n_triangles,)."""
    basis = continuum.basis
    triangles, areas = basis.mesh.t, basis.dx.sum(axis=-1)
    corner_basis = Basis(basis.mesh, basis.elem, quadrature=(CORNERS, np.full(3, 1 / 6)))
    parts = [corner_basis.interpolate(np.ascontiguousarray(field[a::2])).grad for a in (0, 1)]
    strain = (np.array(parts) + np.swapaxes(np.array(parts), 0, 1)) / 2
    stress = stress_law(continuum.lame, continuum.shear, strain)
    patch_areas = np.bincount(triangles.ravel(), np.tile(areas, 3))
    error = {}
    for a, b in ((0, 0), (1, 1), (0, 1)):
        sums = np.bincount(triangles.ravel(), (stress[a, b] * areas[:, None]).T.ravel())
        error[a, b] = stress[a, b] - (sums / patch_areas)[triangles].T
    poisson = continuum.lame / (continuum.lame + 2 * continuum.shear)
    density = (
        error[0, 0] ** 2
        + error[1, 1] ** 2
        - 2 * poisson * error[0, 0] * error[1, 1]
        + 2 * (1 + poisson) * error[0, 1] ** 2
    )
    energy: FloatArray = areas * continuum.mesh.thickness_mm * density.mean(axis=1)
    return energy


def mark_triangles(indicators: FloatArray) -> IntArray:
    """Return the smallest set of triangles with the fraction `BULK` of the error, worst first."""
    order = np.argsort(-indicators, kind="stable")
    n_marked = np.searchsorted(np.cumsum(indicators[order]), BULK * indicators.sum())
    return order[: int(n_marked) + 1]


def refined(mesh: Mesh, triangles: IntArray) -> Mesh:
    """Return the mesh with some triangles divided in four, and their neighbours to conform.

    Chords of arcs are divided; the new points are not moved to the arc.
    """
    order = np.argsort(mesh.region, kind="stable")
    names, starts = np.unique(mesh.region[order], return_index=True)
    parts = dict(zip(map(str, names.tolist()), np.split(order, starts[1:]), strict=True))
    finer = triangulation(mesh).with_subdomains(parts).refined(triangles)
    region = np.empty(finer.t.shape[1], dtype=np.int64)
    for name, inside in finer.subdomains.items():
        region[inside] = int(name)
    return replace(
        mesh,
        points=frozen_floats(finer.p.T),
        triangles=frozen_ints(_counter_clockwise(finer.p, finer.t)),
        region=frozen_ints(region),
    )


def _counter_clockwise(points: FloatArray, triangles: IntArray) -> IntArray:
    corners = points[:, triangles]
    (ax, ay), (bx, by) = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    oriented: IntArray = np.where(ax * by > ay * bx, triangles, triangles[[0, 2, 1]])
    return oriented.T
