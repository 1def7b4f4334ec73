"""Plane stress: constants, law and weak form."""

from __future__ import annotations

from typing import Any

from skfem import BilinearForm
from skfem.helpers import ddot, eye, sym_grad, trace

from mnnfab.arrays import FloatArray


def plane_stress_constants(youngs_modulus_MPa: float, poisson_ratio: float) -> tuple[float, float]:
    """Return (λ, μ) in MPa of the law σ = λ tr(ε) I + 2 μ ε for a thin sheet.

    λ = E ν / (1 - ν²), μ = E / (2 (1 + ν)).

    >>> plane_stress_constants(1.0, 0.0)
    (0.0, 0.5)
    """
    lame = youngs_modulus_MPa * poisson_ratio / (1 - poisson_ratio**2)
    return lame, youngs_modulus_MPa / (2 * (1 + poisson_ratio))


def stress_law(lame: float, shear: float, strain: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
    """Return the stress of a strain field, both with leading axes (2, 2)."""
    return lame * eye(trace(strain), 2) + 2 * shear * strain


def stiffness_form(lame: float, shear: float) -> BilinearForm:
    """Return the form ∫ t σ(u) : ε(v), N/mm, for a thickness t (mm) given as a field."""

    def form(u: Any, v: Any, w: Any) -> Any:  # noqa: ANN401 - scikit-fem's fields
        return w["thickness"] * ddot(stress_law(lame, shear, sym_grad(u)), sym_grad(v))

    return BilinearForm(form)


def von_mises(stress: FloatArray) -> FloatArray:
    """Return the von Mises stress of plane stress tensors with leading axes (2, 2)."""
    xx, yy, xy = stress[0, 0], stress[1, 1], stress[0, 1]
    equivalent: FloatArray = (xx**2 - xx * yy + yy**2 + 3 * xy**2) ** 0.5
    return equivalent
