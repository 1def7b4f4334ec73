"""The plane stress continuum on unit squares: patch test and manufactured solution."""

from __future__ import annotations

import numpy as np

from fem.elasticity import plane_stress_constants
from mnnfab.arrays import FloatArray
from mnnfab.linalg.cholesky import factorise
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.quantities import manufactured_error
from mnnfab.verification.squares import (
    body_loads,
    boundary_dofs,
    edge_loads,
    field_error,
    nodal_values,
    square_system,
)

MODULUS, POISSON = 1.0, 0.3
CONSTANTS = plane_stress_constants(MODULUS, POISSON)
#: The same constants for the references, from their definitions.
LAME, SHEAR = MODULUS * POISSON / (1 - POISSON**2), MODULUS / (2 * (1 + POISSON))
#: Displacement gradient of the patch test.
GRADIENT = np.array([[0.01, -0.02], [0.03, 0.005]])
#: Rounding of a small system; order of quadratic elements in the L2 norm, and a cap of its error.
ROUNDING, ORDER, LARGEST_ERROR = 1e-12, 3.0, 2e-5


def patch_test() -> list[Quantity]:
    """Return the error of displacements inside, linear on the boundary of distorted elements."""
    system = square_system(6, CONSTANTS, "boundary", distorted=True)
    exact = nodal_values(system, lambda x, y: GRADIENT @ np.array([x, y]))
    boundary, free = boundary_dofs(system), system.free
    loads = -system.stiffness[free][:, boundary] @ exact[boundary]
    found = factorise(system.stiffness[free][:, free])(loads)
    error = float(np.abs(found - exact[free]).max())
    scale = float(np.abs(exact).max())
    return [Quantity("largest error of a displacement", error, 0.0, ROUNDING, scale)]


def sheet_tension() -> list[Quantity]:
    """Return stretch and contraction of a sheet under a unit stress, E = 1."""
    system = square_system(2, CONSTANTS, "symmetry", distorted=True)
    field = system.solve(edge_loads(system, 0, 1.0)[:, None])[:, 0]
    corner = int(np.argmax(system.basis.doflocs.sum(axis=0)))
    along, across = field[2 * corner : 2 * corner + 2].tolist()
    return [
        Quantity("strain along the stress, σ/E", along, 1.0 / MODULUS, ROUNDING),
        Quantity("strain across the stress, -νσ/E", across, -POISSON / MODULUS, ROUNDING),
    ]


def displacement(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return (sin πx sin πy, 0)."""
    u: FloatArray = np.array([np.sin(np.pi * x) * np.sin(np.pi * y), 0 * x])
    return u


def body_force(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return -div σ of the displacement."""
    waves = np.pi**2 * np.sin(np.pi * x) * np.sin(np.pi * y)
    cross = np.pi**2 * np.cos(np.pi * x) * np.cos(np.pi * y)
    force: FloatArray = np.array([(LAME + 3 * SHEAR) * waves, -(LAME + SHEAR) * cross])
    return force


def error_on(n_sides: int) -> float:
    """Return the L2 error of the displacement on a mesh."""
    system = square_system(n_sides, CONSTANTS, "boundary")
    field = system.solve(body_loads(system, body_force)[:, None])[:, 0]
    return field_error(system, field, displacement)


def manufactured() -> list[Quantity]:
    """Return the error on the finest mesh and its order."""
    return manufactured_error(error_on, 8, LARGEST_ERROR, ORDER)


CASES = (
    Case(
        "continuum-patch-test",
        "Patch test: linear displacements on the boundary of distorted elements",
        "continuum",
        "exact: linear displacements inside",
        patch_test,
        "72 quadratic triangles.",
    ),
    Case(
        "continuum-sheet",
        "Sheet under uniaxial stress, ν = 0.3",
        "continuum",
        "exact: strains σ/E and -νσ/E",
        sheet_tension,
        "8 distorted quadratic triangles.",
    ),
    Case(
        "continuum-manufactured",
        "Manufactured solution u = (sin πx sin πy, 0) on the unit square",
        "continuum",
        "exact; order 3 in the L2 norm for quadratic triangles",
        manufactured,
        "Meshes of 8, 16 and 32 elements per side.",
    ),
)
