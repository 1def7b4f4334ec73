"""Losses of output displacements and their derivatives.

Each loss takes output displacements and targets, both (n_samples, n_out), and returns the mean
loss over the samples or its derivative in every displacement. All losses are dimensionless, so
that a learning rate has the same meaning for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mnnfab.arrays import FloatArray

#: Lower limit of |u| in logarithms, which avoids log(0), mm.
TINY_MM = 1e-300


class Loss(Protocol):
    """A mean loss over samples."""

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        ...

    def slope(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative of the mean loss, (n_samples, n_out) per mm."""
        ...


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """Cross-entropy of p_c = exp(|u_c|/τ) / Σ exp(|u|/τ), the form in the text of the paper.

    Targets are one-hot.

    Args:
        scale_mm: τ, the displacement that corresponds to one unit of the logits.
    """

    scale_mm: float

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        evidence = self._evidence(displacements)
        totals = np.log(np.exp(evidence).sum(axis=1)).sum()
        return float(totals - np.vdot(targets, evidence)) / len(targets)

    def slope(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return sign(u_c) (p_c - target_c) / (τ n_samples)."""
        slope = np.exp(self._evidence(displacements))
        slope /= np.add.reduce(slope, axis=1, keepdims=True)
        slope -= targets
        slope *= np.sign(displacements)
        slope /= self.scale_mm * len(targets)
        return slope

    def _evidence(self, displacements: FloatArray) -> FloatArray:
        """Return |u|/τ minus its maximum in each sample, which avoids overflow of exp."""
        # ufunc.reduce takes half the time of array.max on small arrays.
        evidence = np.abs(displacements)
        evidence /= self.scale_mm
        evidence -= np.maximum.reduce(evidence, axis=1, keepdims=True)
        return evidence


@dataclass(frozen=True)
class ShareCrossEntropy:
    """Cross-entropy of p_c = |u_c| / Σ |u|, the form in the published code of the paper.

    Targets are one-hot.
    """

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        sizes = np.maximum(np.abs(displacements), TINY_MM)
        totals = np.log(sizes.sum(axis=1)).sum()
        return float(totals - np.vdot(targets, np.log(sizes))) / len(targets)

    def slope(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return sign(u_c) (1 / Σ |u| - target_c / |u_c|) / n_samples."""
        sizes = np.maximum(np.abs(displacements), TINY_MM)
        slope = 1.0 / np.add.reduce(sizes, axis=1, keepdims=True) - targets / sizes
        slope *= np.sign(displacements)
        slope /= len(targets)
        return slope


@dataclass(frozen=True)
class SquaredError:
    """Mean over samples of Σ ((u - û) / scale)², the MSE of the paper in dimensionless form.

    Targets are the target displacements û in mm.

    Args:
        scale_mm: error of one displacement that gives a loss of 1.
    """

    scale_mm: float

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        error = (displacements - targets) / self.scale_mm
        return float(np.vdot(error, error)) / len(targets)

    def slope(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return 2 (u - û) / (scale² n_samples)."""
        return (displacements - targets) * (2.0 / (self.scale_mm**2 * len(targets)))
