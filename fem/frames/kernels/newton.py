"""Newton's method for one load case and for many, with load steps where it fails."""

from __future__ import annotations

import math
from typing import NamedTuple

from fem.frames.kernels.arrays import Chains, Factors, Planar, Points
from fem.frames.kernels.chains import eliminate_chain
from fem.frames.kernels.dense import assemble, factorise, solve_dense
from fem.frames.kernels.planar_elements import planar_chain
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.compiling.decorator import compiled

#: A state is taken to be on the path of the start if its rotations change by less than this after
#: the first, linear iteration, relative to the largest first change, plus an angle in rad.
#: The first change itself is limited too: a state far away may be stable, but not connected.
MAX_CORRECTION, FREE_CORRECTION, MAX_ROTATION = 0.5, 1e-4, 0.7


class Settings(NamedTuple):
    """Settings of Newton's method.

    Args:
        tolerance: largest accepted force residual, relative to the loads.
        rounding_N: force residual that rounding may cause.
        length_mm: length that turns moments into forces.
        max_iterations: iterations of one load step.
        axial_N: largest EA; times the square of a change of rotations, it is the force residual
            after the change. An iteration that leaves less than is accepted is the last.
    """

    tolerance: float
    rounding_N: float
    length_mm: float
    max_iterations: int
    axial_N: float


@compiled
def fill(target: FloatArray, source: FloatArray, factor: float) -> None:
    """Write a multiple of an array, (n, 3); slices would take seconds to compile."""
    for row in range(len(source)):
        for column in range(3):
            target[row, column] = factor * source[row, column]


@compiled
def linearise(
    chains: Chains, planar: Planar, state: Points, factors: Factors, residual: Points
) -> tuple[float, int]:
    """Factorise the tangent of a state and subtract its internal forces from `residual`.

    Returns:
        Strain energy, N mm, and number of negative pivots.
    """
    energy, negatives = 0.0, 0
    for chain in range(len(chains.ends)):
        energy += planar_chain(chains, planar, chain, state, factors.blocks, residual, 1.0)
        negatives += eliminate_chain(chains, chain, factors)
    if planar.n_free == len(factors.matrix):
        assemble(chains, planar.dofs, factors.condensed, factors.matrix)
        negatives += factorise(factors.matrix)
    return energy, negatives


@compiled
def force_norm(dofs: IntArray, forces: Points, length_mm: float) -> float:
    """Return the norm of forces on free degrees of freedom, N; moments over a length."""
    total = 0.0
    scale = 1.0 / (length_mm * length_mm)
    for node in range(len(dofs)):
        for axis in range(3):
            if dofs[node, axis] >= 0:
                share = 1.0 if axis < 2 else scale
                total += share * forces.nodes[node, axis] ** 2
    for point in range(len(forces.interior)):
        own = forces.interior[point]
        total += own[0] ** 2 + own[1] ** 2 + scale * own[2] ** 2
    return math.sqrt(total)


@compiled
def newton(
    chains: Chains,
    planar: Planar,
    loads: Points,
    state: Points,
    factors: Factors,
    residual: Points,
    settings: Settings,
) -> tuple[bool, int]:
    """Solve for the equilibrium from a start, in place; `factors` are those of the last iteration.

    Returns:
        True if it has converged and stayed near the linear prediction, and the number of negative
        pivots of the tangent.
    """
    allowed, previous = 0.0, 0.0
    first, after = 0.0, 0.0
    for iteration in range(settings.max_iterations):
        fill(residual.nodes, loads.nodes, 1.0)
        fill(residual.interior, loads.interior, 1.0)
        if iteration == 0:
            size = force_norm(planar.dofs, residual, settings.length_mm)
            allowed, previous = settings.tolerance * size, 1e300
        _, negatives = linearise(chains, planar, state, factors, residual)
        norm = force_norm(planar.dofs, residual, settings.length_mm)
        if not norm < 1e300:  # not finite
            return False, negatives
        # Rounding limits the residual of slender members: it is reached if it no longer falls.
        if norm <= allowed or (norm <= settings.rounding_N and norm > 0.3 * previous):
            return is_near_prediction(first, after), negatives
        previous = norm
        solve_dense(chains, planar.dofs, factors, residual)
        change = add_change(state, residual)
        first, after = (change, 0.0) if iteration == 0 else (first, after + change)
        if iteration > 0 and settings.axial_N * change * change <= allowed:
            return is_near_prediction(first, after), negatives
    return False, negatives


@compiled
def is_near_prediction(first: float, after: float) -> bool:
    """Return True if a state is near the linear prediction, given both changes of rotations."""
    return first <= MAX_ROTATION and after <= MAX_CORRECTION * first + FREE_CORRECTION


@compiled
def add_change(state: Points, change: Points) -> float:
    """Add a change to a state; return the largest change of a rotation, rad."""
    largest = 0.0
    for node in range(len(state.nodes)):
        largest = max(largest, abs(change.nodes[node, 2]))
        for axis in range(3):
            state.nodes[node, axis] += change.nodes[node, axis]
    for point in range(len(state.interior)):
        largest = max(largest, abs(change.interior[point, 2]))
        for axis in range(3):
            state.interior[point, axis] += change.interior[point, axis]
    return largest
