"""Losses of the searches for attainable displacements, for `mnnfab.training.reachability`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray


@dataclass(frozen=True)
class Reading:
    """The displacement of one output itself, so that lowering it finds the least there is.

    Args:
        output: its place.
        sign: -1 finds the greatest instead.
    """

    output: int
    sign: float

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:  # noqa: ARG002
        """Return sign · u, the mean over the samples, mm."""
        return self.sign * float(displacements[:, self.output].mean())

    def slope(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return the derivative, (n_samples, n_out)."""
        slope = np.zeros_like(displacements)
        slope[:, self.output] = self.sign / len(displacements)
        return slope


@dataclass(frozen=True)
class ScaleFreeError:
    """What is left of the targets after the best common factor on the displacements.

    min_s ‖s u - û‖² / ‖û‖² = 1 - (u·û)² / (‖u‖² ‖û‖²)
    """

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the share."""
        both = float(np.vdot(displacements, targets))
        sizes = float(np.vdot(displacements, displacements) * np.vdot(targets, targets))
        return max(1.0 - both * both / sizes, 0.0)

    def slope(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative, (n_samples, n_out) per mm."""
        both = np.vdot(displacements, targets)
        own, wanted = np.vdot(displacements, displacements), np.vdot(targets, targets)
        slope: FloatArray = (2 * both / (own * wanted)) * (both / own * displacements - targets)
        return slope
