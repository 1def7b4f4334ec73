"""Cross-entropy of classes that are read with an error: what a camera sees is what is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import Loss, LossKind, LossOptions, TargetKind
from mnnfab.losses.reading import log_probabilities


@dataclass(frozen=True)
class AsReadCrossEntropy:
    """Mean of -log P, with the probability P that the largest |reading| is the right output.

    Targets are one-hot. The reading errors are normal, independent and of equal standard deviation;
    `mnnfab.losses.reading` has the integral.

    Args:
        scale_mm: standard deviation of a reading.
    """

    scale_mm: float

    targets: ClassVar[TargetKind] = "classes"
    compiled: ClassVar[None] = None

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        sizes, right = np.abs(displacements) / self.scale_mm, targets.argmax(axis=1)
        return -float(log_probabilities(sizes, right).values.mean())

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative of the mean loss, (n_samples, n_out) per mm."""
        sizes, right = np.abs(displacements) / self.scale_mm, targets.argmax(axis=1)
        gradient = log_probabilities(sizes, right).slopes * np.sign(displacements)
        gradient /= -self.scale_mm * len(targets)
        return gradient


def make(options: LossOptions) -> Loss:
    """Return the loss, by default with the resolution of the readings of the design."""
    return AsReadCrossEntropy(options.scale_mm or options.resolution_mm)


LOSS = LossKind("as-read", "classes", make)
