"""Agreement of two models of a network after best-fit scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.model.model import Equilibrium
from mnnfab.model.response import Response


@dataclass(frozen=True)
class Agreement:
    """Best-fit scale and residual of a model relative to a reference.

    A factor common to all displacements does not change the predictions of a classifier and can
    be compensated in training. The residual after best-fit scaling is the remaining
    disagreement of the models.

    Args:
        scale: best-fit scale of the outputs, by which the reference is multiplied.
        displacement_residual: ‖u - scale u_ref‖ / ‖u‖ over all loads and outputs.
        elongation_scale: best-fit scale of the elongations of the bonds.
        elongation_residual: residual of the elongations after best-fit scaling.
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
    """Return the best-fit scale of the reference by least squares, and the residuals.

    Args:
        reference: equilibria of the reference.
        model: equilibria of the model under the same loads.
    """
    scale, residual = _fit(reference.outputs_mm, model.outputs_mm)
    elongation_scale, elongation_residual = _fit(reference.elongations_mm, model.elongations_mm)
    return Agreement(scale, residual, elongation_scale, elongation_residual)


def _fit(reference: FloatArray, values: FloatArray) -> tuple[float, float]:
    scale = float(np.vdot(reference, values) / np.vdot(reference, reference))
    residual = np.linalg.norm(values - scale * reference) / np.linalg.norm(values)
    return scale, float(residual)
