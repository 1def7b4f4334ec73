"""How well two models of one network agree, apart from one common factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.model.model import Equilibrium
from mnnfab.model.response import Response


@dataclass(frozen=True)
class Agreement:
    """Scale and residual of a model against a reference.

    A factor common to all displacements does no harm to a classifier and can be
    trained away; what is left of the pattern after it is what the models disagree on.

    Args:
        scale: the factor that fits the reference's outputs to the model's best.
        displacement_residual: ‖u - scale u_ref‖ / ‖u‖ over all loads and outputs.
        elongation_scale: the same factor for the elongations of the bonds.
        elongation_residual: what is left of them.
    """

    scale: float
    displacement_residual: float
    elongation_scale: float
    elongation_residual: float


def compare(reference: Response, model: Response) -> Agreement:
    """Compare two linear models under unit loads: their flexibility matrices and elongations."""
    loads = np.eye(reference.flexibility.shape[1])
    return compare_equilibria(reference.solve(loads), model.solve(loads))


def compare_equilibria(reference: Equilibrium, model: Equilibrium) -> Agreement:
    """Fit the reference to the model by one factor, least squares, and measure the rest.

    Args:
        reference: its equilibria under some loads.
        model: the equilibria of another model under the same loads.
    """
    scale, residual = _fit(reference.outputs_mm, model.outputs_mm)
    elongation_scale, elongation_residual = _fit(reference.elongations_mm, model.elongations_mm)
    return Agreement(scale, residual, elongation_scale, elongation_residual)


def _fit(reference: FloatArray, values: FloatArray) -> tuple[float, float]:
    scale = float(np.vdot(reference, values) / np.vdot(reference, reference))
    residual = np.linalg.norm(values - scale * reference) / np.linalg.norm(values)
    return scale, float(residual)
