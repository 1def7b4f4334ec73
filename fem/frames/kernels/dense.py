"""Dense L D Lᵀ factorisation of the condensed matrices of small networks."""

from __future__ import annotations

from fem.frames.kernels.arrays import Chains, Factors, Points
from fem.frames.kernels.chains import condense_loads, nonzero, recover_interior
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.compiling.decorator import compiled


@compiled
def assemble(chains: Chains, dofs: IntArray, condensed: FloatArray, matrix: FloatArray) -> None:
    """Write the upper triangle of the condensed stiffness matrix, (n_free, n_free)."""
    for i in range(len(matrix)):
        for j in range(i, len(matrix)):
            matrix[i, j] = 0.0
    for chain in range(len(chains.ends)):
        for p in range(6):
            i = dofs[chains.ends[chain, p // 3], p % 3]
            if i >= 0:
                for q in range(6):
                    j = dofs[chains.ends[chain, q // 3], q % 3]
                    if j >= i:
                        matrix[i, j] += condensed[chain, p, q]


@compiled
def factorise(matrix: FloatArray) -> int:
    """Replace the upper triangle by Lᵀ, its diagonal by 1/D; return the number of negative D.

    There is no pivoting, so that the sparsity of a lattice stays: a solution loses digits only if
    a leading block is nearly singular while the matrix is not.
    """
    n, negatives = len(matrix), 0
    for j in range(n):
        pivot = nonzero(matrix[j, j])
        negatives += int(pivot < 0.0)
        inverse = 1.0 / pivot
        for i in range(j + 1, n):
            entry = matrix[j, i]
            if entry != 0.0:
                factor = entry * inverse
                for q in range(i, n):
                    matrix[i, q] -= factor * matrix[j, q]
        for i in range(j + 1, n):
            matrix[j, i] *= inverse
        matrix[j, j] = inverse
    return negatives


@compiled
def solve_factorised(matrix: FloatArray, solution: FloatArray) -> None:
    """Solve in place with the result of `factorise`."""
    n = len(matrix)
    for j in range(n):
        value = solution[j]
        if value != 0.0:
            for i in range(j + 1, n):
                solution[i] -= matrix[j, i] * value
    for j in range(n - 1, -1, -1):
        total = solution[j] * matrix[j, j]
        for i in range(j + 1, n):
            total -= matrix[j, i] * solution[i]
        solution[j] = total


@compiled
def solve_dense(chains: Chains, dofs: IntArray, factors: Factors, loads: Points) -> None:
    """Replace loads on all points by their displacements; held nodes get zero."""
    condense_loads(chains, factors, loads)
    solution = factors.solution
    for node in range(len(dofs)):
        for axis in range(3):
            if dofs[node, axis] >= 0:
                solution[dofs[node, axis]] = loads.nodes[node, axis]
    solve_factorised(factors.matrix, solution)
    for node in range(len(dofs)):
        for axis in range(3):
            dof = dofs[node, axis]
            loads.nodes[node, axis] = solution[dof] if dof >= 0 else 0.0
    recover_interior(chains, factors, loads)
