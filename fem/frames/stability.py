"""Stability of planar states, in the plane and out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points, make_factors
from fem.frames.kernels.eigenvalues import planar_lanczos, planar_rest, space_lanczos, space_rest
from fem.frames.solvers import MAX_DENSE
from fem.frames.sparse_stability import sparse_out_of_plane, sparse_planar_ratios
from mnnfab.arrays import FloatArray, IntArray

#: Steps of Lanczos's method, with which the smallest eigenvalue has three digits.
N_STEPS = 12


@dataclass(frozen=True, eq=False)
class OutOfPlane:
    """Stability of planar states against displacements out of the plane.

    Args:
        negatives: negative eigenvalues of the stiffness matrix out of the plane, (n_samples,);
            0 if the state is stable. For large frames, 1 may stand for more.
        ratios: smallest eigenvalue relative to rest, (n_samples,); see `planar_ratios`.
    """

    negatives: IntArray
    ratios: FloatArray


def planar_ratios(frame: BeamFrame, states: Points) -> FloatArray:
    """Return the smallest μ with K x = μ K₀ x for the tangents K in the plane, (n_samples,).

    K₀ is the stiffness at rest, and both have all degrees of freedom. μ is 1 at rest and 0 where
    stability is lost, and compares displacements with rotations without a choice of units. It is
    NaN for unstable states of large frames.

    Args:
        frame: the frame.
        states: u_x, u_y, θ, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3).
    """
    if frame.planar.n_free > MAX_DENSE:
        return sparse_planar_ratios(frame, states)
    rest, vectors, projected = _memory(frame, len(states.nodes))
    planar_rest(frame.chains, frame.planar, frame.no_loads, rest)
    factors = make_factors(frame.chains, frame.planar.n_free)
    vectors[0, : frame.n_nodes][frame.held] = 0.0
    planar_lanczos(frame.chains, frame.planar, states, factors, rest, vectors, projected)
    return _smallest(projected)


def out_of_plane(frame: BeamFrame, states: Points) -> OutOfPlane:
    """Return the stability of planar states out of the plane.

    Args:
        frame: the frame.
        states: u_x, u_y, θ, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3).
    """
    if frame.space.n_free > MAX_DENSE:
        return OutOfPlane(*sparse_out_of_plane(frame, states))
    rest, vectors, projected = _memory(frame, len(states.nodes))
    space_rest(frame.chains, frame.planar, frame.space, frame.no_loads, rest)
    factors = make_factors(frame.chains, frame.space.n_free)
    negatives = np.zeros(len(states.nodes), dtype=np.int64)
    vectors[0, : frame.n_nodes][frame.held_out] = 0.0
    stiffness, output = (frame.planar, frame.space), (projected, negatives)
    space_lanczos(frame.chains, stiffness, states, factors, rest, vectors, output)
    return OutOfPlane(negatives, _smallest(projected))


def _memory(frame: BeamFrame, n_samples: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return element matrices, vectors of which the first is random, and projections."""
    n_points = frame.n_nodes + frame.n_interior
    n_steps = min(N_STEPS, 3 * n_points - int(frame.held.sum()))
    vectors = np.zeros((2 * n_steps + 1, n_points, 3))
    vectors[0] = np.random.default_rng(0).standard_normal((n_points, 3))
    rest = np.zeros((len(frame.vectors), 3, 3, 3))
    return rest, vectors, np.zeros((n_samples, n_steps, n_steps))


def _smallest(projected: FloatArray) -> FloatArray:
    """Return the smallest μ from the eigenvalues 1/μ, (n_samples,)."""
    inverse = np.linalg.eigvalsh(projected)
    with np.errstate(divide="ignore"):
        ratios = 1.0 / np.where(inverse[:, 0] < 0, inverse[:, 0], inverse[:, -1])
    return np.asarray(ratios, dtype=np.float64)
