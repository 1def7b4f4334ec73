"""Losses that fit the scale of the readings as well: for estimators, whose units are free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.task.losses import SoftmaxCrossEntropy

#: How far log τ may go from the logarithm of the first displacements' spread.
LOG_SCALE_REACH = 5.0


class ReadingLoss(Protocol):
    """A loss of displacements with values of its own that are fitted beside the widths."""

    @property
    def n_outputs(self) -> int:
        """Outputs that are read."""
        ...

    @property
    def start(self) -> FloatArray:
        """Where its own values start, (n_own,)."""
        ...

    @property
    def bounds(self) -> Sequence[tuple[float, float]]:
        """Limits of its own values."""
        ...

    def scaled_to(self, displacements: FloatArray) -> Self:
        """Return the loss made ready for displacements of this size, (n_samples, n_out) mm."""
        ...

    def value_and_slopes(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return the loss, its slope in the displacements, and in its own values."""
        ...


@dataclass(frozen=True, eq=False)
class FreeScaleSoftmax:
    """Softmax cross-entropy whose τ is fitted too.

    Args:
        targets: a 1 in the column of the class, (n_samples, n_classes).
        log_scale: where log τ starts.
    """

    targets: FloatArray
    log_scale: float = 0.0

    @property
    def n_outputs(self) -> int:
        """One a class."""
        return len(self.targets.T)

    @property
    def start(self) -> FloatArray:
        """The one value log τ."""
        return np.array([self.log_scale])

    @property
    def bounds(self) -> Sequence[tuple[float, float]]:
        """A few powers of e around the start."""
        return [(self.log_scale - LOG_SCALE_REACH, self.log_scale + LOG_SCALE_REACH)]

    def scaled_to(self, displacements: FloatArray) -> Self:
        """Start at the spread of the displacements, or their size if all are the same."""
        spread = float((displacements - displacements.mean(axis=0)).std())
        size = spread or float(np.abs(displacements).mean())
        return replace(self, log_scale=float(np.log(size)))

    def value_and_slopes(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return loss and slopes; the loss depends on u/τ alone, which gives the slope in log τ."""
        loss = SoftmaxCrossEntropy(float(np.exp(own[0])))
        slope = loss.slope(displacements, self.targets)
        in_log_scale = np.array([-np.vdot(slope, displacements)])
        return loss.value(displacements, self.targets), slope, in_log_scale


@dataclass(frozen=True, eq=False)
class CalibratedLine:
    """Share of the variance that the best straight line from u to y leaves.

    Args:
        wanted: y, (n_samples, n_targets).
    """

    wanted: FloatArray
    start: FloatArray = field(default_factory=lambda: np.empty(0))
    bounds: Sequence[tuple[float, float]] = ()

    @property
    def n_outputs(self) -> int:
        """One a target."""
        return len(self.wanted.T)

    def scaled_to(self, displacements: FloatArray) -> Self:  # noqa: ARG002
        """Return itself: a straight line fits any size."""
        return self

    def calibration(self, displacements: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gain, (n_targets,) per mm, and offset of the best line for each output."""
        mean = displacements.mean(axis=0)
        moved, wanted = displacements - mean, self.wanted - self.wanted.mean(axis=0)
        spread = (moved**2).sum(axis=0)
        gain: FloatArray = (moved * wanted).sum(axis=0) / np.where(spread > 0.0, spread, 1.0)
        return gain, self.wanted.mean(axis=0) - gain * mean

    def value_and_slopes(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return loss and slope; gain and offset are the best ones, so theirs vanish."""
        gain, offset = self.calibration(displacements)
        error = gain * displacements + offset - self.wanted
        variance = self.wanted.var(axis=0)
        weight = 1.0 / np.where(variance > 0.0, variance, 1.0) / error.size
        return float((weight * error**2).sum()), 2.0 * weight * gain * error, own
