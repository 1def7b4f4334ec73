"""Buckling of solid strips: columns about both axes, and lateral buckling."""

from __future__ import annotations

import numpy as np

from fem.frames.rectangle import torsion_constant
from fem.mesh import Mesh
from fem.solid_buckling import SolidBuckling, solid_buckling
from mnnfab.network.ports import Port
from mnnfab.profiles import material
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.solid_strips import BEFORE_END, NETWORK, solid_strip

#: Without contraction a clamped end does not stiffen the strip beside it.
CORK = material("agilus30").model_copy(update={"poisson_ratio": 0.0})
MODULUS = CORK.youngs_modulus_MPa
LENGTH, COLUMN_TOLERANCE = 40.0, 1e-3
#: Length of the column that contracts, mm: its clamped end stiffens it by less than 0.1 %.
SLENDER, POISSON = 200.0, 0.3
#: Length, depth and thickness of the strip, mm. Restrained warping at its clamped end adds 0.4 %
#: on finer meshes; this mesh adds as much again.
STRIP, STRIP_TOLERANCE = (200.0, 2.0, 0.5), 0.01


def buckling(mesh: Mesh, port: Port, load_N: float, degree: int = 2) -> SolidBuckling:
    """Return the buckling of a strip under a load at its end."""
    return solid_buckling(mesh, NETWORK, CORK, (port,), [[load_N]], degree)[0]


def column_load(length: float, inertia: float, area: float, poisson: float = 0.0) -> float:
    """Return Euler's load of a clamped and free column, lowered by shear (Engesser), N."""
    euler = np.pi**2 * MODULUS * inertia / (4 * (length - BEFORE_END) ** 2)
    return float(euler / (1 + euler / (5 / 6 * MODULUS / (2 * (1 + poisson)) * area)))


def columns() -> list[Quantity]:
    """Return the buckling loads of two columns about both axes."""
    found = []
    for width, thickness in ((2.0, 1.0), (1.0, 2.0)):
        state = buckling(solid_strip(LENGTH, width, thickness, 1.0, 2), Port(1, "x"), -1e-3)
        for words, buckled, inertia in (
            ("in the plane", state.in_plane, thickness * width**3 / 12),
            ("out of the plane", state.out_of_plane, width * thickness**3 / 12),
        ):
            value = np.nan if buckled.factor is None else 1e-3 * buckled.factor
            exact = column_load(LENGTH, inertia, width * thickness)
            name = f"buckling load {words}, {width:g} mm wide, {thickness:g} mm thick, N"
            found.append(Quantity(name, value, exact, COLUMN_TOLERANCE))
    return found


def contracting_column() -> list[Quantity]:
    """Return the buckling loads of a square column with ν = 0.3 about both axes."""
    mesh = solid_strip(SLENDER, 1.0, 1.0, 1.0, 2)
    contracting = CORK.model_copy(update={"poisson_ratio": POISSON})
    state = solid_buckling(mesh, NETWORK, contracting, (Port(1, "x"),), [[-1e-3]])[0]
    exact = column_load(SLENDER, 1 / 12, 1.0, POISSON)
    found = []
    for words, buckled in (("in", state.in_plane), ("out of", state.out_of_plane)):
        value = np.nan if buckled.factor is None else 1e-3 * buckled.factor
        name = f"buckling load {words} the plane, N"
        found.append(Quantity(name, value, exact, COLUMN_TOLERANCE))
    return found


def lateral() -> list[Quantity]:
    """Return the lateral buckling load of a narrow cantilever."""
    length, depth, thickness = STRIP
    factor = buckling(
        solid_strip(length, depth, thickness, 2.0, 4), Port(1, "y"), -1e-5, degree=3
    ).out_of_plane.factor
    value = np.nan if factor is None else 1e-5 * factor
    torsion = float(torsion_constant(np.array(depth), thickness))
    inertia = depth * thickness**3 / 12
    exact = 4.012599 * MODULUS * np.sqrt(inertia * torsion / 2) / (length - BEFORE_END) ** 2
    return [Quantity("lateral buckling load, N", value, float(exact), STRIP_TOLERANCE)]


CASES = (
    Case(
        "solid-column",
        "Clamped and free columns, 40 × 2 × 1 mm, buckling about both axes",
        "solid",
        "Euler: P = π² EI / 4L², with shear by Engesser",
        columns,
        "Quadratic prisms, two across the width; Poisson's ratio 0.",
    ),
    Case(
        "solid-column-contraction",
        "Clamped and free column, 200 × 1 × 1 mm, ν = 0.3, buckling about both axes",
        "solid",
        "Euler: P = π² EI / 4L², with shear by Engesser",
        contracting_column,
        "Quadratic prisms, two across the width.",
    ),
    Case(
        "solid-strip-lateral-buckling",
        "Lateral buckling of a cantilever strip, 200 × 2 × 0.5 mm, under a load at its end",
        "solid",
        "Prandtl: P = 4.012599 √(EI GJ) / L²; Timoshenko and Gere, Theory of Elastic Stability, "
        "6.1",
        lateral,
        "Prisms of degree 3 across the thickness, four across the depth. Tolerance 1 %: the "
        "closed form neglects restrained warping at the clamped end, which adds 0.4 % on finer "
        "meshes, and this mesh adds as much again.",
    ),
)
