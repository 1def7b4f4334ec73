"""Losses whose minima are the limits of the attainable outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import TargetKind


@dataclass(frozen=True)
class Reading:
    """Displacement of one output. Its minimum is the smallest attainable displacement.

    Args:
        output: index of the output.
        sign: 1, or -1 for the largest attainable displacement.
    """

    output: int
    sign: float
    targets: ClassVar[TargetKind] = "displacements"
    scale_mm: ClassVar[None] = None
    compiled: ClassVar[None] = None

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:  # noqa: ARG002
        """Return sign · u, the mean over the samples, mm."""
        return self.sign * float(displacements[:, self.output].mean())

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return the derivative, (n_samples, n_out)."""
        gradient = np.zeros_like(displacements)
        gradient[:, self.output] = self.sign / len(displacements)
        return gradient


@dataclass(frozen=True)
class ScaledResidual:
    """Relative squared residual of the targets after best-fit scaling of the displacements.

    min_s ‖s u - û‖² / ‖û‖² = 1 - (u·û)² / (‖u‖² ‖û‖²)
    """

    targets: ClassVar[TargetKind] = "displacements"
    scale_mm: ClassVar[None] = None
    compiled: ClassVar[None] = None

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the relative squared residual."""
        both = float(np.vdot(displacements, targets))
        sizes = float(np.vdot(displacements, displacements) * np.vdot(targets, targets))
        return max(1.0 - both * both / sizes, 0.0)

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative, (n_samples, n_out) per mm."""
        both = np.vdot(displacements, targets)
        size, target_size = np.vdot(displacements, displacements), np.vdot(targets, targets)
        gradient: FloatArray = (2 * both / (size * target_size)) * (
            both / size * displacements - targets
        )
        return gradient
