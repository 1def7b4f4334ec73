"""Solver of the states of a large frame, with sparse factors of the condensed tangents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from fem.frames.dense_solver import SolvePoints
from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Factors, Points, make_factors
from fem.frames.kernels.chains import condense_loads, recover_interior
from fem.frames.kernels.newton import add_change, force_norm, is_near_prediction, linearise
from fem.frames.kernels.space import linearise_space
from fem.frames.newton_settings import newton_settings
from fem.frames.sparse_pattern import CondensedPattern, make_pattern
from mnnfab.arrays import IntArray
from mnnfab.errors import LostStateError
from mnnfab.linalg.cholesky import Factor


@dataclass(frozen=True, eq=False)
class SparseSolver:
    """Solver of large frames. Cholesky's factorisation only tells whether a state is stable.

    Args:
        frame: the frame.
    """

    frame: BeamFrame

    def newton(self, loads: Points, state: Points) -> tuple[bool, int]:
        """Solve in place; an unstable tangent on the way counts as no convergence."""
        frame, settings = self.frame, newton_settings(self.frame)
        dofs, length = frame.planar.dofs, settings.length_mm
        residual = Points(*frame.no_loads)
        allowed = settings.tolerance * force_norm(dofs, Points(*loads), length)
        first, after, previous = 0.0, 0.0, np.inf
        for iteration in range(settings.max_iterations):
            residual.nodes[:], residual.interior[:] = loads.nodes, loads.interior
            factor = self._factorise(state, residual)
            norm = force_norm(dofs, residual, length)
            if factor is None or not np.isfinite(norm):
                return False, 1
            if norm <= allowed or (settings.rounding_N >= norm > 0.3 * previous):
                return is_near_prediction(first, after), 0
            previous = norm
            self._solve(factor, dofs, residual)
            change = add_change(state, residual)
            first, after = (change, 0.0) if iteration == 0 else (first, after + change)
            if iteration > 0 and settings.axial_N * change**2 <= allowed:
                return is_near_prediction(first, after), 0
        return False, 0

    def out_of_plane(self, state: Points) -> int:
        """Return 0 if a state is stable out of the plane, otherwise a positive number."""
        return int(self._factorise_space(state) is None)

    def planar_solve(self, state: Points) -> SolvePoints:
        """Return the function that replaces small additional loads by displacements.

        It is valid until the next call of the solver.

        Raises:
            LostStateError: if the state is unstable in its plane.
        """
        factor = self._factorise(state, self.frame.no_loads)
        return self._solver(factor, self.frame.planar.dofs, "in its plane")

    def space_solve(self, state: Points) -> SolvePoints:
        """Return the same function for displacements out of the plane.

        Raises:
            LostStateError: if the state is unstable out of its plane.
        """
        return self._solver(self._factorise_space(state), self.frame.space.dofs, "out of its plane")

    def _factorise(self, state: Points, residual: Points) -> Factor | None:
        """Subtract internal forces from `residual`; return the factor of a stable tangent."""
        frame = self.frame
        _, negatives = linearise(frame.chains, frame.planar, state, self._factors, residual)
        return None if negatives else self._pattern.factorise(self._factors.condensed)

    def _factorise_space(self, state: Points) -> Factor | None:
        frame = self.frame
        negatives = linearise_space(frame.chains, frame.planar, frame.space, state, self._factors)
        return None if negatives else self._space_pattern.factorise(self._factors.condensed)

    def _solver(self, factor: Factor | None, dofs: IntArray, where: str) -> SolvePoints:
        if factor is None:
            msg = f"the frame is unstable {where}"
            raise LostStateError(msg)
        return partial(self._solve, factor, dofs)

    def _solve(self, factor: Factor, dofs: IntArray, loads: Points) -> None:
        chains, free = self.frame.chains, dofs >= 0
        condense_loads(chains, self._factors, loads)
        loads.nodes[free] = factor.solve(loads.nodes[free])
        loads.nodes[~free] = 0.0
        recover_interior(chains, self._factors, loads)

    @cached_property
    def _factors(self) -> Factors:
        return make_factors(self.frame.chains, 0)

    @cached_property
    def _pattern(self) -> CondensedPattern:
        return make_pattern(self.frame.ends, self.frame.planar)

    @cached_property
    def _space_pattern(self) -> CondensedPattern:
        return make_pattern(self.frame.ends, self.frame.space)
