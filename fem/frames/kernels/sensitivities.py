"""Derivatives of the internal forces of planar elements in their stiffness."""

from __future__ import annotations

from fem.frames.kernels.arrays import Chains, Planar, Points
from fem.frames.kernels.planar_elements import axial_law, kinematics
from mnnfab.arrays import FloatArray
from mnnfab.compiling.decorator import compiled


@compiled
def add_sensitivities(
    chains: Chains, planar: Planar, state: Points, adjoint: Points, sums: FloatArray
) -> None:
    """Add the work of the adjoint displacements on derivatives of the forces of each element.

    Args:
        chains: elements.
        planar: stiffness in the plane.
        state: displacements.
        adjoint: adjoint displacements.
        sums: work on the derivatives of the internal forces in EA, GA, EI and the shortening, and
            on a unit weight per length along -y, (n_elements, 5).
    """
    for chain in range(len(chains.ends)):
        first, last = chains.offsets[chain], chains.offsets[chain + 1]
        node = chains.ends[chain, 0]
        start, change = state.nodes[node], adjoint.nodes[node]
        for element in range(first, last):
            if element + 1 < last:
                end, change_end = state.interior[element - chain], adjoint.interior[element - chain]
            else:
                node = chains.ends[chain, 1]
                end, change_end = state.nodes[node], adjoint.nodes[node]
            h = chains.lengths[element]
            c, s, v1, v2 = kinematics(chains.vectors[element], h, start, end)
            k = (end[2] - start[2]) / h
            c2, c3 = 2.0 * planar.shortening[element], h * h / 12.0
            strain = v1 - 1.0 + 0.5 * c2 * v2 * v2 + 0.5 * c3 * k * k
            x, y = (change_end[0] - change[0]) / h, (change_end[1] - change[1]) / h
            turn = 0.5 * (change[2] + change_end[2])
            change_v1, change_v2 = c * x + s * y + v2 * turn, c * y - s * x - v1 * turn
            change_k = (change_end[2] - change[2]) / h
            change_strain = change_v1 + c2 * v2 * change_v2 + c3 * k * change_k
            own = sums[element]
            ea, ei = planar.axial[element], planar.bending[element]
            force, share, coupled = axial_law(planar.law, strain)
            own[0] += h * force * change_strain
            own[1] += h * v2 * change_v2
            own[2] += h * (coupled * k * k * change_strain + share * k * change_k)
            n1, by_strain = ea * force + ei * coupled * k * k, ea * share
            by_strain += 3.0 * planar.law[1] * ei * k * k
            by_curvature = 2.0 * ei * (3.0 * planar.law[1] * strain - planar.law[0]) * k
            own[3] += h * v2 * v2 * (by_strain * change_strain + by_curvature * change_k)
            own[3] += h * 2.0 * n1 * v2 * change_v2
            own[4] -= 0.5 * h * (change[1] + change_end[1])
            start, change = end, change_end
