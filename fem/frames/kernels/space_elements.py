"""Stiffness of beam elements out of the plane, about a planar state.

The second variation of the energy of Reissner–Simo beams in space, with the deflection w and the
spatial spin φ = (φ_x, φ_y) of the sections. In the axes of the section (a, b) = Rᵀ φ and
(f₁, f₂) = Rᵀ φ'; with v = (p, q) of the planar state, its resultants n₁, n₂, m, and c = a q - b p,

    ½ [GA (w' - c)² + GJ f₁² + EI f₂²] + n₁ (½ b c - b w') + n₂ (a w' - ½ a c) - ½ m (a f₂ - b f₁)

per length of the undeformed beam. The shortening by the shape within an element is included as in
`planar_elements`.
"""

from __future__ import annotations

from fem.frames.kernels.arrays import Chains, Planar, Points, Space
from fem.frames.kernels.planar_elements import axial_law, kinematics
from mnnfab.arrays import FloatArray
from mnnfab.compiling.decorator import compiled


@compiled
def space_chain(
    chains: Chains,
    planar: Planar,
    space: Space,
    chain: int,
    state: Points,
    blocks: FloatArray,
    stress: float,
) -> None:
    """Write blocks 11, 12 and 22 of the elements of a chain, degrees of freedom w, φ_x, φ_y.

    The stress resultants of the planar state count with the factor `stress`: 1, or 0 for the
    material part of the stiffness alone.
    """
    first, last = chains.offsets[chain], chains.offsets[chain + 1]
    start = state.nodes[chains.ends[chain, 0]]
    for element in range(first, last):
        if element + 1 < last:
            end = state.interior[element - chain]
        else:
            end = state.nodes[chains.ends[chain, 1]]
        h = chains.lengths[element]
        c, s, p, q = kinematics(chains.vectors[element], h, start, end)
        k = (end[2] - start[2]) / h
        c2, c3 = 2.0 * planar.shortening[element], h * h / 12.0
        strain = p - 1.0 + 0.5 * c2 * q * q + 0.5 * c3 * k * k
        force, share, coupled = axial_law(planar.law, strain)
        axial = planar.axial[element] * force + planar.bending[element] * coupled * k * k
        n1 = stress * axial
        n2 = (stress * planar.shear[element] + c2 * n1) * q
        m = (stress * planar.bending[element] * share + c3 * n1) * k
        start = end

        # Second derivatives in w', a and b.
        shear = space.shear[element] + 2.0 * space.shortening[element] * n1
        wa, wb = n2 - shear * q, shear * p - n1
        aa, bb = (shear * q - n2) * q, (shear * p - n1) * p
        ab = 0.5 * (n1 * q + n2 * p) - shear * p * q
        # In global axes; the coupling of φ and φ' by m is the same in all axes.
        wx, wy = 0.5 * (c * wa - s * wb), 0.5 * (s * wa + c * wb)
        xx, yy = (
            c * c * aa - 2.0 * c * s * ab + s * s * bb,
            s * s * aa + 2.0 * c * s * ab + c * c * bb,
        )
        xy = c * s * (aa - bb) + (c * c - s * s) * ab
        gj, ei = space.torsion[element] / h, (space.bending[element] + c3 * n1) / h
        fxx, fyy, fxy = c * c * gj + s * s * ei, s * s * gj + c * c * ei, c * s * (gj - ei)
        xx, yy, xy = 0.25 * h * xx, 0.25 * h * yy, 0.25 * h * xy
        block = blocks[element - first]
        for i in range(3):
            sign = 1.0 if i != 1 else -1.0
            block[i, 0, 0] = sign * shear / h
            block[i, 1, 1], block[i, 2, 2] = xx + sign * fxx, yy + sign * fyy
            block[i, 1, 2] = block[i, 2, 1] = xy + sign * fxy
        block[0, 0, 1] = block[0, 1, 0] = block[1, 0, 1] = -wx
        block[0, 0, 2] = block[0, 2, 0] = block[1, 0, 2] = -wy
        block[1, 1, 0] = block[2, 0, 1] = block[2, 1, 0] = wx
        block[1, 2, 0] = block[2, 0, 2] = block[2, 2, 0] = wy
        block[1, 1, 2] -= 0.5 * m
        block[1, 2, 1] += 0.5 * m
