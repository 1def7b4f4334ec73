"""Newton's method for one state of a small frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Factors, Points, make_factors
from fem.frames.kernels.dense import solve_dense
from fem.frames.kernels.newton import (
    Settings,
    linearise,
    newton,
)
from fem.frames.kernels.samples import space_negatives
from fem.frames.newton_settings import newton_settings


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
    def _space_factors(self) -> Factors:
        return make_factors(self.frame.chains, self.frame.space.n_free)

    @cached_property
    def _settings(self) -> Settings:
        return newton_settings(self.frame)
