"""Mean squared error of displacements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import SQUARED, CompiledLoss, Loss, LossKind, LossOptions, TargetKind


@dataclass(frozen=True)
class SquaredError:
    """Mean over samples of Σ ((u - û) / scale)², the MSE of the paper in dimensionless form.

    Targets are the target displacements û in mm.

    Args:
        scale_mm: error of one displacement that gives a loss of 1.
    """

    scale_mm: float

    targets: ClassVar[TargetKind] = "displacements"

    @property
    def compiled(self) -> CompiledLoss:
        """Form of the loss in the compiled training step."""
        return CompiledLoss(SQUARED, self.scale_mm)

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        error = (displacements - targets) / self.scale_mm
        return float(np.vdot(error, error)) / len(targets)

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return 2 (u - û) / (scale² n_samples)."""
        return (displacements - targets) * (2.0 / (self.scale_mm**2 * len(targets)))


def make(options: LossOptions) -> Loss:
    """Return the squared error, by default relative to the size of the targets."""
    return SquaredError(options.scale_mm or options.target_size_mm)


LOSS = LossKind("mse", "displacements", make)
