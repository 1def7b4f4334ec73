"""How well two models of one network agree, apart from one common factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.model.response import Response


@dataclass(frozen=True)
class Agreement:
    """Scale and residual of a model against a reference.

    A factor common to all displacements does no harm to a classifier and can be
    trained away; what is left of the pattern after it is what the models disagree on.

    Args:
        scale: the factor that fits the reference's flexibility to the model's best.
        displacement_residual: ‖G - scale G_ref‖ / ‖G‖ over all pairs of ports.
        elongation_scale: the same factor for the elongations of the bonds.
        elongation_residual: what is left of them.
    """

    scale: float
    displacement_residual: float
    elongation_scale: float
    elongation_residual: float


def compare(reference: Response, model: Response) -> Agreement:
    """Fit the reference to the model by one factor, least squares, and measure the rest."""
    scale, residual = _fit(reference.flexibility, model.flexibility)
    elongation_scale, elongation_residual = _fit(reference.elongations, model.elongations)
    return Agreement(scale, residual, elongation_scale, elongation_residual)


def _fit(reference: FloatArray, values: FloatArray) -> tuple[float, float]:
    scale = float(np.vdot(reference, values) / np.vdot(reference, reference))
    residual = np.linalg.norm(values - scale * reference) / np.linalg.norm(values)
    return scale, float(residual)
