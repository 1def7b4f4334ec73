"""Comparison of the gradient by in situ backpropagation with that of another model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray


@dataclass(frozen=True)
class GradientAgreement:
    """Agreement of a measured gradient with a reference.

    Args:
        cosine: cosine of the angle between them.
        signs: fraction of the entries with equal signs.
        relative_error: ‖g - g_ref‖ / ‖g_ref‖.
        scale: best-fit scale, by which the reference is multiplied.
    """

    cosine: float
    signs: float
    relative_error: float
    scale: float


def compare_gradients(reference: FloatArray, found: FloatArray) -> GradientAgreement | None:
    """Return the agreement of two gradients, (n_bonds,); None if one of them is zero.

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
