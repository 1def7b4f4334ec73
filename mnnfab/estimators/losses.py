"""Losses of the estimators, which also fit the scale of the outputs: y has no fixed unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.losses.kinds.cross_entropy import SoftmaxCrossEntropy

#: Largest change of log τ from the logarithm of the initial standard deviation of displacements.
LOG_SCALE_REACH = 5.0


class FittedLoss(Protocol):
    """A loss of displacements with parameters that are fitted together with the widths."""

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        ...

    @property
    def start(self) -> FloatArray:
        """Start values of the parameters of the loss, (n_own,)."""
        ...

    @property
    def bounds(self) -> Sequence[tuple[float, float]]:
        """Bounds of the parameters of the loss."""
        ...

    def scaled_to(self, displacements: FloatArray) -> Self:
        """Return the loss scaled to the size of these displacements, (n_samples, n_out) mm."""
        ...

    def value_and_gradients(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return the loss and its derivatives in the displacements and in its parameters."""
        ...


@dataclass(frozen=True, eq=False)
class FreeScaleSoftmax:
    """Softmax cross-entropy with τ as a fitted parameter.

    Args:
        targets: one-hot classes, (n_samples, n_classes).
        log_scale: start value of log τ.
    """

    targets: FloatArray
    log_scale: float = 0.0

    @property
    def n_outputs(self) -> int:
        """Number of outputs: one per class."""
        return len(self.targets.T)

    @property
    def start(self) -> FloatArray:
        """Start value of log τ, (1,)."""
        return np.array([self.log_scale])

    @property
    def bounds(self) -> Sequence[tuple[float, float]]:
        """Bounds of log τ: ± `LOG_SCALE_REACH` around the start value."""
        return [(self.log_scale - LOG_SCALE_REACH, self.log_scale + LOG_SCALE_REACH)]

    def scaled_to(self, displacements: FloatArray) -> Self:
        """Return the loss with τ starting at the standard deviation of the displacements.

        If all samples give the same displacements, τ starts at their mean absolute value.
        """
        spread = float((displacements - displacements.mean(axis=0)).std())
        size = spread or float(np.abs(displacements).mean())
        return replace(self, log_scale=float(np.log(size)))

    def value_and_gradients(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return loss and derivatives; dL/d log τ = -Σ u dL/du, as L depends on u/τ only."""
        loss = SoftmaxCrossEntropy(float(np.exp(own[0])))
        gradient = loss.gradient(displacements, self.targets)
        in_log_scale = np.array([-np.vdot(gradient, displacements)])
        return loss.value(displacements, self.targets), gradient, in_log_scale


@dataclass(frozen=True, eq=False)
class LinearFitLoss:
    """Share of the variance of y that the best linear fit in u leaves unexplained.

    Args:
        targets: targets y, (n_samples, n_targets).
    """

    targets: FloatArray
    start: FloatArray = field(default_factory=lambda: np.empty(0))
    bounds: Sequence[tuple[float, float]] = ()

    @property
    def n_outputs(self) -> int:
        """Number of outputs: one per target."""
        return len(self.targets.T)

    def scaled_to(self, displacements: FloatArray) -> Self:  # noqa: ARG002
        """Return the loss unchanged: the linear fit is independent of the scale."""
        return self

    def calibration(self, displacements: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return gain, (n_targets,) per mm, and offset of the best linear fit of each output."""
        mean = displacements.mean(axis=0)
        deviation, targets = displacements - mean, self.targets - self.targets.mean(axis=0)
        spread = (deviation**2).sum(axis=0)
        gain: FloatArray = (deviation * targets).sum(axis=0) / np.where(spread > 0.0, spread, 1.0)
        return gain, self.targets.mean(axis=0) - gain * mean

    def value_and_gradients(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return loss and derivative; gain and offset are optimal, so theirs vanish."""
        gain, offset = self.calibration(displacements)
        error = gain * displacements + offset - self.targets
        variance = self.targets.var(axis=0)
        weight = 1.0 / np.where(variance > 0.0, variance, 1.0) / error.size
        return float((weight * error**2).sum()), 2.0 * weight * gain * error, own
