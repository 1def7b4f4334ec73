"""Protocol of readouts, and their registry.

A readout is the rule by which displacements of the outputs become a class. It gives an evidence in
mm for every class; the class with the largest one is predicted. Losses and the probability of a
right reading follow from it. Each readout is a module of `mnnfab.losses.readouts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol, Self

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.io.registry import by_name, registered
from mnnfab.losses.reading import LogProbabilities

#: Class of a sample without displacements: it has no stable state.
NO_CLASS = -1


class Readout(Protocol):
    """A rule by which displacements become a class."""

    @property
    def magnitudes(self) -> bool:
        """Whether the evidence of each class is the magnitude of its output.

        The normalisation "share", the compiled training step and the estimators require it.
        """
        ...

    @property
    def rule(self) -> str:
        """The rule, for people."""
        ...

    @property
    def signal(self) -> str:
        """The difference of the two largest evidences, for people."""
        ...

    @property
    def settings(self) -> tuple[str, ...]:
        """Keys of [task] with lengths other than 0, and their values, for people."""
        ...

    def evidence(self, outputs_mm: FloatArray) -> FloatArray:
        """Return the evidence of each class, (n_samples, n_classes) mm.

        Args:
            outputs_mm: displacements of the outputs, (n_samples, n_out).
        """
        ...

    def output_slopes(self, outputs_mm: FloatArray, slopes: FloatArray) -> FloatArray:
        """Return derivatives in the outputs, (n_samples, n_out), of a function of the evidence.

        Args:
            outputs_mm: displacements of the outputs, (n_samples, n_out).
            slopes: derivatives in the evidence, (n_samples, n_classes).
        """
        ...

    def log_probabilities(
        self, outputs_mm: FloatArray, right: IntArray, sd_mm: float
    ) -> LogProbabilities:
        """Return the logarithms of the probabilities that the right class is read.

        The slopes are derivatives in the displacements over `sd_mm`.

        Args:
            outputs_mm: displacements of the outputs, (n_samples, n_out).
            right: right class of each sample, (n_samples,).
            sd_mm: standard deviation of a reading; errors are normal and independent.
        """
        ...

    def scaled(self, factor: float) -> Self:
        """Return the readout for displacements that are `factor` times as large."""
        ...


@dataclass(frozen=True)
class ReadoutKind:
    """A kind of readout; each module of `readouts` registers one under the name `READOUT`.

    Args:
        name: value of `[task] readout` in a design file.
        make: function that returns the readout for a threshold in mm.
        n_outputs: number of outputs; None for one output per class.
        n_classes: number of classes; None for any.
        has_threshold: whether `[task] threshold_mm` has an effect.
    """

    name: str
    make: Callable[[float], Readout]
    n_outputs: int | None = None
    n_classes: int | None = None
    has_threshold: bool = False


@cache
def readout_kinds() -> dict[str, ReadoutKind]:
    """Return all readouts by their names, sorted."""
    from mnnfab.losses import readouts

    return by_name((kind.name, kind) for kind in registered(readouts, "READOUT", ReadoutKind))


def predicted_classes(readout: Readout, outputs_mm: FloatArray) -> IntArray:
    """Return the class of each sample, (n_samples,); `NO_CLASS` for displacements with NaN.

    Args:
        readout: readout of the task.
        outputs_mm: displacements of the outputs, (n_samples, n_out).
    """
    found = np.isfinite(outputs_mm).all(axis=1)
    classes = np.full(len(outputs_mm), NO_CLASS, dtype=np.int64)
    classes[found] = readout.evidence(outputs_mm[found]).argmax(axis=1)
    return classes


def leads_mm(readout: Readout, outputs_mm: FloatArray) -> FloatArray:
    """Return the difference of the two largest evidences of each sample, (n_samples,) mm.

    Args:
        readout: readout of the task.
        outputs_mm: displacements of the outputs, (n_samples, n_out).
    """
    ordered = np.sort(readout.evidence(outputs_mm), axis=1)
    leads: FloatArray = ordered[:, -1] - ordered[:, -2]
    return leads
