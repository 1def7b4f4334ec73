"""Gradients beside each other: in situ backpropagation on one model, and the bars' own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.model.model import Model
from mnnfab.task.task import Task


@dataclass(frozen=True)
class GradientAgreement:
    """How well a measured gradient agrees with a reference.

    Args:
        cosine: of the angle between them.
        signs: share of the entries whose signs agree.
        relative_error: ‖g - g_ref‖ / ‖g_ref‖.
        scale: the factor that fits the reference to it best.
    """

    cosine: float
    signs: float
    relative_error: float
    scale: float


def in_situ_gradient(task: Task, model: Model) -> FloatArray:
    """Return dL/dk of the training loss as an experiment measures it, (n_bonds,) per N/mm.

    The product of two elongations of every bond, one under the loads and one under adjoint
    loads that follow from the model's own displacements (Li and Mao, eq. 6).
    """
    return task.stiffness_gradient(model, task.train_indices)


def compare_gradients(reference: FloatArray, found: FloatArray) -> GradientAgreement | None:
    """Compare two gradients, (n_bonds,); None if one is zero and has no direction.

    >>> compare_gradients(np.array([3.0, -4.0]), np.array([6.0, -8.0]))
    GradientAgreement(cosine=1.0, signs=1.0, relative_error=1.0, scale=2.0)
    """
    if not (reference.any() and found.any()):
        return None
    product, square = float(reference @ found), float(reference @ reference)
    return GradientAgreement(
        cosine=product / float(np.linalg.norm(reference) * np.linalg.norm(found)),
        signs=float((np.sign(reference) == np.sign(found)).mean()),
        relative_error=float(np.linalg.norm(found - reference) / np.sqrt(square)),
        scale=product / square,
    )
