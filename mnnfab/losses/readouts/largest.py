"""The class of the output with the largest displacement along its axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.losses.reading import LogProbabilities, signed_log_probabilities
from mnnfab.losses.readout import Readout, ReadoutKind


@dataclass(frozen=True)
class Largest:
    """The class of the output with the largest signed displacement: a `Readout`."""

    magnitudes: ClassVar[bool] = False
    rule: ClassVar[str] = "the output with the largest signed displacement is the class"
    signal: ClassVar[str] = "difference between the two largest signed outputs"
    settings: ClassVar[tuple[str, ...]] = ()

    def evidence(self, outputs_mm: FloatArray) -> FloatArray:
        """Return u."""
        return outputs_mm

    def output_slopes(self, outputs_mm: FloatArray, slopes: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return the slopes."""
        return slopes

    def log_probabilities(
        self, outputs_mm: FloatArray, right: IntArray, sd_mm: float
    ) -> LogProbabilities:
        """Return one integral per sample, over normal distributions."""
        return signed_log_probabilities(outputs_mm / sd_mm, right)

    def scaled(self, factor: float) -> Self:  # noqa: ARG002 - it has no length
        """Return the same readout."""
        return self


def make(threshold_mm: float) -> Readout:  # noqa: ARG001 - it has none
    """Return the readout."""
    return Largest()


READOUT = ReadoutKind("largest", make)
