"""Lateral buckling of thin strips of beams: a cantilever, and a right-angle frame."""

from __future__ import annotations

import numpy as np

from fem.frames.frame import BeamFrame, Member, Sections, make_frame
from fem.frames.paths import FACTOR_TOLERANCE, follow_load
from fem.frames.rectangle import SHEAR_COEFFICIENT, torsion_constant
from fem.frames.stability import linear_buckling
from mnnfab.arrays import FloatArray
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import CLAMPED, FREE, end_load, line, member
from mnnfab.verification.quantities import converged, observed_order

#: The strip of both cases: length, depth and thickness, mm, modulus, MPa, and Poisson's ratio.
LENGTH, DEPTH, THICKNESS, MODULUS, RATIO = 240.0, 30.0, 0.6, 71240.0, 0.31
SHEAR_MODULUS = MODULUS / (2 * (1 + RATIO))
PRANDTL = 4.012599
CANTILEVER_TOLERANCE, ORDER = 1e-3, 2.0
#: The published critical load of the right-angle frame has four digits; no mesh is stated.
FRAME_LOAD, FRAME_TOLERANCE = 1.088, 2e-3


def cantilever(n_elements: int) -> tuple[BeamFrame, FloatArray]:
    """Return a strip that is rigid in its plane, and the load of Prandtl at its tip."""
    out = MODULUS * DEPTH * THICKNESS**3 / 12
    torsion = SHEAR_MODULUS * float(torsion_constant(np.array(DEPTH), THICKNESS))
    points = line([0, 0], [LENGTH, 0], n_elements)
    frame = member(Sections(1e9, 1e9, 1e13, 1e9, torsion, out), points, CLAMPED, FREE)
    return frame, end_load(0, -PRANDTL * np.sqrt(out * torsion) / LENGTH**2, 0)


def lateral_factor(frame: BeamFrame, loads: FloatArray) -> float:
    """Return the load factor of linear buckling out of the plane under loads, (n_nodes, 3)."""
    return float(linear_buckling(frame, loads[None])[1][0])


def cantilever_factors() -> list[Quantity]:
    """Return the buckling load over Prandtl's, linear and along the load path."""

    def factor(n_elements: int) -> float:
        return lateral_factor(*cantilever(n_elements))

    linear = converged("P/P_Prandtl, linear buckling", factor, 10, 1.0, CANTILEVER_TOLERANCE)
    followed = follow_load(*cantilever(40), max_factor=1.2).out_of_plane
    value = np.nan if followed is None else followed
    return [
        linear,
        observed_order(linear.name, linear.meshes, ORDER),
        Quantity("P/P_Prandtl along the load path", value, 1.0, 2 * FACTOR_TOLERANCE),
    ]


def right_angle(n_elements: int) -> tuple[BeamFrame, FloatArray]:
    """Return the frame with some elements per leg, and a unit load along its first leg."""
    area = DEPTH * THICKNESS
    sections = Sections(
        axial=MODULUS * area,
        shear=SHEAR_COEFFICIENT * SHEAR_MODULUS * area,
        bending=MODULUS * THICKNESS * DEPTH**3 / 12,
        shear_out=SHEAR_COEFFICIENT * SHEAR_MODULUS * area,
        torsion=SHEAR_MODULUS * DEPTH * THICKNESS**3 / 3,
        bending_out=MODULUS * DEPTH * THICKNESS**3 / 12,
    )
    nodes = np.array([[0.0, 0.0], [LENGTH, 0.0], [LENGTH, -LENGTH]])
    members = [
        Member(i, i + 1, np.linspace(nodes[i], nodes[i + 1], n_elements + 1), sections)
        for i in (0, 1)
    ]
    loads = np.zeros((3, 3))
    loads[2, 0] = 1.0
    return make_frame(nodes, members, np.array([CLAMPED, FREE, FREE])), loads


def right_angle_load() -> list[Quantity]:
    """Return the critical load along the load path, and that of linear buckling."""

    def linear(n_elements: int) -> float:
        return lateral_factor(*right_angle(n_elements))

    followed = follow_load(*right_angle(20), max_factor=1.5).out_of_plane
    value = np.nan if followed is None else followed
    return [
        converged("critical load, linear buckling, N", linear, 10, FRAME_LOAD, FRAME_TOLERANCE),
        Quantity("critical load along the load path, N", value, FRAME_LOAD, FRAME_TOLERANCE),
    ]


CASES = (
    Case(
        "strip-lateral-buckling-frame",
        "Lateral buckling of a cantilever strip under a load at its tip",
        "frame out of plane",
        "Prandtl: P = 4.012599 √(EI GJ) / L²; Timoshenko and Gere, Theory of Elastic Stability, "
        "6.1",
        cantilever_factors,
        "10, 20 and 40 elements, J of Saint-Venant. Load factors along a path are bisected to "
        "1e-3, to which the mesh of 40 elements adds its error.",
    ),
    Case(
        "right-angle-frame",
        "Lateral buckling of a right-angle frame, 240 × 240 × 30 × 0.6 mm, under a load at its end "
        "along the first leg",
        "frame out of plane",
        "1.088 in the test of EXUDYN after Nachbagauer and Gerstmayr, J. Comput. Nonlinear Dyn. 9 "
        "(2014) 011013; 1.09 in Simo and Vu-Quoc, Comput. Meth. Appl. Mech. Eng. 58 (1986) 79",
        right_angle_load,
        "10, 20 and 40 elements per leg, J = h t³/3 as in the source. The reference is a "
        "computation of another program on a mesh that is not stated, to four digits: 0.2 %.",
    ),
)
