"""Rubber in the plane on unit squares: uniform stretches and a manufactured solution."""

from __future__ import annotations

from typing import Any

import numpy as np

from fem.elasticity import plane_stress_constants
from fem.rubber.body import RubberBody, make_rubber
from fem.rubber.newton import Tangent
from fem.rubber.paths import at_rest, follow
from fem.system import System
from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.quantities import manufactured_error
from mnnfab.verification.squares import body_loads, edge_loads, field_error, square_system

#: Young's modulus of a shear modulus of 1 MPa; rubber is incompressible.
MODULUS, POISSON, SHEAR = 3.0, 0.5, 1.0
CONSTANTS = plane_stress_constants(MODULUS, POISSON)
#: Stretches, and nominal stress / μ in one direction, λ - λ⁻², and in both, λ - λ⁻⁵.
STRETCHES = (1.5, 2.0)
EXACT = 1e-8
#: Amplitude of the manufactured displacement, step of complex differences, order and error cap.
AMPLITUDE, STEP, ORDER, LARGEST_ERROR = 0.1, 1e-30, 3.0, 1e-5


def rubber(system: System) -> RubberBody:
    """Return the rubber body of a square of unit thickness without weight."""
    return make_rubber(system, np.ones(system.basis.mesh.t.shape[1]), (MODULUS, POISSON))


def equilibrium(system: System, loads: FloatArray) -> FloatArray:
    """Return the displacements under dead loads, (n_dofs,).

    Raises:
        ToolError: if the path of the loads is lost.
    """
    tangent = Tangent(rubber(system))
    path = follow(tangent, at_rest(tangent), loads)
    if path.lost:
        raise ToolError(f"the path is lost at {path.share:.3g} times the load")
    return path.end.field


def stretched() -> list[Quantity]:
    """Return stretches under the nominal stress of closed form, in one and two directions."""
    found = []
    system = square_system(2, CONSTANTS, "symmetry", distorted=True)
    corner = int(np.argmax(system.basis.doflocs.sum(axis=0)))
    for stretch in STRETCHES:
        for words, axes, power in (("uniaxial", (0,), -2), ("equibiaxial", (0, 1), -5)):
            stress = stretch - stretch**power
            loads = sum(edge_loads(system, axis, SHEAR * stress) for axis in axes)
            value = 1 + float(equilibrium(system, np.asarray(loads))[2 * corner])
            name = f"stretch at P/μ = {stress:.6f}, {words}"
            found.append(Quantity(name, value, stretch, EXACT))
    return found


Places = np.ndarray[tuple[Any, ...], np.dtype[np.inexact[Any]]]
"""Real places, or complex ones for derivatives."""


def displacement(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the manufactured displacement; it vanishes on the boundary."""
    wave = AMPLITUDE * np.sin(np.pi * x) * np.sin(np.pi * y)
    return np.array([wave, -wave * np.cos(np.pi * x)])


def gradient(x: Places, y: Places) -> Places:
    """Return F = I + ∇u in closed form, (2, 2, …), also at complex places."""
    sine_x, cosine_x = np.sin(np.pi * x), np.cos(np.pi * x)
    sine_y, cosine_y = np.sin(np.pi * y), np.cos(np.pi * y)
    size = AMPLITUDE * np.pi
    first = [1 + size * cosine_x * sine_y, size * sine_x * cosine_y]
    second = [size * (sine_x**2 - cosine_x**2) * sine_y, 1 - size * sine_x * cosine_x * cosine_y]
    return np.array([first, second])


def nominal_stress(x: Places, y: Places) -> Places:
    """Return P = μ (F - F⁻ᵀ / det² F) of the plane incompressible neo-Hookean law."""
    (a, b), (c, d) = deformation = gradient(x, y)
    area = a * d - b * c
    stress: Places = SHEAR * (deformation - np.array([[d, -c], [-b, a]]) / area**3)
    return stress


def body_force(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return -Div P, by complex steps of the closed form."""
    along = nominal_stress(x + 1j * STEP, y)[:, 0].imag
    across = nominal_stress(x, y + 1j * STEP)[:, 1].imag
    force: FloatArray = -(along + across) / STEP
    return force


def error_on(n_sides: int) -> float:
    """Return the L2 error of the displacement on a mesh."""
    system = square_system(n_sides, CONSTANTS, "boundary")
    return field_error(system, equilibrium(system, body_loads(system, body_force)), displacement)


def manufactured() -> list[Quantity]:
    """Return the error on the finest mesh and its order."""
    return manufactured_error(error_on, 8, LARGEST_ERROR, ORDER)


CASES = (
    Case(
        "rubber-sheet",
        "Incompressible neo-Hookean sheet, stretched in one direction and in two",
        "rubber",
        "exact: P/μ = λ - λ⁻² and λ - λ⁻⁵; Ogden, Non-Linear Elastic Deformations",
        stretched,
        "8 distorted quadratic triangles, a patch test of large strains.",
    ),
    Case(
        "rubber-manufactured",
        "Manufactured solution with large strains on the unit square",
        "rubber",
        "exact; order 3 in the L2 norm for quadratic triangles",
        manufactured,
        "Meshes of 8, 16 and 32 elements per side; the body force is a dead load.",
    ),
)
