"""Cross-entropy of classes that are read with an error: what a camera sees is what is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import Loss, LossKind, LossOptions, TargetKind
from mnnfab.losses.readout import Readout
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE


@dataclass(frozen=True)
class AsReadCrossEntropy:
    """Mean of -log P, with the probability P that the right class is read.

    Targets are one-hot. The reading errors are normal, independent and of equal standard deviation;
    `mnnfab.losses.reading` has the integral of the largest reading.

    Args:
        scale_mm: standard deviation of a reading.
        readout: rule by which displacements become a class.
    """

    scale_mm: float
    readout: Readout = LARGEST_MAGNITUDE

    targets: ClassVar[TargetKind] = "classes"
    compiled: ClassVar[None] = None

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        right = targets.argmax(axis=1)
        found = self.readout.log_probabilities(displacements, right, self.scale_mm)
        return -float(found.values.mean())

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative of the mean loss, (n_samples, n_out) per mm."""
        right = targets.argmax(axis=1)
        found = self.readout.log_probabilities(displacements, right, self.scale_mm)
        return found.slopes / (-self.scale_mm * len(targets))


def make(options: LossOptions) -> Loss:
    """Return the loss, by default with the resolution of the readings of the design."""
    return AsReadCrossEntropy(options.scale_mm or options.resolution_mm, options.readout)


LOSS = LossKind("as-read", "classes", make)
