"""Load steps where Newton's method fails from its start in one step."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fem.frames.kernels.arrays import Points
from fem.frames.solvers import Solver

#: First load step after a failure, growth of the steps that succeed and reduction of the others,
#: and the smallest step, relative to the load.
FIRST_STEP, GROWTH, REDUCTION, MIN_STEP = 0.25, 1.5, 0.4, 1e-3


@dataclass(frozen=True, eq=False)
class SteppedState:
    """State at the end of load steps.

    Args:
        reached: share of the step up to which an equilibrium was found.
        negatives: negative eigenvalues of the state that ended the steps, if less was reached
            than the whole step; 0 if none was found there.
        points: the state.
    """

    reached: float
    negatives: int
    points: Points


def raise_loads(
    solver: Solver, loads: Points, start: Points, before: Points | None = None
) -> SteppedState:
    """Solve from a start, or else raise the loads in steps, through stable states.

    Args:
        solver: solver of the frame.
        loads: loads on all points.
        start: displacements to start from.
        before: loads under which the start is in equilibrium, from which the loads are raised; if
            not given, all loads are raised from zero.
    """
    points = copy_points(start)
    done, negatives = solver.newton(loads, points)
    if done and not negatives:
        return SteppedState(1.0, 0, points)
    rest = Points(*(np.zeros_like(array) for array in start))
    before, first = (rest, rest) if before is None else (before, start)
    state, step = SteppedState(0.0, 0, first), FIRST_STEP
    while state.reached < 1.0 and step >= MIN_STEP:
        share = min(1.0, state.reached + step)
        points = copy_points(state.points)
        done, negatives = solver.newton(_between(before, loads, share), points)
        if done and not negatives:
            state, step = SteppedState(share, 0, points), step * GROWTH
        else:
            state = replace(state, negatives=negatives if done else 0)
            step *= REDUCTION
    return state


def _between(first: Points, second: Points, share: float) -> Points:
    """Return first + share (second - first)."""
    return Points(*(a + share * (b - a) for a, b in zip(first, second, strict=True)))


def copy_points(points: Points) -> Points:
    """Return a copy, which a solver may change."""
    return Points(points.nodes.copy(), points.interior.copy())
