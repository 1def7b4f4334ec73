"""Second variation of the energy of single elements in a mode of the frame.

For a mode x, xᵀ K x is twice the second-order energy of the mode, and xᵀ M x the part of it without
the stress resultants. Both are sums over the elements.
"""

from __future__ import annotations

from fem.frames.kernels.planar_elements import axial_law, kinematics
from mnnfab.arrays import FloatArray
from mnnfab.compiling.decorator import compiled


@compiled
def planar_variation(
    vector: FloatArray,
    length: float,
    law: tuple[float, float],
    stiffness: FloatArray,
    ends: FloatArray,
    mode: FloatArray,
) -> tuple[float, float]:
    """Return xᵀ K x and xᵀ M x of an element in the plane.

    Args:
        vector: undeformed element, (2,) mm.
        length: its length, mm.
        law: coefficients of the axial law.
        stiffness: EA, GA, EI and shortening, (4,).
        ends: u_x, u_y, θ of both points, (2, 3).
        mode: the same of the mode, (2, 3).
    """
    h = length
    c, s, v1, v2 = kinematics(vector, h, ends[0], ends[1])
    k = (ends[1, 2] - ends[0, 2]) / h
    ea, ga, ei = stiffness[0], stiffness[1], stiffness[2]
    c2, c3 = 2.0 * stiffness[3], h * h / 12.0
    strain = v1 - 1.0 + 0.5 * c2 * v2 * v2 + 0.5 * c3 * k * k
    soft, stiff = law
    force, share, coupled = axial_law(law, strain)
    n1 = ea * force + ei * coupled * k * k
    n2 = (ga + c2 * n1) * v2
    # First and second variations of v₁, v₂ and κ.
    x, y = (mode[1, 0] - mode[0, 0]) / h, (mode[1, 1] - mode[0, 1]) / h
    turn, d3 = 0.5 * (mode[0, 2] + mode[1, 2]), (mode[1, 2] - mode[0, 2]) / h
    along, across = c * x + s * y, c * y - s * x
    d1, d2 = along + v2 * turn, across - v1 * turn
    second1 = 2.0 * across * turn - v1 * turn * turn
    second2 = -2.0 * along * turn - v2 * turn * turn
    # Second derivatives of the energy per length, without and with the resultants.
    a11 = ea * share + 3.0 * stiff * ei * k * k
    coupling = ei * (6.0 * stiff * strain - 2.0 * soft) * k
    a12, a13 = a11 * c2 * v2, a11 * c3 * k + coupling
    a22, a23 = ga + a12 * c2 * v2, a13 * c2 * v2
    a33 = ei * share + (a13 + coupling) * c3 * k
    material = a11 * d1 * d1 + a22 * d2 * d2 + a33 * d3 * d3
    material += 2.0 * (a12 * d1 * d2 + a13 * d1 * d3 + a23 * d2 * d3)
    geometric = n1 * (c2 * d2 * d2 + c3 * d3 * d3 + second1) + n2 * second2
    return h * (material + geometric), h * material


@compiled
def space_variation(
    vector: FloatArray,
    length: float,
    law: tuple[float, float],
    stiffness: FloatArray,
    ends: FloatArray,
    mode: FloatArray,
) -> tuple[float, float]:
    """Return xᵀ K x and xᵀ M x of an element out of the plane; see `space_elements`.

    Args:
        vector: undeformed element, (2,) mm.
        length: its length, mm.
        law: coefficients of the axial law.
        stiffness: EA, GA, EI and shortening in the plane, then GA, GJ, EI and shortening out of
            it, (8,).
        ends: u_x, u_y, θ of both points, (2, 3).
        mode: w, φ_x, φ_y of both points, (2, 3).
    """
    h = length
    c, s, p, q = kinematics(vector, h, ends[0], ends[1])
    k = (ends[1, 2] - ends[0, 2]) / h
    c2, c3 = 2.0 * stiffness[3], h * h / 12.0
    strain = p - 1.0 + 0.5 * c2 * q * q + 0.5 * c3 * k * k
    force, share, coupled = axial_law(law, strain)
    n1 = stiffness[0] * force + stiffness[2] * coupled * k * k
    n2 = (stiffness[1] + c2 * n1) * q
    m = (stiffness[2] * share + c3 * n1) * k
    slope = (mode[1, 0] - mode[0, 0]) / h
    x, y = 0.5 * (mode[0, 1] + mode[1, 1]), 0.5 * (mode[0, 2] + mode[1, 2])
    x1, y1 = (mode[1, 1] - mode[0, 1]) / h, (mode[1, 2] - mode[0, 2]) / h
    a, b = c * x + s * y, c * y - s * x
    twist, bend = c * x1 + s * y1, c * y1 - s * x1
    turned = a * q - b * p
    shear = slope - turned
    out = stiffness[4:]
    material = out[0] * shear**2 + out[1] * twist**2 + out[2] * bend**2
    geometric = n1 * (2.0 * out[3] * shear**2 + c3 * bend**2)
    geometric += n1 * (b * turned - 2.0 * b * slope) + n2 * (2.0 * a * slope - a * turned)
    geometric -= m * (a * bend - b * twist)
    return h * (material + geometric), h * material
