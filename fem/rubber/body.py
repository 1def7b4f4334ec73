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
from mnnfab.io.short_repr import short_repr
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

    __repr__ = short_repr

    @property
    def n_dofs(self) -> int:
        """Number of degrees of freedom."""
        return self.system.n_dofs

    def forces(self, field: FloatArray) -> tuple[float, FloatArray]:
        """Return the strain energy (N mm) and the internal forces (N) of a field, (n_dofs,) mm.

        The energy is infinite, and the forces are not complete, if an element is inverted.
        """
        forces = np.empty(self.n_dofs)
        energy = internal_forces(self.elements, field, forces)
        if self._ground.nnz:
            own = self._ground @ field
            energy, forces = energy + 0.5 * float(field @ own), forces + own
        return energy, forces

    def tangent(self, field: FloatArray) -> FloatArray:
        """Return the tangent stiffness of a field as values of the lower triangle, N/mm."""
        data = np.empty(self._pattern.nnz)
        tangent(self.elements, field, self._places, data)
        if self._ground.nnz:
            data[self._ground_places] += self._ground_values
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

    @cached_property
    def _ground(self) -> sparse.csc_array:
        """Stiffness of the supports of single directions, (n_dofs, n_dofs) N/mm."""
        shape = (self.n_dofs, self.n_dofs)
        return self.system.supports.with_springs(sparse.csc_array(shape, dtype=np.float64))

    def ground_rounding(self, field: FloatArray) -> float:
        """Return the error of the forces of supports by the rounding of displacements, N."""
        if not self._ground.nnz:
            return 0.0
        return float(np.finfo(float).eps * (abs(self._ground) @ np.abs(field)).max())

    @cached_property
    def _ground_entries(self) -> tuple[IntArray, FloatArray]:
        """Keys, column times size plus row, and values of its lower triangle, free ones only."""
        free = self.system.free
        lower = sparse.tril(self._ground[free][:, free]).tocoo()
        return lower.col.astype(np.int64) * len(free) + lower.row, lower.data

    @property
    def _ground_places(self) -> IntArray:
        return self._assembly[2]

    @property
    def _ground_values(self) -> FloatArray:
        return self._ground_entries[1]

    @property
    def _pattern(self) -> sparse.csc_array:
        return self._assembly[0]

    @property
    def _places(self) -> IntArray:
        return self._assembly[1]

    @cached_property
    def _assembly(self) -> tuple[sparse.csc_array, IntArray, IntArray]:
        """Pattern of the lower triangle on free degrees of freedom, and the places in its data.

        The places are those of the entries of the elements, and of the supports.
        """
        free = self.system.free
        number = np.full(self.n_dofs, -1)
        number[free] = np.arange(len(free))
        dofs = number[self.elements.dofs]
        rows, columns = np.tril_indices(LOCAL_DOFS)
        ends = np.stack([dofs[:, rows], dofs[:, columns]])
        low, high = ends.min(axis=0), ends.max(axis=0)
        inside = low >= 0
        own = low[inside] * len(free) + high[inside]
        both = np.concatenate([own, self._ground_entries[0]])
        keys, places = np.unique(both, return_inverse=True)
        found = np.full(low.shape, -1)
        found[inside] = places[: len(own)]
        starts = np.searchsorted(keys, np.arange(len(free) + 1) * len(free))
        parts = (np.ones(len(keys)), keys % len(free), starts)
        return sparse.csc_array(parts, shape=(len(free), len(free))), found, places[len(own) :]


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
