"""Load paths of a rubber body: from one load to another through stable equilibria."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.rubber.newton import Tangent, solve
from mnnfab.arrays import FloatArray

#: Smallest step of a path, as a share of the whole: a path that needs smaller ones is lost.
MIN_STEP = 1 / 256
#: Largest correction of a predicted state, relative to the predicted change: a larger one may
#: lead to another path.
MAX_CORRECTION = 0.1
#: Ratio of successive steps after a success.
GROWTH = 2.0


@dataclass(frozen=True, eq=False)
class State:
    """A stable equilibrium under dead loads.

    Args:
        loads: dead loads, (n_dofs,) N.
        field: displacements, (n_dofs,) mm.
    """

    loads: FloatArray
    field: FloatArray


@dataclass(frozen=True, eq=False)
class Path:
    """A path between two loads.

    Args:
        states: stable equilibria on the path, the start first.
        shares: share of the path at which each lies; the last is 1 if its end was reached.
    """

    states: tuple[State, ...]
    shares: tuple[float, ...]

    @property
    def end(self) -> State:
        """Last stable equilibrium."""
        return self.states[-1]

    @property
    def share(self) -> float:
        """Share of the path at which the last stable equilibrium lies."""
        return self.shares[-1]

    @property
    def lost(self) -> bool:
        """Whether the path ends before its last load: no stable equilibrium follows."""
        return self.share < 1.0


def at_rest(tangent: Tangent) -> State:
    """Return the undeformed state; its tangent is factorised."""
    n_dofs = tangent.body.n_dofs
    field = np.zeros(n_dofs)
    tangent.factorise(field)
    return State(np.zeros(n_dofs), field)


def follow(
    tangent: Tangent,
    start: State,
    loads: FloatArray,
    first_step: float = 1.0,
    min_step: float = MIN_STEP,
) -> Path:
    """Follow a straight path of loads from a stable equilibrium, in one step where possible.

    Each state is predicted by the tangent of the one before. A step is halved if it does not
    converge to a stable equilibrium near its prediction, and doubled after a success.

    Args:
        tangent: factor of a state near the start.
        start: a stable equilibrium.
        loads: dead loads at the end, (n_dofs,) N.
        first_step: first step, as a share of the path.
        min_step: smallest step, as a share of the path.
    """
    states, shares, step = [start], [0.0], first_step
    difference = loads - start.loads
    while shares[-1] < 1.0 and step >= min_step:
        share = min(shares[-1] + step, 1.0)
        target = start.loads + share * difference
        predicted = _predicted(tangent, states[-1], target)
        field = None if predicted is None else solve(tangent, target, predicted)
        if predicted is None or field is None or _leaves(states[-1].field, predicted, field):
            step /= 2
            tangent.factorise(states[-1].field)
        else:
            states.append(State(target, field))
            shares.append(share)
            step *= GROWTH
    return Path(tuple(states), tuple(shares))


def _predicted(tangent: Tangent, state: State, loads: FloatArray) -> FloatArray | None:
    """Return the field of a change of the loads by the factor at hand."""
    if tangent.factor is None:
        return None
    free = tangent.body.system.free
    field = state.field.copy()
    field[free] += tangent.factor.solve((loads - state.loads)[free])
    return field


def _leaves(before: FloatArray, predicted: FloatArray, found: FloatArray) -> bool:
    """Return True if a solution is far from the prediction along the path."""
    correction = np.linalg.norm(found - predicted)
    return bool(correction > MAX_CORRECTION * np.linalg.norm(predicted - before))
