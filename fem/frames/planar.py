"""Equilibria of frames in their plane, with large rotations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points, make_factors
from fem.frames.kernels.planar_elements import largest_strains
from fem.frames.kernels.samples import Found, solve_samples
from fem.frames.load_steps import raise_loads
from fem.frames.newton_settings import newton_settings
from fem.frames.solvers import MAX_DENSE, make_solver
from mnnfab.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class PlanarStates:
    """Equilibria of a frame, one per sample.

    Args:
        reached: share of the loads up to which stable states were found, (n_samples,); 1 if the
            sample has converged.
        negatives: negative eigenvalues of the unstable state that ended the load steps of a lost
            sample, (n_samples,); 0 if no state was found there, and for converged samples.
        points: u_x, u_y, θ, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3) mm, rad.
        strains: largest strain of each chain outside of the hubs, (n_samples, n_chains).
    """

    reached: FloatArray
    negatives: IntArray
    points: Points
    strains: FloatArray

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
) -> PlanarStates:
    """Return the equilibria of a frame under the loads of some samples.

    Newton's method starts from a given state or from rest. If it fails, leaves the neighbourhood
    of the linear prediction or ends in an unstable state, the loads of the sample are raised from
    zero in steps. A sample is lost where no stable state follows: at a limit or bifurcation point.

    Args:
        frame: the frame.
        loads: forces and moments on the nodes, (n_samples, n_nodes, 3) N, N mm.
        dead: loads of all samples, as `frame.weight`.
        start: states of as many samples from which to start.
    """
    if frame.planar.n_free > MAX_DENSE:
        return _solve_one_by_one(frame, loads, dead or frame.no_loads, start)
    n_samples = len(loads)
    found = Found(
        nodes=np.zeros((n_samples, frame.n_nodes, 3)) if start is None else start.nodes.copy(),
        interior=(
            np.zeros((n_samples, frame.n_interior, 3)) if start is None else start.interior.copy()
        ),
        reached=np.zeros(n_samples),
        negatives=np.zeros(n_samples, dtype=np.int64),
        strains=np.zeros((n_samples, frame.n_chains)),
    )
    solve_samples(
        frame.chains,
        frame.planar,
        np.ascontiguousarray(loads, dtype=float),
        dead or frame.no_loads,
        make_factors(frame.chains, frame.planar.n_free),
        newton_settings(frame),
        found,
    )
    return PlanarStates(
        found.reached, found.negatives, Points(found.nodes, found.interior), found.strains
    )


def _solve_one_by_one(
    frame: BeamFrame, loads: FloatArray, dead: Points, start: Points | None
) -> PlanarStates:
    """Solve the samples of a large frame, with sparse factors."""
    solver = make_solver(frame)
    found = []
    for sample, own in enumerate(loads):
        first = frame.no_loads if start is None else Points(*(a[sample].copy() for a in start))
        found.append(raise_loads(solver, Points(dead.nodes + own, dead.interior), first))
    strains = np.zeros((len(loads), frame.n_chains))
    for sample, state in enumerate(found):
        largest_strains(frame.chains, frame.planar, state.points, strains[sample])
    return PlanarStates(
        np.array([state.reached for state in found]),
        np.array([state.negatives for state in found]),
        Points(*(np.array(parts) for parts in zip(*(s.points for s in found), strict=True))),
        strains,
    )
