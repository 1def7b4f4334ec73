"""Arguments of the compiled kernels: named tuples of arrays and numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mnnfab.arrays import FloatArray, IntArray


class Chains(NamedTuple):
    """Chains of beam elements between the nodes.

    Element e of chain c, counted from the chain's first node, is offsets[c] + e. A chain of n
    elements has n - 1 interior points, the first of which is offsets[c] - c.

    Args:
        ends: the two nodes of each chain, (n_chains, 2).
        offsets: first element of each chain, (n_chains + 1,).
        vectors: undeformed elements, (n_elements, 2) mm.
        lengths: lengths of the elements, (n_elements,) mm.
    """

    ends: IntArray
    offsets: IntArray
    vectors: FloatArray
    lengths: FloatArray


class Planar(NamedTuple):
    """Stiffness in the plane.

    Args:
        axial: E A of each element, (n_elements,) N.
        shear: shear stiffness, which includes the residual bending flexibility, (n_elements,) N.
        bending: E I, (n_elements,) N mm².
        shortening: shortening of an element by its shear strain squared, (n_elements,).
        law: coefficients c and d of the axial law, stress / E = e - c e² + d e³.
        half_width: half width of the section, for strains, (n_elements,) mm; 0 if not measured.
        dofs: number of each degree of freedom u_x, u_y, θ of the nodes, (n_nodes, 3); -1 if held.
        n_free: number of free degrees of freedom of the nodes.
        ground: stiffness to the ground of the first and the last node of each chain,
            (n_chains, 2, 2, 2) N/mm; that of a node belongs to one of its chains.
    """

    axial: FloatArray
    shear: FloatArray
    bending: FloatArray
    shortening: FloatArray
    law: tuple[float, float]
    half_width: FloatArray
    dofs: IntArray
    n_free: int
    ground: FloatArray


class Space(NamedTuple):
    """Stiffness out of the plane.

    Args:
        shear: shear stiffness as in `Planar`, (n_elements,) N.
        torsion: G J, (n_elements,) N mm².
        bending: E I out of the plane, (n_elements,) N mm².
        shortening: as in `Planar`, (n_elements,).
        dofs: number of each degree of freedom w, φ_x, φ_y of the nodes, (n_nodes, 3); -1 if held.
        n_free: number of free degrees of freedom of the nodes.
    """

    shear: FloatArray
    torsion: FloatArray
    bending: FloatArray
    shortening: FloatArray
    dofs: IntArray
    n_free: int


class Points(NamedTuple):
    """Displacements or dead loads of all points; with leading axes those of many samples.

    Args:
        nodes: u_x, u_y, θ of the nodes, (n_nodes, 3) mm, rad; or forces and moments, N, N mm.
        interior: the same of the interior points, (n_interior, 3).
    """

    nodes: FloatArray
    interior: FloatArray


class Factors(NamedTuple):
    """Block elimination of the interior points, and the factor of what remains.

    Args:
        blocks: blocks 11, 12 and 22 of the elements of one chain, (max_elements, 3, 3, 3).
        pivots: factors of the 3 × 3 pivots, (n_interior, 6).
        following: pivot⁻¹ times the coupling to the following point, (n_interior, 3, 3).
        start: pivot⁻¹ times the coupling to the first node of the chain, (n_interior, 3, 3).
        condensed: stiffness of the chains between their nodes, (n_chains, 6, 6).
        matrix: condensed stiffness matrix or its factor, (n_free, n_free); upper triangle.
        solution: right-hand side and solution on the free degrees of freedom, (n_free,).
    """

    blocks: FloatArray
    pivots: FloatArray
    following: FloatArray
    start: FloatArray
    condensed: FloatArray
    matrix: FloatArray
    solution: FloatArray


def make_factors(chains: Chains, n_free: int) -> Factors:
    """Return the memory of a factorisation; n_free = 0 if the matrix is assembled elsewhere."""
    n_elements, n_chains = len(chains.lengths), len(chains.ends)
    n_interior = n_elements - n_chains
    return Factors(
        blocks=np.zeros((int(np.diff(chains.offsets).max()), 3, 3, 3)),
        pivots=np.zeros((n_interior, 6)),
        following=np.zeros((n_interior, 3, 3)),
        start=np.zeros((n_interior, 3, 3)),
        condensed=np.zeros((n_chains, 6, 6)),
        matrix=np.zeros((n_free, n_free)),
        solution=np.zeros(n_free),
    )
