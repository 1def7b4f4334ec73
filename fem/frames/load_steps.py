"""Load steps with any solver, as `solve_samples` does them for many load cases."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fem.frames.kernels.arrays import Points
from fem.frames.kernels.samples import FIRST_STEP, GROWTH, REDUCTION
from fem.frames.newton_settings import MIN_STEP
from fem.frames.solvers import Solver


@dataclass(frozen=True, eq=False)
class SteppedState:
    """State at the end of load steps.

    Args:
        reached: share of the loads up to which an equilibrium was found.
        negatives: negative eigenvalues of the state that ended the steps, if less was reached
            than the loads; 0 if none was found there.
        points: the state.
    """

    reached: float
    negatives: int
    points: Points


def raise_loads(solver: Solver, loads: Points, start: Points) -> SteppedState:
    """Solve from a start, or else raise all loads from zero in steps.

    Args:
        solver: solver of the frame.
        loads: loads on all points.
        start: displacements to start from.
    """
    points = copy_points(start)
    done, negatives = solver.newton(loads, points)
    if done and not negatives:
        return SteppedState(1.0, 0, points)
    state = SteppedState(0.0, 0, Points(*(np.zeros_like(array) for array in start)))
    step = FIRST_STEP
    while state.reached < 1.0 and step >= MIN_STEP:
        share = min(1.0, state.reached + step)
        points = copy_points(state.points)
        done, negatives = solver.newton(Points(*(share * array for array in loads)), points)
        if done and not negatives:
            state, step = SteppedState(share, 0, points), step * GROWTH
        else:
            state = replace(state, negatives=negatives if done else 0)
            step *= REDUCTION
    return state


def copy_points(points: Points) -> Points:
    """Return a copy, which a solver may change."""
    return Points(points.nodes.copy(), points.interior.copy())
