"""Geometrically exact beam elements in the plane (Reissner 1972, Simo 1985).

Two nodes, linear interpolation, one quadrature point. With r' the derivative of the position and
R the rotation of the section at the middle of the element,

    v = Rᵀ r',   γ₂ = v₂,   κ = θ',   ε = v₁ - 1 + s γ₂² + h² κ² / 24,
    W = h (EA (ε²/2 - c ε³/3 + d ε⁴/4) + ½ GA γ₂² + ½ EI κ² (1 - 2 c ε + 3 d ε²)).

c and d are the coefficients of the axial law, stress / E = e - c e² + d e³ of a fibre strain e,
integrated over the section up to the second order in κ; both are 0 for a linear material.

GA includes the residual bending flexibility of `fem.frames.frame`, which makes the element exact
at small displacements. γ₂ then contains the bending of the element to an S, and κ that to an arc.
Both shorten the chord of the element; the terms s γ₂² and h² κ² / 24 add it to the strain, as in
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
def axial_law(law: tuple[float, float], strain: float) -> tuple[float, float, float]:
    """Return the axial law of a strain: stress over E, its derivative, and half its second one.

    The fibres of a section at the distance y are strained by ε + y κ. The second and third
    numbers are the factors on EI in the moment, and on EI κ² in the normal force.
    """
    soft, stiff = law
    stress = (1.0 + (stiff * strain - soft) * strain) * strain
    return stress, 1.0 + (3.0 * stiff * strain - 2.0 * soft) * strain, 3.0 * stiff * strain - soft


@compiled
def add_ground(
    ground: FloatArray, at: FloatArray, block: FloatArray, residual: FloatArray
) -> float:
    """Add the stiffness of a node to the ground to its tangent, and subtract its force.

    Returns:
        Strain energy, N mm.
    """
    energy = 0.0
    for i in range(2):
        for j in range(2):
            force = ground[i, j] * at[j]
            energy += 0.5 * at[i] * force
            residual[i] -= force
            block[i, j] += ground[i, j]
    return energy


@compiled
def planar_chain(  # noqa: PLR0915 - one pass over the elements
    chains: Chains,
    planar: Planar,
    chain: int,
    state: Points,
    blocks: FloatArray,
    residual: Points,
    stress: float,
) -> float:
    """Write the tangents of the elements of a chain, and subtract their forces from `residual`.

    The stress resultants count with the factor `stress` in the tangents: 1, or 0 for the material
    part of the tangents alone.

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
        soft, stiff = planar.law
        force, share, coupled = axial_law(planar.law, strain)
        n1 = ea * force + ei * coupled * k * k
        n2, m = (ga + c2 * n1) * v2, (ei * share + c3 * n1) * k
        own = 0.5 + (0.25 * stiff * strain - soft / 3.0) * strain
        energy += h * (ea * own * strain * strain + 0.5 * ga * v2 * v2 + 0.5 * ei * share * k * k)

        force_x, force_y = n1 * c - n2 * s, n1 * s + n2 * c
        couple = 0.5 * h * (n1 * v2 - n2 * v1)
        out[0] += force_x
        out[1] += force_y
        out[2] += m - couple
        out_end[0] -= force_x
        out_end[1] -= force_y
        out_end[2] -= m + couple

        n1, n2 = stress * n1, stress * n2
        # Second derivatives of the energy per length in v₁, v₂ and κ, ...
        a11 = ea * share + 3.0 * stiff * ei * k * k
        coupling = ei * (6.0 * stiff * strain - 2.0 * soft) * k
        a12, a13 = a11 * c2 * v2, a11 * c3 * k + coupling
        a22, a23 = ga + c2 * n1 + a12 * c2 * v2, a13 * c2 * v2
        a33 = ei * share + c3 * n1 + (a13 + coupling) * c3 * k
        # ... in x, y and the middle angle t, ...
        a, b = a11 * v2 - a12 * v1 - n2, a12 * v2 - a22 * v1 + n1
        xx = (a11 * c * c - 2.0 * a12 * c * s + a22 * s * s) / h
        yy = (a11 * s * s + 2.0 * a12 * c * s + a22 * c * c) / h
        xy = ((a11 - a22) * c * s + a12 * (c * c - s * s)) / h
        xt, yt = 0.5 * (c * a - s * b), 0.5 * (s * a + c * b)
        tt = 0.25 * h * ((a11 * v2 - 2.0 * a12 * v1 - n2) * v2 + (a22 * v1 - n1) * v1)
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
    for side in range(2):
        node = chains.ends[chain, side]
        block = blocks[0, 0] if side == 0 else blocks[last - first - 1, 2]
        ground = planar.ground[chain, side]
        energy += add_ground(ground, state.nodes[node], block, residual.nodes[node])
    return energy


@compiled
def largest_strains(chains: Chains, planar: Planar, state: Points, strains: FloatArray) -> None:
    """Write the largest strain at the edges of each chain, (n_chains,).

    It is |γ₁| + |κ| half_width at either end of an element, where κ is that of the middle and of
    the bending by the shear force over half of the element.
    """
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
                _, _, v1, v2 = kinematics(chains.vectors[element], h, start, end)
                moment = 0.5 * h * abs(planar.shear[element] * v2)
                curvature = abs(end[2] - start[2]) / h + moment / planar.bending[element]
                strain = abs(v1 - 1.0) + curvature * planar.half_width[element]
                largest = max(largest, strain)
            start = end
        strains[chain] = largest
