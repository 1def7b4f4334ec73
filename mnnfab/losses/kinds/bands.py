"""Squared deviations from bands: targets with tolerances, one-sided ones, and ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.bands import Ratios, bands_of, displacement_slopes, measures_of
from mnnfab.losses.loss import Loss, LossKind, LossOptions, TargetKind


@dataclass(frozen=True)
class BandLoss:
    """Mean over samples of Σ weight · (excess / tolerance)² over all measures.

    Targets are bands (`mnnfab.losses.bands`); an excess of one tolerance just meets its target.

    Args:
        ratios: outputs above and below the line of each ratio.
    """

    ratios: Ratios = ()

    targets: ClassVar[TargetKind] = "bands"
    scale_mm: ClassVar[None] = None
    compiled: ClassVar[None] = None

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss; infinite if a ratio with a target is not defined."""
        bands = bands_of(targets)
        excess = bands.excess(measures_of(displacements, self.ratios)) / bands.tolerance
        total = float((bands.weight * excess**2).sum()) / len(targets)
        return total if np.isfinite(total) else np.inf

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative of the mean loss, (n_samples, n_out) per mm."""
        bands = bands_of(targets)
        excess = bands.excess(measures_of(displacements, self.ratios)) / bands.tolerance**2
        slopes = 2 * bands.weight * excess / len(targets)
        return displacement_slopes(displacements, slopes, self.ratios)


def make(options: LossOptions) -> Loss:
    """Return the loss with the ratios of a design."""
    return BandLoss(options.ratios)


LOSS = LossKind("bands", "bands", make, scaled=False)
