"""Load paths: the load factors at which a loaded frame becomes unstable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.load_steps import copy_points, raise_loads
from fem.frames.solvers import Solver, make_solver
from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError

#: Largest load factor, largest step of it, and growth and reduction of the steps. Larger steps
#: could leave a bond that bows gradually for a state in which it is straight and unstable.
MAX_FACTOR, MAX_STEP, GROWTH, REDUCTION = 10.0, 0.1, 1.5, 0.5
#: Relative tolerance of critical load factors.
FACTOR_TOLERANCE = 1e-3
#: Smallest step of the load factor near zero, where a relative one has no meaning.
MIN_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class LoadPath:
    """Stability along the path of a load that is raised from zero.

    Args:
        in_plane: load factor at which the state becomes unstable in its plane, a limit or
            bifurcation point; None if that does not happen up to `followed`.
        out_of_plane: the same for displacements out of the plane.
        followed: load factor up to which stable planar states were found.
        lost: whether the path ends there because no further state was found: a limit point, or a
            failure of Newton's method; `in_plane` is then the load factor of the loss.
        state: the last stable planar state.
    """

    in_plane: float | None
    out_of_plane: float | None
    followed: float
    lost: bool
    state: Points


@dataclass(frozen=True, eq=False)
class _State:
    """A planar equilibrium at a load factor."""

    factor: float
    points: Points
    unstable: bool


def follow_load(
    frame: BeamFrame,
    loads: FloatArray,
    dead: Points | None = None,
    max_factor: float = MAX_FACTOR,
) -> LoadPath:
    """Raise a load from zero until the frame is unstable in its plane.

    A network is seldom symmetric: its bonds bow gradually, and its path bends near the load factor
    of linear buckling (`stability.linear_buckling`) without becoming unstable in the plane.

    Args:
        frame: the frame.
        loads: loads on the nodes at factor 1, (n_nodes, 3) N, N mm.
        dead: constant loads, as `frame.weight`.
        max_factor: load factor at which the path ends.

    Raises:
        ToolError: if there is no stable state under the constant loads alone.
    """
    follower = _Follower(make_solver(frame), loads, dead or frame.no_loads)
    state = follower.start(Points(*frame.no_loads))
    out_of_plane = 0.0 if follower.unstable_out_of_plane(state) else None
    step = MAX_STEP
    while state.factor < max_factor:
        target = min(max_factor, state.factor + step)
        following = follower.next(state, target)
        if following is None or following.unstable:
            if step <= max(FACTOR_TOLERANCE * state.factor, MIN_STEP):
                return LoadPath(
                    target if following else state.factor,
                    out_of_plane,
                    state.factor,
                    following is None,
                    state.points,
                )
            step *= REDUCTION
            continue
        if out_of_plane is None and follower.unstable_out_of_plane(following):
            out_of_plane = follower.bisect(state, following, follower.unstable_out_of_plane)
        state, step = following, min(MAX_STEP, step * GROWTH)
    return LoadPath(None, out_of_plane, state.factor, lost=False, state=state.points)


@dataclass(frozen=True, eq=False)
class _Follower:
    """Solver of the states of a path.

    Args:
        solver: solver of the frame.
        loads: loads at factor 1, (n_nodes, 3).
        dead: constant loads.
    """

    solver: Solver
    loads: FloatArray
    dead: Points

    def start(self, rest: Points) -> _State:
        """Return the state under the constant loads."""
        found = raise_loads(self.solver, self.dead, rest)
        if found.reached < 1.0:
            msg = f"the frame is unstable in its plane at {found.reached:.3g} times its weight"
            raise ToolError(msg)
        return _State(0.0, found.points, unstable=False)

    def next(self, state: _State, factor: float) -> _State | None:
        """Return the state at a load factor, starting from another; None if it is not found."""
        points = copy_points(state.points)
        loads = Points(self.dead.nodes + factor * self.loads, self.dead.interior)
        done, negatives = self.solver.newton(loads, points)
        return _State(factor, points, negatives > 0) if done else None

    def unstable_out_of_plane(self, state: _State) -> bool:
        """Return True if a planar state is unstable out of its plane."""
        return self.solver.out_of_plane(state.points) > 0

    def bisect(self, low: _State, high: _State, unstable: Callable[[_State], bool]) -> float:
        """Return the load factor between a stable and an unstable state where stability ends."""
        upper = high.factor
        while upper - low.factor > FACTOR_TOLERANCE * upper:
            middle = self.next(low, (low.factor + upper) / 2)
            if middle is None:
                break
            if unstable(middle):
                upper = middle.factor
            else:
                low = middle
        return (low.factor + upper) / 2
