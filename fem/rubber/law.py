"""The neo-Hookean law of a thin sheet, with the strain across the thickness eliminated.

The energy per volume of the undeformed sheet, with the plane deformation gradient F, J = det F
and g = ν / (1 - ν), is

    W = μ/2 (tr FᵀF + J^(-2g) / g - 2 - 1/g),   μ = E / (2 (1 + ν)).

It is the compressible neo-Hookean material of Blatz and Ko (Trans. Soc. Rheol. 6 (1962) 223, with
f = 1), whose stretch across the sheet under zero transverse stress is λ₃² = J^(-2g). With ν = 1/2
it is the incompressible one, W = μ/2 (tr C + 1/det C - 3). For small strains it is Hooke's law of
plane stress with the same E and ν, so the model at rest is the linear continuum model.
"""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray

#: Smallest ν / (1 - ν) of the law, which divides by it; the limit of its energy is -2 ln J.
MIN_RATIO = 1e-12


def transverse_ratio(poisson_ratio: float) -> float:
    """Return g = ν / (1 - ν), the exponent of the law.

    >>> transverse_ratio(0.5)
    1.0
    """
    return max(poisson_ratio / (1 - poisson_ratio), MIN_RATIO)


def energy_density(gradient: FloatArray, shear: float, ratio: float) -> FloatArray:
    """Return W, MPa, of deformation gradients (..., 2, 2).

    Args:
        gradient: plane deformation gradients F.
        shear: shear modulus μ, MPa.
        ratio: g = ν / (1 - ν).
    """
    jacobian = np.linalg.det(gradient)
    trace = (gradient**2).sum(axis=(-2, -1))
    volumetric = np.expm1(-2 * ratio * np.log(jacobian)) / ratio  # J^(-2g) - 1 without cancellation
    energy: FloatArray = shear / 2 * (trace - 2 + volumetric)
    return energy


def nominal_stress(gradient: FloatArray, shear: float, ratio: float) -> FloatArray:
    """Return the first Piola-Kirchhoff stress P = μ (F - J^(-2g) F⁻ᵀ), MPa, (..., 2, 2).

    Equibiaxial stretch 1.5 of an incompressible sheet, in units of μ:

    >>> float(nominal_stress(1.5 * np.eye(2), 1.0, 1.0)[0, 0].round(6))
    1.368313
    """
    jacobian = np.linalg.det(gradient)[..., None, None]
    inverse = np.swapaxes(np.linalg.inv(gradient), -1, -2)
    stress: FloatArray = shear * (gradient - jacobian ** (-2 * ratio) * inverse)
    return stress
