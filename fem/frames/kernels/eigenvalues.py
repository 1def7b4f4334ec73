"""Lanczos's method for the smallest eigenvalues of tangents relative to rest.

With K₀ at rest, K x = μ K₀ x has the eigenvalues 1/μ of K⁻¹ K₀, which is symmetric in the inner
product of K₀: a few steps give the extreme ones, which belong to the smallest and to negative μ.
"""

from __future__ import annotations

import math

from fem.frames.kernels.arrays import Chains, Factors, Planar, Points, Space
from fem.frames.kernels.dense import solve_dense
from fem.frames.kernels.newton import fill, linearise
from fem.frames.kernels.planar_elements import planar_chain
from fem.frames.kernels.samples import space_negatives
from fem.frames.kernels.space_elements import space_chain
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.compiling.decorator import compiled


@compiled
def planar_rest(chains: Chains, planar: Planar, rest: Points, blocks: FloatArray) -> None:
    """Write the element matrices at rest in the plane, (n_elements, 3, 3, 3)."""
    unused = Points(rest.nodes.copy(), rest.interior.copy())
    for chain in range(len(chains.ends)):
        own = blocks[chains.offsets[chain] : chains.offsets[chain + 1]]
        planar_chain(chains, planar, chain, rest, own, unused)


@compiled
def space_rest(
    chains: Chains, planar: Planar, space: Space, rest: Points, blocks: FloatArray
) -> None:
    """Write the element matrices at rest out of the plane, (n_elements, 3, 3, 3)."""
    for chain in range(len(chains.ends)):
        own = blocks[chains.offsets[chain] : chains.offsets[chain + 1]]
        space_chain(chains, planar, space, chain, rest, own)


@compiled
def planar_lanczos(
    chains: Chains,
    planar: Planar,
    states: Points,
    factors: Factors,
    rest: FloatArray,
    vectors: FloatArray,
    projected: FloatArray,
) -> None:
    """Write the projections of K⁻¹ K₀ in the plane.

    Args:
        chains: elements.
        planar: stiffness in the plane.
        states: states, (n_samples, n_nodes, 3) and (n_samples, n_interior, 3).
        factors: memory.
        rest: element matrices at rest, (n_elements, 3, 3, 3).
        vectors: first vector, followed by memory, (2 n_steps + 1, n_points, 3).
        projected: tridiagonal matrices, (n_samples, n_steps, n_steps), zero on entry.
    """
    unused = Points(states.nodes[0].copy(), states.interior[0].copy())
    first = vectors[0].copy()
    for sample in range(len(states.nodes)):
        fill(vectors[0], first, 1.0)
        state = Points(states.nodes[sample], states.interior[sample])
        linearise(chains, planar, state, factors, unused)
        _lanczos(chains, planar.dofs, factors, rest, vectors, projected[sample])


@compiled
def space_lanczos(
    chains: Chains,
    stiffness: tuple[Planar, Space],
    states: Points,
    factors: Factors,
    rest: FloatArray,
    vectors: FloatArray,
    output: tuple[FloatArray, IntArray],
) -> None:
    """Write the projections of K⁻¹ K₀ out of the plane and the negative eigenvalues of K.

    The arguments are those of `planar_lanczos`; `output` has the numbers, (n_samples,), too.
    """
    planar, space = stiffness
    projected, negatives = output
    first = vectors[0].copy()
    for sample in range(len(states.nodes)):
        fill(vectors[0], first, 1.0)
        state = Points(states.nodes[sample], states.interior[sample])
        negatives[sample] = space_negatives(chains, planar, space, state, factors)
        _lanczos(chains, space.dofs, factors, rest, vectors, projected[sample])


@compiled
def _lanczos(
    chains: Chains,
    dofs: IntArray,
    factors: Factors,
    rest: FloatArray,
    vectors: FloatArray,
    projected: FloatArray,
) -> None:
    """Write the projection of K⁻¹ K₀ on a Krylov space, with full orthogonalisation."""
    n_steps, n_nodes = len(projected), len(dofs)
    images = vectors[n_steps:]  # K₀ times each vector
    for step in range(n_steps):
        vector, image = vectors[step], images[step]
        rest_forces(chains, dofs, rest, vector, image)
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
def rest_forces(
    chains: Chains, dofs: IntArray, rest: FloatArray, vector: FloatArray, image: FloatArray
) -> None:
    """Write K₀ times a vector, (n_points, 3): nodes followed by interior points."""
    fill(image, image, 0.0)
    n_nodes = len(dofs)
    for chain in range(len(chains.ends)):
        first, last = chains.offsets[chain], chains.offsets[chain + 1]
        start = chains.ends[chain, 0]
        for element in range(first, last):
            end = n_nodes + element - chain if element + 1 < last else chains.ends[chain, 1]
            for i in range(3):
                for j in range(3):
                    image[start, i] += rest[element, 0, i, j] * vector[start, j]
                    image[start, i] += rest[element, 1, i, j] * vector[end, j]
                    image[end, i] += rest[element, 1, j, i] * vector[start, j]
                    image[end, i] += rest[element, 2, i, j] * vector[end, j]
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
