"""Cross-entropy of classes, with the probabilities of the text of the paper or of its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import (
    SHARE,
    SOFTMAX,
    TINY_MM,
    CompiledLoss,
    Loss,
    LossKind,
    LossOptions,
    TargetKind,
)
from mnnfab.losses.readout import Readout
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE

#: Default of τ, mm.
SOFTMAX_SCALE_MM = 0.04


@dataclass(frozen=True)
class SoftmaxCrossEntropy:
    """Cross-entropy of p_c = exp(e_c/τ) / Σ exp(e/τ) with the evidence e of each class.

    By default e = |u|, the form in the text of the paper. Targets are one-hot.

    Args:
        scale_mm: τ, the displacement that corresponds to one unit of the logits.
        readout: rule by which displacements become a class.
    """

    scale_mm: float
    readout: Readout = LARGEST_MAGNITUDE

    targets: ClassVar[TargetKind] = "classes"

    @property
    def compiled(self) -> CompiledLoss | None:
        """Form of the loss in the compiled training step, which has magnitudes only."""
        return CompiledLoss(SOFTMAX, self.scale_mm) if self.readout.magnitudes else None

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        evidence = self._evidence(displacements)
        totals = np.log(np.exp(evidence).sum(axis=1)).sum()
        return float(totals - np.vdot(targets, evidence)) / len(targets)

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return (p_c - target_c) / (τ n_samples) times the derivative of e_c in the outputs."""
        slopes = np.exp(self._evidence(displacements))
        slopes /= np.add.reduce(slopes, axis=1, keepdims=True)
        slopes -= targets
        gradient = self.readout.output_slopes(displacements, slopes)
        gradient /= self.scale_mm * len(targets)
        return gradient

    def _evidence(self, displacements: FloatArray) -> FloatArray:
        """Return e/τ minus its maximum in each sample, which avoids overflow of exp."""
        # ufunc.reduce takes half the time of array.max on small arrays.
        evidence = self.readout.evidence(displacements) / self.scale_mm
        evidence -= np.maximum.reduce(evidence, axis=1, keepdims=True)
        return evidence


@dataclass(frozen=True)
class ShareCrossEntropy:
    """Cross-entropy of p_c = |u_c| / Σ |u|, the form in the published code of the paper.

    Targets are one-hot.
    """

    targets: ClassVar[TargetKind] = "classes"
    scale_mm: ClassVar[None] = None

    @property
    def compiled(self) -> CompiledLoss:
        """Form of the loss in the compiled training step."""
        return CompiledLoss(SHARE, 1.0)

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        sizes = np.maximum(np.abs(displacements), TINY_MM)
        totals = np.log(sizes.sum(axis=1)).sum()
        return float(totals - np.vdot(targets, np.log(sizes))) / len(targets)

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return sign(u_c) (1 / Σ |u| - target_c / |u_c|) / n_samples."""
        sizes = np.maximum(np.abs(displacements), TINY_MM)
        gradient = 1.0 / np.add.reduce(sizes, axis=1, keepdims=True) - targets / sizes
        gradient *= np.sign(displacements)
        gradient /= len(targets)
        return gradient


def make(options: LossOptions) -> Loss:
    """Return the cross-entropy with the normalisation of a design."""
    if options.normalisation == "share":
        return ShareCrossEntropy()
    return SoftmaxCrossEntropy(options.scale_mm or SOFTMAX_SCALE_MM, options.readout)


LOSS = LossKind("cross-entropy", "classes", make, normalised=True)
