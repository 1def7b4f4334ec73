"""NAFEMS LE1: elliptic membrane under outward pressure."""

from __future__ import annotations

import numpy as np

from fem.elasticity import plane_stress_constants
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.ellipses import NEAR, elliptic_membrane
from mnnfab.verification.quantities import converged

#: Modulus, MPa, Poisson's ratio, thickness, m, and pressure, MPa.
MODULUS, POISSON, THICKNESS, PRESSURE = 210e3, 0.3, 0.1, 10.0
#: Stress σ_y at (2, 0); the reference has three digits.
STRESS, TOLERANCE = 92.7, 1e-3


def stress_on(n_sides: int) -> float:
    """Return σ_y at (2, 0) on a mesh of some elements along each side, MPa."""
    body = elliptic_membrane(n_sides, n_sides)
    angle = body.places[1]
    held = [body.where(angle < NEAR, 1), body.where(angle > 1 - NEAR, 0)]
    loads = body.loads(lambda normal: THICKNESS * PRESSURE * normal)
    constants = plane_stress_constants(MODULUS, POISSON)
    return float(body.stress(constants, THICKNESS, loads, np.concatenate(held))[1, 1])


def stress() -> list[Quantity]:
    """Return the stress at the hole."""
    return [converged("σ_y at (2, 0), MPa", stress_on, 32, STRESS, TOLERANCE)]


CASES = Case(
    "nafems-le1",
    "NAFEMS LE1: elliptic membrane with an elliptic hole under outward pressure",
    "continuum",
    "NAFEMS, The Standard NAFEMS Benchmarks, LE1: 92.7 MPa",
    stress,
    "32, 64 and 128 curved quadratic triangles along each side.",
)
