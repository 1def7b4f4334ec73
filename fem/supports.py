"""Supports of single directions in finite element models: rollers, and springs to the ground.

A support acts on the mean displacement of the load disc of its node, as a load does: its reaction
is a uniform body force over the disc, which is free to rotate. A rigid support is a constraint of
linear models, and a stiff spring in nonlinear ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray
from mnnfab.linalg.constraints import augmented
from mnnfab.network.ports import port_vectors
from mnnfab.network.supports import RIGID, Support


@dataclass(frozen=True, eq=False)
class Supports:
    """Supports of single directions on the degrees of freedom of a mesh.

    Args:
        held: mean displacements that are held, as functionals of a field, (n_dofs, n_rigid).
        springs: the same of the springs, (n_dofs, n_springs).
        spring_stiffness: their stiffnesses, (n_springs,) N/mm.
        scale: a stiffness of the size of the body's, N/mm.
    """

    held: sparse.csc_array
    springs: sparse.csc_array
    spring_stiffness: FloatArray
    scale: float

    def augmented(self, stiffness: sparse.csc_array) -> sparse.csc_array:
        """Return a stiffness matrix with the springs, augmented along the held directions."""
        return self._added(stiffness, self.scale)

    def with_springs(self, stiffness: sparse.csc_array) -> sparse.csc_array:
        """Return a stiffness matrix with springs, which rigid supports are too."""
        return self._added(stiffness, RIGID * self.scale)

    def spring_forces(self, fields: FloatArray) -> FloatArray:
        """Return the forces of the body on the springs, (n_dofs, n_fields) N."""
        elongations = self.springs.T @ fields
        forces: FloatArray = self.springs @ (self.spring_stiffness[:, None] * elongations)
        return forces

    def reactions(self, unbalanced: FloatArray) -> FloatArray:
        """Return the part of unbalanced forces that rigid supports take, (n_dofs, n_fields) N.

        Args:
            unbalanced: internal forces minus loads on the free degrees of freedom,
                (n_dofs, n_fields).
        """
        if not self.held.shape[1]:
            return np.zeros_like(unbalanced)
        gram = (self.held.T @ self.held).toarray()
        reactions: FloatArray = self.held @ np.linalg.solve(gram, self.held.T @ unbalanced)
        return reactions

    def _added(self, stiffness: sparse.csc_array, rigid: float) -> sparse.csc_array:
        if not self.held.shape[1] and not self.springs.shape[1]:
            return stiffness
        vectors = sparse.csc_array(sparse.hstack([self.springs, self.held]))
        sizes = np.concatenate([self.spring_stiffness, np.full(self.held.shape[1], rigid)])
        return augmented(stiffness, vectors, sizes)


def make_supports(
    readings: sparse.csc_array, supports: Sequence[Support], scale: float
) -> Supports:
    """Return supports on the degrees of freedom of a mesh.

    Args:
        readings: mean displacements of the load discs as functionals, (n_dofs, 2 n_nodes).
        supports: the supports.
        scale: a stiffness of the size of the body's, N/mm.
    """
    rigid = [one.port for one in supports if one.is_rigid]
    springs = [one.port for one in supports if not one.is_rigid]
    n_nodes = int(readings.shape[1]) // 2
    return Supports(
        held=sparse.csc_array(readings @ port_vectors(n_nodes, rigid)),
        springs=sparse.csc_array(readings @ port_vectors(n_nodes, springs)),
        spring_stiffness=np.array(
            [one.stiffness_N_per_mm for one in supports if not one.is_rigid], dtype=np.float64
        ),
        scale=scale,
    )
