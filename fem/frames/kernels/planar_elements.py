"""Geometrically exact beam elements in the plane (Reissner 1972, Simo 1985).

Two nodes, linear interpolation, one quadrature point. With r' the derivative of the position and
R the rotation of the section at the middle of the element,

    v = Rᵀ r',   γ₂ = v₂,   κ = θ',   ε = v₁ - 1 + c γ₂² + h² κ² / 24,
    W = ½ h (EA ε² + GA γ₂² + EI κ²).

GA includes the residual bending flexibility of `fem.frames.frame`, which makes the element exact
at small displacements. γ₂ then contains the bending of the element to an S, and κ that to an arc.
Both shorten the chord of the element; the terms c γ₂² and h² κ² / 24 add it to the strain, as in
the geometric stiffness matrix of cubic beams. Both vanish with h.

The angle of a section is measured from the undeformed direction of its element, so that polygons
of elements represent curved members. W is unchanged by rigid motions of any size.
"""

from __future__ import annotations

import math

from fem.frames.kernels.arrays import Chains, Planar, Points
from mnnfab.arrays import FloatArray
from mnnfab.compiling.decorator import compiled


@compiled
def kinematics(
    vector: FloatArray, length: float, start: FloatArray, end: FloatArray
) -> tuple[float, float, float, float]:
    """Return cosine and sine of the section's angle, and v₁, v₂ of an element."""
    x = (vector[0] + end[0] - start[0]) / length
    y = (vector[1] + end[1] - start[1]) / length
    middle = 0.5 * (start[2] + end[2])
    cosine, sine = math.cos(middle) / length, math.sin(middle) / length
    c, s = cosine * vector[0] - sine * vector[1], sine * vector[0] + cosine * vector[1]
    return c, s, c * x + s * y, c * y - s * x


@compiled
def planar_chain(
    chains: Chains,
    planar: Planar,
    chain: int,
    state: Points,
    blocks: FloatArray,
    residual: Points,
) -> float:
    """Write the tangents of the elements of a chain, and subtract their forces from `residual`.

    Returns:
        Strain energy of the chain, N mm.
    """
    first, last = chains.offsets[chain], chains.offsets[chain + 1]
    energy = 0.0
    start, out = state.nodes[chains.ends[chain, 0]], residual.nodes[chains.ends[chain, 0]]
    for element in range(first, last):
        if element + 1 < last:
            end = state.interior[element - chain]
            out_end = residual.interior[element - chain]
        else:
            end = state.nodes[chains.ends[chain, 1]]
            out_end = residual.nodes[chains.ends[chain, 1]]
        h = chains.lengths[element]
        c, s, v1, v2 = kinematics(chains.vectors[element], h, start, end)
        k = (end[2] - start[2]) / h
        ea, ga, ei = planar.axial[element], planar.shear[element], planar.bending[element]
        # Twice the coefficients of the shortening by the shape within the element.
        c2, c3 = 2.0 * planar.shortening[element], h * h / 12.0
        strain = v1 - 1.0 + 0.5 * c2 * v2 * v2 + 0.5 * c3 * k * k
        n1 = ea * strain
        n2, m = (ga + c2 * n1) * v2, (ei + c3 * n1) * k
        energy += 0.5 * h * (n1 * strain + ga * v2 * v2 + ei * k * k)

        force_x, force_y = n1 * c - n2 * s, n1 * s + n2 * c
        couple = 0.5 * h * (n1 * v2 - n2 * v1)
        out[0] += force_x
        out[1] += force_y
        out[2] += m - couple
        out_end[0] -= force_x
        out_end[1] -= force_y
        out_end[2] -= m + couple

        # Second derivatives of the energy per length in v₁, v₂ and κ, ...
        a12, a13, a23 = ea * c2 * v2, ea * c3 * k, ea * c2 * v2 * c3 * k
        a22, a33 = ga + c2 * n1 + a12 * c2 * v2, ei + c3 * n1 + a13 * c3 * k
        # ... in x, y and the middle angle t, ...
        a, b = ea * v2 - a12 * v1 - n2, a12 * v2 - a22 * v1 + n1
        xx = (ea * c * c - 2.0 * a12 * c * s + a22 * s * s) / h
        yy = (ea * s * s + 2.0 * a12 * c * s + a22 * c * c) / h
        xy = ((ea - a22) * c * s + a12 * (c * c - s * s)) / h
        xt, yt = 0.5 * (c * a - s * b), 0.5 * (s * a + c * b)
        tt = 0.25 * h * ((ea * v2 - 2.0 * a12 * v1 - n2) * v2 + (a22 * v1 - n1) * v1)
        xk, yk, tk = (a13 * c - a23 * s) / h, (a13 * s + a23 * c) / h, a13 * v2 - a23 * v1
        kk = a33 / h
        # ... and in the degrees of freedom of both points.
        block = blocks[element - first]
        for i in range(3):
            sign = 1.0 if i != 1 else -1.0
            block[i, 0, 0], block[i, 1, 1] = sign * xx, sign * yy
            block[i, 0, 1] = block[i, 1, 0] = sign * xy
        block[0, 0, 2] = block[0, 2, 0] = xk - xt
        block[0, 1, 2] = block[0, 2, 1] = yk - yt
        block[1, 0, 2], block[1, 1, 2] = -xt - xk, -yt - yk
        block[1, 2, 0], block[1, 2, 1] = xt - xk, yt - yk
        block[2, 0, 2] = block[2, 2, 0] = xt + xk
        block[2, 1, 2] = block[2, 2, 1] = yt + yk
        block[0, 2, 2], block[1, 2, 2], block[2, 2, 2] = tt + kk - tk, tt - kk, tt + kk + tk
        start, out = end, out_end
    return energy


@compiled
def largest_strains(chains: Chains, planar: Planar, state: Points, strains: FloatArray) -> None:
    """Write the largest |γ₁| + |κ| half_width of each chain, (n_chains,), over its elements."""
    for chain in range(len(chains.ends)):
        first, last = chains.offsets[chain], chains.offsets[chain + 1]
        start = state.nodes[chains.ends[chain, 0]]
        largest = 0.0
        for element in range(first, last):
            if element + 1 < last:
                end = state.interior[element - chain]
            else:
                end = state.nodes[chains.ends[chain, 1]]
            h = chains.lengths[element]
            if planar.half_width[element] > 0.0:
                _, _, v1, _ = kinematics(chains.vectors[element], h, start, end)
                curvature = (end[2] - start[2]) / h
                strain = abs(v1 - 1.0) + abs(curvature) * planar.half_width[element]
                largest = max(largest, strain)
            start = end
        strains[chain] = largest
