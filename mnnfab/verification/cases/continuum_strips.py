"""Strips of the plane stress continuum, for which beam theory has closed forms."""

from __future__ import annotations

import numpy as np

from fem.buckling import buckle
from fem.weight import sag
from mnnfab.arrays import FloatArray
from mnnfab.network.ports import Port
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.strips import (
    END,
    MODULUS,
    THICKNESS,
    loaded,
    stress_of,
    strip,
    thickness_of,
)

#: Length and width of most strips, mm, density, g/cm³, and weight with 9.8 m/s², N/mm³.
LENGTH, WIDTH, DENSITY, WEIGHT = 40.0, 1.0, 1.145, 1.145e-6 * 9.8
#: Of beam theory for slender strips, and where the closed form is exact.
TOLERANCE, EXACT = 1e-4, 1e-9
AREA, INERTIA = THICKNESS * WIDTH, THICKNESS * WIDTH**3 / 12
SHEAR_STIFFNESS = 5 / 6 * MODULUS / 2 * AREA
#: Length of the column: shear lowers Euler's load by (w/L)².
COLUMN = 60.0


def bending() -> list[Quantity]:
    """Return the deflection under a load across the end, a quarter millimetre before it."""
    system = strip(LENGTH, WIDTH)
    arm = LENGTH - END / 2
    exact = arm**3 / (3 * MODULUS * INERTIA) + arm / SHEAR_STIFFNESS
    value = float((system.readings.T @ loaded(system, 1))[3])
    return [Quantity("deflection under 1 N, mm", value, exact, TOLERANCE)]


def tension() -> list[Quantity]:
    """Return the mean extension where the load acts: it is spread over the last half millimetre."""
    system = strip(10.0, WIDTH)
    exact = (10.0 - END + END / 3) / (MODULUS * AREA)
    value = float((system.readings.T @ loaded(system, 0))[2])
    return [Quantity("extension under 1 N, mm", value, exact, EXACT)]


def buckling() -> list[Quantity]:
    """Return the linear buckling load of a clamped and free column, lowered by shear."""
    system = strip(COLUMN, WIDTH)
    euler = np.pi**2 * MODULUS * INERTIA / (4 * (COLUMN - END / 2) ** 2)
    exact = euler / (1 + euler / SHEAR_STIFFNESS)
    field: FloatArray = -loaded(system, 0)
    factor = buckle(system, stress_of(system, field), thickness_of(system)).factor
    value = np.nan if factor is None else factor
    return [Quantity("buckling load, N", value, exact, TOLERANCE)]


def sagging() -> list[Quantity]:
    """Return the deflection of a horizontal strip under its weight, with that of shear."""
    system = strip(LENGTH, WIDTH)
    (value,) = sag(system, DENSITY, thickness_of(system), (Port(1, "y"),))
    weight = WEIGHT * AREA
    place = 1 - END / 2 / LENGTH  # of the reading, as a share of the length
    bent = weight * LENGTH**4 / (24 * MODULUS * INERTIA)
    exact = bent * (6 * place**2 - 4 * place**3 + place**4)
    exact += weight * LENGTH**2 / SHEAR_STIFFNESS * (place - place**2 / 2)
    return [Quantity("sag of the end, mm", -float(value), exact, TOLERANCE)]


def hanging() -> list[Quantity]:
    """Return the extension of a strip that hangs from its end, by Betti's theorem.

    The work of a uniform load per volume on the displacements under a unit load at the end.
    """
    system = strip(LENGTH, WIDTH)
    along = np.ascontiguousarray(loaded(system, 0)[0::2])
    work = float((system.basis.interpolate(along).value * system.basis.dx).sum()) * THICKNESS
    exact = WEIGHT * LENGTH**2 / (2 * MODULUS)
    return [Quantity("extension by the weight, mm", work * WEIGHT, exact, TOLERANCE)]


_TWO_WIDE = "Quadratic triangles, two across the width; Poisson's ratio 0."

CASES = (
    Case(
        "strip-bending",
        "Cantilever strip, 40 × 1 mm, under a load at its end",
        "continuum",
        "Timoshenko: FL³ / 3EI + FL / κGA, κ = 5/6",
        bending,
        _TWO_WIDE,
    ),
    Case(
        "strip-tension",
        "Strip, 10 × 1 mm, under tension",
        "continuum",
        "exact: FL / EA",
        tension,
        _TWO_WIDE,
    ),
    Case(
        "strip-buckling",
        "Clamped and free strip, 60 × 1 mm, buckling in its plane",
        "continuum",
        "Euler: P = π² EI / 4L², with shear by Engesser",
        buckling,
        _TWO_WIDE,
    ),
    Case(
        "strip-sag",
        "Cantilever strip, 40 × 1 mm, under its weight",
        "continuum",
        "Timoshenko: qL⁴ / 8EI at its end, and shear",
        sagging,
        _TWO_WIDE,
    ),
    Case(
        "strip-hanging",
        "Strip, 40 × 1 mm, that hangs from its end",
        "continuum",
        "exact: ρgL² / 2E",
        hanging,
        _TWO_WIDE,
    ),
)
