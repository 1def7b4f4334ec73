"""Lanczos's method for the smallest eigenvalues of tangents relative to their material part.

A tangent K is the sum of its material part M, which is positive definite, and the geometric
stiffness of the stress resultants. K x = μ M x has the eigenvalues 1/μ of K⁻¹ M, which is
symmetric in the inner product of M: a few steps give the extreme ones, which belong to the
smallest and to negative μ.
"""

from __future__ import annotations

import math

from fem.frames.kernels.arrays import Chains, Factors, Planar, Points, Space
from fem.frames.kernels.dense import solve_dense
from fem.frames.kernels.newton import fill
from fem.frames.kernels.planar_elements import planar_chain
from fem.frames.kernels.space_elements import space_chain
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.compiling.decorator import compiled


@compiled
def planar_material(chains: Chains, planar: Planar, state: Points, blocks: FloatArray) -> None:
    """Write the material part of the element matrices in the plane, (n_elements, 3, 3, 3)."""
    unused = Points(state.nodes.copy(), state.interior.copy())
    for chain in range(len(chains.ends)):
        own = blocks[chains.offsets[chain] : chains.offsets[chain + 1]]
        planar_chain(chains, planar, chain, state, own, unused, 0.0)


@compiled
def space_material(
    chains: Chains, planar: Planar, space: Space, state: Points, blocks: FloatArray
) -> None:
    """Write the material part of the element matrices out of the plane, (n_elements, 3, 3, 3)."""
    for chain in range(len(chains.ends)):
        own = blocks[chains.offsets[chain] : chains.offsets[chain + 1]]
        space_chain(chains, planar, space, chain, state, own, 0.0)


@compiled
def project(
    chains: Chains,
    dofs: IntArray,
    factors: Factors,
    material: FloatArray,
    vectors: FloatArray,
    projected: FloatArray,
) -> None:
    """Write the projection of K⁻¹ M on a Krylov space, with full orthogonalisation.

    Args:
        chains: elements.
        dofs: numbers of the degrees of freedom.
        factors: factors of K.
        material: element matrices of M, (n_elements, 3, 3, 3).
        vectors: loads of the first vector, followed by memory, (2 n_steps + 1, n_points, 3).
        projected: tridiagonal matrix, (n_steps, n_steps), zero on entry.
    """
    n_steps, n_nodes = len(projected), len(dofs)
    images = vectors[n_steps:]  # M times each vector
    # The displacements by random loads are smooth, as the modes of buckling are.
    solve_dense(chains, dofs, factors, Points(vectors[0, :n_nodes], vectors[0, n_nodes:]))
    for step in range(n_steps):
        vector, image = vectors[step], images[step]
        material_forces(chains, dofs, material, vector, image)
        norm = math.sqrt(max(_product(vector, image), 1e-300))
        if step > 0:
            projected[step, step - 1] = projected[step - 1, step] = norm
        fill(vector, vector, 1.0 / norm)
        fill(image, image, 1.0 / norm)
        following = vectors[2 * n_steps] if step + 1 == n_steps else vectors[step + 1]
        fill(following, image, 1.0)
        solve_dense(chains, dofs, factors, Points(following[:n_nodes], following[n_nodes:]))
        projected[step, step] = _product(following, image)
        for _ in range(2):
            for earlier in range(step + 1):
                share = _product(following, images[earlier])
                _subtract(following, vectors[earlier], share)


@compiled
def material_forces(
    chains: Chains, dofs: IntArray, material: FloatArray, vector: FloatArray, image: FloatArray
) -> None:
    """Write M times a vector, (n_points, 3): nodes followed by interior points."""
    fill(image, image, 0.0)
    n_nodes = len(dofs)
    for chain in range(len(chains.ends)):
        first, last = chains.offsets[chain], chains.offsets[chain + 1]
        start = chains.ends[chain, 0]
        for element in range(first, last):
            end = n_nodes + element - chain if element + 1 < last else chains.ends[chain, 1]
            for i in range(3):
                for j in range(3):
                    image[start, i] += material[element, 0, i, j] * vector[start, j]
                    image[start, i] += material[element, 1, i, j] * vector[end, j]
                    image[end, i] += material[element, 1, j, i] * vector[start, j]
                    image[end, i] += material[element, 2, i, j] * vector[end, j]
            start = end
    for node in range(n_nodes):
        for axis in range(3):
            if dofs[node, axis] < 0:
                image[node, axis] = 0.0


@compiled
def _product(first: FloatArray, second: FloatArray) -> float:
    total = 0.0
    for row in range(len(first)):
        for column in range(3):
            total += first[row, column] * second[row, column]
    return total


@compiled
def _subtract(target: FloatArray, source: FloatArray, factor: float) -> None:
    for row in range(len(source)):
        for column in range(3):
            target[row, column] -= factor * source[row, column]
