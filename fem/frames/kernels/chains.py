"""Block elimination of the interior points of the chains.

The stiffness matrix of a chain is block tridiagonal. Its interior points are eliminated one after
the other, which leaves a 6 × 6 matrix between its nodes. By Sylvester's law the negative pivots of
all eliminated points and of the remaining matrix add up to the negative eigenvalues of the whole.
"""

from __future__ import annotations

from fem.frames.kernels.arrays import Chains, Factors, Points
from mnnfab.arrays import FloatArray
from mnnfab.compiling.decorator import compiled

#: Replaces a pivot that is exactly zero: the matrix is singular, and a solution is then huge.
TINY_PIVOT = 1e-30


@compiled
def eliminate_chain(chains: Chains, chain: int, factors: Factors) -> int:
    """Eliminate the interior points of a chain whose element blocks are in `factors`.

    Rows 3 to 5 of the condensed matrix are those of the current point: its own block and its
    coupling to the first node of the chain. In the end the current point is the last node.

    Returns:
        Number of negative pivots.
    """
    first, n_elements = chains.offsets[chain], chains.offsets[chain + 1] - chains.offsets[chain]
    blocks, condensed = factors.blocks, factors.condensed[chain]
    negatives = 0
    for i in range(3):
        for j in range(3):
            condensed[i, j] = blocks[0, 0, i, j]
            condensed[3 + i, j] = blocks[0, 1, j, i]
            condensed[3 + i, 3 + j] = blocks[0, 2, i, j]
    for element in range(1, n_elements):
        point = first - chain + element - 1
        for i in range(3):
            for j in range(3):
                condensed[3 + i, 3 + j] += blocks[element, 0, i, j]
        negatives += _factorise_pivot(condensed, factors.pivots[point])
        _pass_on(blocks[element], factors, point, condensed)
    for i in range(3):
        for j in range(3):
            condensed[j, 3 + i] = condensed[3 + i, j]
    return negatives


@compiled
def _pass_on(block: FloatArray, factors: Factors, point: int, condensed: FloatArray) -> None:
    """Replace the eliminated point in the condensed matrix by the following one."""
    following, start = factors.following[point], factors.start[point]
    for j in range(3):
        for i in range(3):
            following[i, j] = block[1, i, j]
            start[i, j] = condensed[3 + i, j]
        _solve_pivot(factors.pivots[point], following[:, j])
        _solve_pivot(factors.pivots[point], start[:, j])
        a, b, c = start[0, j], start[1, j], start[2, j]
        for i in range(3):
            condensed[i, j] -= condensed[3, i] * a + condensed[4, i] * b + condensed[5, i] * c
    for j in range(3):
        a, b, c = start[0, j], start[1, j], start[2, j]
        d, e, f = following[0, j], following[1, j], following[2, j]
        for i in range(3):
            p, q, r = block[1, 0, i], block[1, 1, i], block[1, 2, i]
            condensed[3 + i, j] = -(p * a + q * b + r * c)
            condensed[3 + i, 3 + j] = block[2, i, j] - (p * d + q * e + r * f)


@compiled
def _factorise_pivot(condensed: FloatArray, pivots: FloatArray) -> int:
    """Write L₁₀, L₂₀, L₂₁ and 1/D of a 3 × 3 block L D Lᵀ; return its negative pivots."""
    d0 = nonzero(condensed[3, 3])
    l10, l20 = condensed[4, 3] / d0, condensed[5, 3] / d0
    d1 = nonzero(condensed[4, 4] - l10 * condensed[4, 3])
    l21 = (condensed[5, 4] - l20 * condensed[4, 3]) / d1
    d2 = nonzero(condensed[5, 5] - l20 * condensed[5, 3] - l21 * l21 * d1)
    pivots[0], pivots[1], pivots[2] = l10, l20, l21
    pivots[3], pivots[4], pivots[5] = 1.0 / d0, 1.0 / d1, 1.0 / d2
    return int(d0 < 0.0) + int(d1 < 0.0) + int(d2 < 0.0)


@compiled
def nonzero(pivot: float) -> float:
    """Return a pivot, or a tiny one in place of zero."""
    return pivot if pivot != 0.0 else TINY_PIVOT


@compiled
def _solve_pivot(pivots: FloatArray, column: FloatArray) -> None:
    """Solve with the factor of a pivot, in place, (3,)."""
    first = column[0]
    second = column[1] - pivots[0] * first
    third = (column[2] - pivots[1] * first - pivots[2] * second) * pivots[5]
    second = second * pivots[4] - pivots[2] * third
    column[2], column[1] = third, second
    column[0] = first * pivots[3] - pivots[0] * second - pivots[1] * third


@compiled
def condense_loads(chains: Chains, factors: Factors, loads: Points) -> None:
    """Add the loads of the interior points to the nodes, in place."""
    for chain in range(len(chains.ends)):
        first, last = chains.offsets[chain] - chain, chains.offsets[chain + 1] - chain - 1
        start = loads.nodes[chains.ends[chain, 0]]
        for point in range(first, last):
            own = loads.interior[point]
            if point + 1 < last:
                target = loads.interior[point + 1]
            else:
                target = loads.nodes[chains.ends[chain, 1]]
            following, to_start = factors.following[point], factors.start[point]
            for j in range(3):
                for i in range(3):
                    target[j] -= following[i, j] * own[i]
                    start[j] -= to_start[i, j] * own[i]


@compiled
def recover_interior(chains: Chains, factors: Factors, solution: Points) -> None:
    """Replace the loads of the interior points by their displacements, given those of the nodes."""
    for chain in range(len(chains.ends)):
        first, last = chains.offsets[chain] - chain, chains.offsets[chain + 1] - chain - 1
        start, after = (
            solution.nodes[chains.ends[chain, 0]],
            solution.nodes[chains.ends[chain, 1]],
        )
        for point in range(last - 1, first - 1, -1):
            own = solution.interior[point]
            _solve_pivot(factors.pivots[point], own)
            following, to_start = factors.following[point], factors.start[point]
            for i in range(3):
                for j in range(3):
                    own[i] -= following[i, j] * after[j] + to_start[i, j] * start[j]
            after = own
