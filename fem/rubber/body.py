"""A rubber body in the plane: elements, supports, loads and readings of a continuum model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from fem.rubber.kernel import (
    LOCAL_DOFS,
    Elements,
    deformation_gradients,
    internal_forces,
    tangent,
)
from fem.rubber.law import transverse_ratio
from fem.system import System
from fem.weight import NEWTON_PER_MM3, weight_loads
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.linalg.cholesky import Factoriser, make_factoriser


@dataclass(frozen=True, eq=False)
class RubberBody:
    """A rubber body on the mesh of a continuum model, with its supports, loads and readings.

    Args:
        elements: the triangles.
        system: the linear system: supports, load vectors and readings.
        weight: own weight along -y, (n_dofs,) N.
        weight_N_per_mm3: the same per volume.
    """

    elements: Elements
    system: System
    weight: FloatArray
    weight_N_per_mm3: float = 0.0

    @property
    def n_dofs(self) -> int:
        """Number of degrees of freedom."""
        return self.system.n_dofs

    def forces(self, field: FloatArray) -> tuple[float, FloatArray]:
        """Return the strain energy (N mm) and the internal forces (N) of a field, (n_dofs,) mm.

        The energy is infinite, and the forces are not complete, if an element is inverted.
        """
        forces = np.empty(self.n_dofs)
        return internal_forces(self.elements, field, forces), forces

    def tangent(self, field: FloatArray) -> FloatArray:
        """Return the tangent stiffness of a field as values of the lower triangle, N/mm."""
        data = np.empty(self._pattern.nnz)
        tangent(self.elements, field, self._places, data)
        return data

    def stiffness(self, field: FloatArray) -> sparse.csc_array:
        """Return the tangent stiffness on the free degrees of freedom as a full matrix, N/mm."""
        pattern = self._pattern
        parts = (self.tangent(field), pattern.indices, pattern.indptr)
        lower = sparse.csc_array(parts, shape=pattern.shape)
        return sparse.csc_array(lower + sparse.tril(lower, -1).T)

    def deformation_gradients(self, field: FloatArray) -> FloatArray:
        """Return F at every quadrature point, (n_elements, n_points, 2, 2)."""
        gradients: FloatArray = deformation_gradients(self.elements, field)
        return gradients

    @cached_property
    def factoriser(self) -> Factoriser:
        """Factoriser of the tangents, which all have the same sparsity pattern."""
        return make_factoriser(self._pattern)

    @property
    def _pattern(self) -> sparse.csc_array:
        return self._assembly[0]

    @property
    def _places(self) -> IntArray:
        return self._assembly[1]

    @cached_property
    def _assembly(self) -> tuple[sparse.csc_array, IntArray]:
        """Pattern of the lower triangle on free degrees of freedom, and the places in its data."""
        free = self.system.free
        number = np.full(self.n_dofs, -1)
        number[free] = np.arange(len(free))
        dofs = number[self.elements.dofs]
        rows, columns = np.tril_indices(LOCAL_DOFS)
        ends = np.stack([dofs[:, rows], dofs[:, columns]])
        low, high = ends.min(axis=0), ends.max(axis=0)
        inside = low >= 0
        keys, places = np.unique(low[inside] * len(free) + high[inside], return_inverse=True)
        found = np.full(low.shape, -1)
        found[inside] = places
        starts = np.searchsorted(keys, np.arange(len(free) + 1) * len(free))
        parts = (np.ones(len(keys)), keys % len(free), starts)
        return sparse.csc_array(parts, shape=(len(free), len(free))), found


def make_rubber(
    system: System,
    thickness_mm: FloatArray,
    elasticity: tuple[float, float],
    density_g_per_cm3: float = 0.0,
) -> RubberBody:
    """Return the rubber body of a linear system; at rest both models are the same.

    Args:
        system: a system of triangles, whose supports and load discs are used.
        thickness_mm: thickness of each triangle, (n_triangles,).
        elasticity: Young's modulus, MPa, and Poisson's ratio, at most 0.5.
        density_g_per_cm3: density, for the weight of the part; 0: no weight.
    """
    basis, (modulus, poisson) = system.basis, elasticity
    gradients = np.stack([function[0].grad for function in basis.basis], axis=-1)
    dofs = 2 * basis.element_dofs.T[:, :, None] + np.arange(2)
    return RubberBody(
        elements=Elements(
            dofs=np.ascontiguousarray(dofs.reshape(-1, LOCAL_DOFS), dtype=np.int64),
            gradients=np.ascontiguousarray(np.moveaxis(gradients, 0, -1)),
            volumes=np.ascontiguousarray(basis.dx * thickness_mm[:, None]),
            shear=modulus / (2 * (1 + poisson)),
            ratio=transverse_ratio(poisson),
        ),
        system=system,
        weight=weight_loads(system, density_g_per_cm3, thickness_mm),
        weight_N_per_mm3=density_g_per_cm3 * NEWTON_PER_MM3,
    )
