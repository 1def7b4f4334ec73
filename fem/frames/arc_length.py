"""Continuation of equilibrium paths past limit points, by pseudo-arc-length (Keller 1977)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.frames.dense_solver import DenseSolver
from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import ToolError

#: Iterations of a step, and the relative change at which it has converged.
MAX_ITERATIONS, TOLERANCE = 12, 1e-10
#: Largest reduction of a step.
MIN_STEP_RATIO = 1e-4


@dataclass(frozen=True, eq=False)
class EquilibriumPath:
    """States along an equilibrium path.

    Args:
        factors: load factors, (n_states,).
        nodes: u_x, u_y, θ of the nodes, (n_states, n_nodes, 3).
        negatives: negative eigenvalues of the tangent, (n_states,).
    """

    factors: FloatArray
    nodes: FloatArray
    negatives: IntArray


def trace_path(
    frame: BeamFrame, loads: FloatArray, step: float, n_steps: int, dead: Points | None = None
) -> EquilibriumPath:
    """Follow the equilibrium path of a load from zero, past limit points.

    Args:
        frame: the frame.
        loads: loads on the nodes at factor 1, (n_nodes, 3).
        step: arc length of a step: norm of the changes of all displacements over the frame's
            size, and of all rotations, per root of the number of points.
        n_steps: number of steps.
        dead: constant loads.

    Raises:
        ToolError: if a step does not converge.
    """
    tracer = _Tracer(frame, loads, dead)
    current = tracer.start()
    states, length = [current], step
    direction = np.zeros_like(current.values)
    direction[-1] = 1.0
    while len(states) <= n_steps:
        tangent = tracer.tangent(current, direction)
        following = tracer.correct(current, tangent, length)
        if following is None:
            length /= 2
            if length < MIN_STEP_RATIO * step:
                msg = f"the path cannot be continued at load factor {current.values[-1]:g}"
                raise ToolError(msg)
            continue
        direction, length = following.values - current.values, min(step, 2 * length)
        current = following
        states.append(current)
    return EquilibriumPath(
        np.array([state.values[-1] for state in states]),
        np.array([tracer.points(state.values).nodes for state in states]),
        np.array([state.negatives for state in states]),
    )


@dataclass(frozen=True, eq=False)
class _PathState:
    """Displacements of all points followed by the load factor, and the negative eigenvalues."""

    values: FloatArray
    negatives: int


class _Tracer:
    """Predictor and corrector of the steps."""

    def __init__(self, frame: BeamFrame, loads: FloatArray, dead: Points | None) -> None:
        self._solver, self._frame = DenseSolver(frame), frame
        self._loads, self._dead = loads, dead or frame.no_loads
        size = float(np.ptp(frame.nodes, axis=0).max())
        n_points = frame.n_nodes + frame.n_interior
        scales = np.tile([1 / size, 1 / size, 1.0], n_points) / np.sqrt(n_points)
        self._weights = np.append(scales**2, 0.0)

    def start(self) -> _PathState:
        """Return the state under the constant loads."""
        points = Points(*self._frame.no_loads)
        done, negatives = self._solver.newton(self._dead, points)
        if not done:
            msg = "no equilibrium under the constant loads"
            raise ToolError(msg)
        return _PathState(np.append(self._flat(points), 0.0), negatives)

    def tangent(self, state: _PathState, direction: FloatArray) -> FloatArray:
        """Return the unit tangent of the path, in the sense of a previous direction."""
        _, per_load, _ = self._solve(state.values)
        tangent = np.append(per_load, 1.0)
        tangent /= np.sqrt(self._weights @ tangent**2)
        sense = tangent @ (self._weights * direction) if direction[:-1].any() else tangent[-1]
        return tangent if sense > 0 else -tangent

    def correct(self, state: _PathState, tangent: FloatArray, length: float) -> _PathState | None:
        """Return the state at an arc length along the tangent, or None if it is not found."""
        values = state.values + length * tangent
        normal = self._weights * tangent
        for _ in range(MAX_ITERATIONS):
            by_residual, per_load, negatives = self._solve(values)
            missing = length - normal @ (values - state.values)
            change = (missing - normal[:-1] @ by_residual) / (normal[:-1] @ per_load)
            step = np.append(by_residual + change * per_load, change)
            values = values + step
            size = np.sqrt(self._weights @ step**2)
            if not np.isfinite(size):
                return None
            if size < TOLERANCE:
                return _PathState(values, negatives)
        return None

    def points(self, values: FloatArray) -> Points:
        """Return the displacements of a path state."""
        split = 3 * self._frame.n_nodes
        return Points(values[:split].reshape(-1, 3), values[split:-1].reshape(-1, 3))

    def _solve(self, values: FloatArray) -> tuple[FloatArray, FloatArray, int]:
        """Return displacements by the residual and by the loads, and the negative eigenvalues."""
        residual = Points(self._dead.nodes + values[-1] * self._loads, self._dead.interior.copy())
        loads = Points(self._loads.copy(), self._frame.no_loads.interior)
        negatives = self._solver.linear_steps(self.points(values), residual, loads)
        return self._flat(residual), self._flat(loads), negatives

    def _flat(self, points: Points) -> FloatArray:
        return np.concatenate([points.nodes.ravel(), points.interior.ravel()])
