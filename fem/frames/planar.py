"""Equilibria of frames in their plane, with large rotations."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.kernels.planar_elements import largest_strains
from fem.frames.load_steps import SteppedState, raise_loads
from fem.frames.solvers import make_solver
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.io.short_repr import short_repr
from mnnfab.machine import threads

#: Smallest number of samples for each thread: fewer are solved before a thread has begun.
SAMPLES_PER_THREAD = 16


@dataclass(frozen=True, eq=False)
class PlanarStates:
    """Equilibria of a frame, one per sample.

    Args:
        reached: share of the step to the loads up to which stable states were found,
            (n_samples,); 1 if the sample has converged.
        negatives: negative eigenvalues of the unstable state that ended the load steps of a lost
            sample, (n_samples,); 0 if no state was found there, and for converged samples.
        points: u_x, u_y, θ, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3) mm, rad.
        strains: largest strain of each chain outside of the hubs, (n_samples, n_chains).
    """

    reached: FloatArray
    negatives: IntArray
    points: Points
    strains: FloatArray

    __repr__ = short_repr

    @property
    def converged(self) -> np.ndarray:
        """Whether a stable state under the full loads was found, (n_samples,)."""
        converged: np.ndarray = self.reached == 1.0
        return converged


def solve_planar(
    frame: BeamFrame,
    loads: FloatArray,
    dead: Points | None = None,
    start: Points | None = None,
    share: FloatArray | float | None = None,
) -> PlanarStates:
    """Return the equilibria of a frame under the loads of some samples.

    Newton's method starts from a given state or from rest. If it fails, leaves the neighbourhood
    of the linear prediction or ends in an unstable state, the loads of the sample are raised in
    steps. A sample is lost where no stable state follows: at a limit or bifurcation point.

    Args:
        frame: the frame.
        loads: forces and moments on the nodes, (n_samples, n_nodes, 3) N, N mm.
        dead: loads of all samples, as `frame.weight`.
        start: states of as many samples from which to start; rest by default.
        share: share of `loads` under which each start is in equilibrium, beside the dead loads,
            (n_samples,); if not given, all loads are raised from zero where steps are necessary.
    """
    dead = dead or frame.no_loads
    shares = None if share is None else np.broadcast_to(share, len(loads))

    stopped = Event()

    def solve(samples: IntArray) -> list[SteppedState]:
        solver, found = make_solver(frame), list[SteppedState]()
        for sample in samples.tolist():
            if stopped.is_set():
                break
            own = loads[sample]
            first = frame.no_loads if start is None else Points(*(a[sample] for a in start))
            before = None
            if shares is not None:
                before = Points(dead.nodes + shares[sample] * own, dead.interior)
            full = Points(dead.nodes + own, dead.interior)
            found.append(raise_loads(solver, full, first, before))
        return found

    found = _in_threads(solve, len(loads), stopped)
    strains = np.zeros((len(loads), frame.n_chains))
    for sample, state in enumerate(found):
        largest_strains(frame.chains, frame.planar, state.points, strains[sample])
    return PlanarStates(
        np.array([state.reached for state in found]),
        np.array([state.negatives for state in found]),
        Points(*(np.array(parts) for parts in zip(*(s.points for s in found), strict=True))),
        strains,
    )


def _in_threads(
    solve: Callable[[IntArray], list[SteppedState]], n_samples: int, stopped: Event
) -> list[SteppedState]:
    """Return the states of all samples; compiled code runs in all threads at once.

    On Ctrl-C the threads end after their current samples.
    """
    n_threads = min(threads(), max(n_samples // SAMPLES_PER_THREAD, 1))
    if n_threads == 1:
        return solve(np.arange(n_samples))
    with ThreadPoolExecutor(n_threads) as pool:
        parts = pool.map(solve, np.array_split(np.arange(n_samples), n_threads))
        try:
            return [state for part in parts for state in part]
        except BaseException:
            stopped.set()
            raise
