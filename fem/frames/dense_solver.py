"""Solver of the states of a small frame, with dense factors of the condensed tangents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Factors, Points, make_factors
from fem.frames.kernels.dense import solve_dense
from fem.frames.kernels.eigenvalues import planar_material, project, space_material
from fem.frames.kernels.newton import (
    Settings,
    linearise,
    newton,
)
from fem.frames.kernels.space import space_negatives
from fem.frames.newton_settings import newton_settings
from mnnfab.arrays import FloatArray

SolvePoints = Callable[[Points], None]


@dataclass(frozen=True, eq=False)
class DenseSolver:
    """Solver of small frames, compiled.

    Args:
        frame: the frame.
    """

    frame: BeamFrame

    def newton(self, loads: Points, state: Points) -> tuple[bool, int]:
        """Solve in place; return True if it has converged, and the negative eigenvalues."""
        frame = self.frame
        residual = Points(*frame.no_loads)
        return newton(
            frame.chains, frame.planar, loads, state, self._factors, residual, self._settings
        )

    def out_of_plane(self, state: Points) -> int:
        """Return the negative eigenvalues out of the plane."""
        frame = self.frame
        return space_negatives(frame.chains, frame.planar, frame.space, state, self._space_factors)

    def planar_solve(self, state: Points) -> SolvePoints:
        """Return the function that replaces small additional loads by displacements.

        It is valid until the next call of the solver.
        """
        frame = self.frame
        linearise(frame.chains, frame.planar, state, self._factors, frame.no_loads)
        return partial(solve_dense, frame.chains, frame.planar.dofs, self._factors)

    def planar_projection(self, state: Points, vectors: FloatArray, projected: FloatArray) -> None:
        """Write the projection of the inverse tangent in the plane; see `kernels.eigenvalues`."""
        frame = self.frame
        linearise(frame.chains, frame.planar, state, self._factors, frame.no_loads)
        planar_material(frame.chains, frame.planar, state, self._material)
        arguments = frame.chains, frame.planar.dofs, self._factors, self._material
        project(*arguments, vectors, projected)

    def space_projection(self, state: Points, vectors: FloatArray, projected: FloatArray) -> int:
        """Write the same out of the plane; return the negative eigenvalues there."""
        frame = self.frame
        negatives = self.out_of_plane(state)
        space_material(frame.chains, frame.planar, frame.space, state, self._material)
        arguments = frame.chains, frame.space.dofs, self._space_factors, self._material
        project(*arguments, vectors, projected)
        return negatives

    def linear_steps(self, state: Points, residual: Points, loads: Points) -> int:
        """Solve with the tangent of a state for its residual and for loads, both in place.

        Args:
            state: displacements.
            residual: all loads on entry; the internal forces are subtracted.
            loads: small additional loads.

        Returns:
            Number of negative eigenvalues of the tangent.
        """
        frame = self.frame
        _, negatives = linearise(frame.chains, frame.planar, state, self._factors, residual)
        solve_dense(frame.chains, frame.planar.dofs, self._factors, residual)
        solve_dense(frame.chains, frame.planar.dofs, self._factors, loads)
        return negatives

    @cached_property
    def _factors(self) -> Factors:
        return make_factors(self.frame.chains, self.frame.planar.n_free)

    @cached_property
    def _material(self) -> FloatArray:
        return np.zeros((len(self.frame.vectors), 3, 3, 3))

    @cached_property
    def _space_factors(self) -> Factors:
        return make_factors(self.frame.chains, self.frame.space.n_free)

    @cached_property
    def _settings(self) -> Settings:
        return newton_settings(self.frame)
