"""Factors of the stiffness out of the plane of planar states."""

from __future__ import annotations

from fem.frames.kernels.arrays import Chains, Factors, Planar, Points, Space
from fem.frames.kernels.chains import eliminate_chain
from fem.frames.kernels.dense import assemble, factorise
from fem.frames.kernels.space_elements import space_chain
from mnnfab.compiling.decorator import compiled


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
        space_chain(chains, planar, space, chain, state, factors.blocks, 1.0)
        negatives += eliminate_chain(chains, chain, factors)
    return negatives
