"""The class of the output with the largest |displacement|, the readout of the paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.losses.reading import LogProbabilities, log_probabilities
from mnnfab.losses.readout import Readout, ReadoutKind


@dataclass(frozen=True)
class LargestMagnitude:
    """The class of the output with the largest |displacement|: a `Readout`."""

    magnitudes: ClassVar[bool] = True
    rule: ClassVar[str] = "the output with the largest |displacement| is the class"
    signal: ClassVar[str] = "difference between the two largest outputs"
    settings: ClassVar[tuple[str, ...]] = ()

    def evidence(self, outputs_mm: FloatArray) -> FloatArray:
        """Return |u|."""
        return np.abs(outputs_mm)

    def output_slopes(self, outputs_mm: FloatArray, slopes: FloatArray) -> FloatArray:
        """Return the slopes with the signs of u."""
        signed: FloatArray = slopes * np.sign(outputs_mm)
        return signed

    def log_probabilities(
        self, outputs_mm: FloatArray, right: IntArray, sd_mm: float
    ) -> LogProbabilities:
        """Return one integral per sample, over folded normal distributions."""
        found = log_probabilities(np.abs(outputs_mm) / sd_mm, right)
        return LogProbabilities(found.values, found.slopes * np.sign(outputs_mm))

    def scaled(self, factor: float) -> Self:  # noqa: ARG002 - it has no length
        """Return the same readout."""
        return self


LARGEST_MAGNITUDE = LargestMagnitude()


def make(threshold_mm: float) -> Readout:  # noqa: ARG001 - it has none
    """Return the readout."""
    return LARGEST_MAGNITUDE


READOUT = ReadoutKind("largest-magnitude", make)
