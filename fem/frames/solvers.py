"""Solvers of the states of a frame, by its size."""

from __future__ import annotations

from typing import Protocol

from fem.frames.dense_solver import DenseSolver, SolvePoints
from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.sparse_solver import SparseSolver

#: Condensed matrices of more degrees of freedom are factorised as sparse ones.
MAX_DENSE = 150


class Solver(Protocol):
    """Equilibria of a frame from a start near them."""

    def newton(self, loads: Points, state: Points) -> tuple[bool, int]:
        """Solve in place; return True if it has converged, and the negative eigenvalues."""
        ...

    def out_of_plane(self, state: Points) -> int:
        """Return the negative eigenvalues out of the plane; 1 may stand for more."""
        ...

    def planar_solve(self, state: Points) -> SolvePoints:
        """Return the function that replaces small additional loads by displacements.

        It is valid until the next call of the solver.

        Raises:
            ToolError: if the state of a large frame is unstable in its plane.
        """
        ...


def make_solver(frame: BeamFrame) -> Solver:
    """Return the solver for the size of a frame."""
    return DenseSolver(frame) if frame.planar.n_free <= MAX_DENSE else SparseSolver(frame)
