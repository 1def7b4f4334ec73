"""Equilibria of many load cases, and their stability out of the plane."""

from __future__ import annotations

from typing import NamedTuple

from fem.frames.kernels.arrays import Chains, Factors, Planar, Points, Space
from fem.frames.kernels.chains import eliminate_chain
from fem.frames.kernels.dense import assemble, factorise, solve_dense
from fem.frames.kernels.newton import Settings, fill, linearise, newton
from fem.frames.kernels.planar_elements import largest_strains
from fem.frames.kernels.space_elements import space_chain
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.compiling.decorator import compiled

#: First load step after a failure, growth of the steps that succeed and reduction of the others.
FIRST_STEP, GROWTH, REDUCTION = 0.25, 1.5, 0.4


class Found(NamedTuple):
    """States of all samples, written by `solve_samples`.

    Args:
        nodes: u_x, u_y, θ, (n_samples, n_nodes, 3); the start on entry.
        interior: the same of the interior points, (n_samples, n_interior, 3).
        reached: share of the loads for which an equilibrium was found, (n_samples,).
        negatives: negative pivots of the state that ended the load steps of a lost sample,
            (n_samples,); otherwise 0.
        strains: largest strain of each chain, (n_samples, n_chains).
    """

    nodes: FloatArray
    interior: FloatArray
    reached: FloatArray
    negatives: IntArray
    strains: FloatArray


@compiled
def solve_samples(
    chains: Chains,
    planar: Planar,
    loads_nodes: FloatArray,
    dead: Points,
    factors: Factors,
    settings: Settings,
    found: Found,
) -> None:
    """Solve every sample, from its start or else in load steps from rest.

    Args:
        chains: elements.
        planar: stiffness in the plane.
        loads_nodes: loads of each sample on the nodes, (n_samples, n_nodes, 3).
        dead: loads of all samples.
        factors: memory.
        settings: settings of Newton's method.
        found: states, changed in place.
    """
    loads = Points(dead.nodes.copy(), dead.interior)
    residual = Points(dead.nodes.copy(), dead.interior.copy())
    for sample in range(len(loads_nodes)):
        for node in range(len(dead.nodes)):
            for axis in range(3):
                loads.nodes[node, axis] = dead.nodes[node, axis] + loads_nodes[sample, node, axis]
        state = Points(found.nodes[sample], found.interior[sample])
        done, negatives = newton(chains, planar, loads, state, factors, residual, settings)
        found.reached[sample] = 1.0
        if not done or negatives > 0:
            found.reached[sample], negatives = _load_steps(
                chains, planar, loads, state, factors, residual, settings
            )
        found.negatives[sample] = negatives
        largest_strains(chains, planar, state, found.strains[sample])


@compiled
def _load_steps(
    chains: Chains,
    planar: Planar,
    loads: Points,
    state: Points,
    factors: Factors,
    residual: Points,
    settings: Settings,
) -> tuple[float, int]:
    """Raise all loads from zero, through stable states.

    Returns:
        Share of the loads that was reached, and the negative pivots of the state that ended the
        steps: 0 if none was found there.
    """
    fill(state.nodes, state.nodes, 0.0)
    fill(state.interior, state.interior, 0.0)
    trial = Points(state.nodes.copy(), state.interior.copy())
    part = Points(loads.nodes.copy(), loads.interior.copy())
    reached, step, count = 0.0, FIRST_STEP, 0
    while reached < 1.0 and step >= settings.min_step:
        share = min(1.0, reached + step)
        fill(part.nodes, loads.nodes, share)
        fill(part.interior, loads.interior, share)
        fill(trial.nodes, state.nodes, 1.0)
        fill(trial.interior, state.interior, 1.0)
        done, negatives = newton(chains, planar, part, trial, factors, residual, settings)
        if done and negatives == 0:
            reached = share
            fill(state.nodes, trial.nodes, 1.0)
            fill(state.interior, trial.interior, 1.0)
            step *= GROWTH
        else:
            count = negatives if done else 0
            step *= REDUCTION
    return reached, count if reached < 1.0 else 0


@compiled
def solve_tangents(
    chains: Chains,
    planar: Planar,
    states: Points,
    factors: Factors,
    loads: Points,
) -> None:
    """Replace small additional loads by the displacements that they cause.

    Args:
        chains: elements.
        planar: stiffness in the plane.
        states: states, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3).
        factors: memory.
        loads: additional loads, replaced, (n_samples, n_loads, n_nodes, 3) and
            (n_samples, n_loads, n_interior, 3).
    """
    unused = Points(states.nodes[0].copy(), states.interior[0].copy())
    for sample in range(len(states.nodes)):
        state = Points(states.nodes[sample], states.interior[sample])
        linearise(chains, planar, state, factors, unused)
        for load in range(loads.nodes.shape[1]):
            solution = Points(loads.nodes[sample, load], loads.interior[sample, load])
            solve_dense(chains, planar.dofs, factors, solution)


@compiled
def space_negatives(
    chains: Chains, planar: Planar, space: Space, state: Points, factors: Factors
) -> int:
    """Factorise the stiffness out of the plane; return the number of negative eigenvalues."""
    negatives = linearise_space(chains, planar, space, state, factors)
    assemble(chains, space.dofs, factors.condensed, factors.matrix)
    return negatives + factorise(factors.matrix)


@compiled
def linearise_space(
    chains: Chains, planar: Planar, space: Space, state: Points, factors: Factors
) -> int:
    """Write the stiffness of the chains out of the plane; return the negative pivots within."""
    negatives = 0
    for chain in range(len(chains.ends)):
        space_chain(chains, planar, space, chain, state, factors.blocks)
        negatives += eliminate_chain(chains, chain, factors)
    return negatives
