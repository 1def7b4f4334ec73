"""Two classes by one output: the second class is read above a threshold.

The threshold is a constant of the design, a mark on the scale beside the part. It is not fitted:
the class would then depend on the model whose outputs it was fitted to, and the fit would hide a
part of the differences between the models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
from scipy.special import log_ndtr

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.losses.reading import LogProbabilities
from mnnfab.losses.readout import Readout, ReadoutKind

_LOG_ROOT = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True)
class Threshold:
    """Class 1 above a threshold, class 0 below it: a `Readout`.

    Args:
        threshold_mm: displacement of the output between the classes.
    """

    threshold_mm: float = 0.0

    magnitudes: ClassVar[bool] = False
    signal: ClassVar[str] = "distance of the output from the threshold"

    @property
    def rule(self) -> str:
        """The rule, for people."""
        return f"the second class is read above {self.threshold_mm:g} mm"

    @property
    def settings(self) -> tuple[str, ...]:
        """The threshold, unless it is 0."""
        return (f"threshold_mm {self.threshold_mm:.3g}",) if self.threshold_mm else ()

    def evidence(self, outputs_mm: FloatArray) -> FloatArray:
        """Return -v/2 and v/2, with the distance v from the threshold.

        The softmax of both over τ is the logistic function of v/τ.
        """
        half = (outputs_mm - self.threshold_mm) / 2
        return np.concatenate([-half, half], axis=1)

    def output_slopes(self, outputs_mm: FloatArray, slopes: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return half of the difference of both slopes, (n_samples, 1)."""
        difference: FloatArray = (slopes[:, 1:] - slopes[:, :1]) / 2
        return difference

    def log_probabilities(
        self, outputs_mm: FloatArray, right: IntArray, sd_mm: float
    ) -> LogProbabilities:
        """Return log Φ(± v / sd)."""
        signs = np.where(right == 1, 1.0, -1.0)
        distances = signs * (outputs_mm[:, 0] - self.threshold_mm) / sd_mm
        values = log_ndtr(distances)
        slopes = signs * np.exp(-(distances**2) / 2 - _LOG_ROOT - values)
        return LogProbabilities(values, slopes[:, None])

    def scaled(self, factor: float) -> Self:
        """Return the readout with a threshold `factor` times as large."""
        return replace(self, threshold_mm=factor * self.threshold_mm)


def make(threshold_mm: float) -> Readout:
    """Return the readout."""
    return Threshold(threshold_mm)


READOUT = ReadoutKind("threshold", make, n_outputs=1, n_classes=2, has_threshold=True)
