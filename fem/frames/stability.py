"""Stability of planar states, in the plane and out of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.frames.dense_solver import DenseSolver
from fem.frames.frame import BeamFrame, BoolArray
from fem.frames.kernels.arrays import Points
from fem.frames.planar import solve_planar
from fem.frames.solvers import MAX_DENSE
from fem.frames.sparse_stability import sparse_out_of_plane, sparse_planar_ratios
from mnnfab.arrays import FloatArray, IntArray

#: Steps of Lanczos's method, with which the smallest eigenvalue is exact to 0.005 where several are
#: near each other, and to more digits where one of them falls toward zero.
N_STEPS = 16
#: Steps for linear buckling, load factor of its stresses, and rounding of the eigenvalue there.
BUCKLING_STEPS, SMALL_FACTOR, ROUNDING = 40, 1e-4, 1e-9


@dataclass(frozen=True, eq=False)
class OutOfPlane:
    """Stability of planar states against displacements out of the plane.

    Args:
        negatives: negative eigenvalues of the stiffness matrix out of the plane, (n_samples,);
            0 if the state is stable. For large frames, 1 may stand for more.
        ratios: smallest eigenvalue relative to the material part, (n_samples,), as of
            `planar_ratios`.
    """

    negatives: IntArray
    ratios: FloatArray


def planar_ratios(frame: BeamFrame, states: Points, n_steps: int = N_STEPS) -> FloatArray:
    """Return the smallest μ with K x = μ M x for the tangents K in the plane, (n_samples,).

    M is the material part of K, without the geometric stiffness of the stress, and both have all
    degrees of freedom. μ is 1 at rest and 0 where stability is lost, it is unchanged by rigid
    motions, and compares displacements with rotations without a choice of units. In linear
    buckling at a load factor λ it is 1 - 1/λ. It is NaN for unstable states of large frames.

    Args:
        frame: the frame.
        states: u_x, u_y, θ, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3).
        n_steps: steps of Lanczos's method.
    """
    if frame.planar.n_free > MAX_DENSE:
        return sparse_planar_ratios(frame, states)
    vectors, projected = lanczos_memory(frame.held, frame.n_interior, len(states.nodes), n_steps)
    solver, first = DenseSolver(frame), vectors[0].copy()
    for nodes, interior, matrix in zip(*states, projected, strict=True):
        vectors[0] = first
        solver.planar_projection(Points(nodes, interior), vectors, matrix)
    return _smallest(projected)


def out_of_plane(frame: BeamFrame, states: Points, n_steps: int = N_STEPS) -> OutOfPlane:
    """Return the stability of planar states out of the plane.

    Args:
        frame: the frame.
        states: u_x, u_y, θ, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3).
        n_steps: steps of Lanczos's method.
    """
    if frame.space.n_free > MAX_DENSE:
        return OutOfPlane(*sparse_out_of_plane(frame, states))
    vectors, projected = lanczos_memory(
        frame.held_out, frame.n_interior, len(states.nodes), n_steps
    )
    solver, first = DenseSolver(frame), vectors[0].copy()
    negatives = np.zeros(len(states.nodes), dtype=np.int64)
    for sample, (nodes, interior) in enumerate(zip(*states, strict=True)):
        vectors[0], matrix = first, projected[sample]
        negatives[sample] = solver.space_projection(Points(nodes, interior), vectors, matrix)
    return OutOfPlane(negatives, _smallest(projected))


def linear_buckling(frame: BeamFrame, loads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the load factors of linear buckling in the plane and out of it.

    The geometric stiffness is that of the forces at rest, which grow in proportion to the loads;
    the displacements before buckling are neglected. Factors are infinite without compression.

    Args:
        frame: the frame.
        loads: loads of some samples on the nodes at factor 1, (n_samples, n_nodes, 3) N, N mm.

    Returns:
        Load factors in the plane and out of it, (n_samples,).
    """
    states = solve_planar(frame, SMALL_FACTOR * loads).points
    in_plane = _buckling_factors(planar_ratios(frame, states, BUCKLING_STEPS))
    return in_plane, _buckling_factors(out_of_plane(frame, states, BUCKLING_STEPS).ratios)


def buckling_out_of_plane(frame: BeamFrame, loads: FloatArray) -> FloatArray:
    """Return the load factors of linear buckling out of the plane alone, (n_samples,)."""
    states = solve_planar(frame, SMALL_FACTOR * loads).points
    return _buckling_factors(out_of_plane(frame, states, BUCKLING_STEPS).ratios)


def _buckling_factors(ratios: FloatArray) -> FloatArray:
    """Return load factors, given smallest eigenvalues of small loads relative to those at rest."""
    with np.errstate(divide="ignore"):
        factors: FloatArray = SMALL_FACTOR / np.where(ratios < 1 - ROUNDING, 1 - ratios, 0.0)
    return factors


def lanczos_memory(
    held: BoolArray, n_interior: int, n_samples: int, n_steps: int
) -> tuple[FloatArray, FloatArray]:
    """Return the vectors of Lanczos's method, of which the first has random loads, and matrices."""
    n_points, n_nodes = len(held) + n_interior, len(held)
    n_steps = min(n_steps, 3 * n_points - int(held.sum()))
    vectors = np.zeros((2 * n_steps + 1, n_points, 3))
    vectors[0] = np.random.default_rng(0).standard_normal((n_points, 3))
    vectors[0, :n_nodes][held] = 0.0
    return vectors, np.zeros((n_samples, n_steps, n_steps))


def _smallest(projected: FloatArray) -> FloatArray:
    """Return the smallest μ from the eigenvalues 1/μ, (n_samples,)."""
    inverse = np.linalg.eigvalsh(projected)
    with np.errstate(divide="ignore"):
        ratios = 1.0 / np.where(inverse[:, 0] < 0, inverse[:, 0], inverse[:, -1])
    return np.asarray(ratios, dtype=np.float64)
