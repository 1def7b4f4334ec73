"""Losses of the estimators, which also fit the scale of the outputs: y has no fixed unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import softmax

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

    def refitted(self, displacements: FloatArray, own: FloatArray) -> FloatArray:
        """Return the best parameters of the loss for displacements, starting from `own`."""
        ...

    def values(self, displacements: FloatArray, own: FloatArray) -> FloatArray:
        """Return the loss of one or many sets of displacements, (…, n_rows, n_out) mm."""
        ...

    def value_and_gradients(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return the loss and its derivatives in the displacements and in its parameters."""
        ...

    def curvature(self, displacements: FloatArray, own: FloatArray) -> FloatArray:
        """Return the second derivative in every displacement, (n_rows, n_out), approximately."""
        ...


@dataclass(frozen=True, eq=False)
class FreeScaleSoftmax:
    """Softmax cross-entropy with τ as a fitted parameter, and the penalty of logistic regression.

    Displacements have one row per sample, which may be followed by one row per feature: the change
    of the displacements with the feature by one standard deviation. These changes in units of τ
    are the weights of the linear classifier that the network is, so that

        L = mean cross-entropy + Σ (weight - mean weight of the classes)² / (2 C n_samples)

    is the loss of multinomial logistic regression on standardised features with the same C. The
    weight of an output that is negative on average has the opposite sign: |u| is the evidence.

    Args:
        targets: one-hot classes, (n_samples, n_classes).
        log_scale: start value of log τ.
        C: inverse strength of the penalty.
    """

    targets: FloatArray
    log_scale: float = 0.0
    C: float = 1.0

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
        samples = displacements[: len(self.targets)]
        spread = float((samples - samples.mean(axis=0)).std())
        size = spread or float(np.abs(samples).mean())
        return replace(self, log_scale=float(np.log(size)))

    def refitted(self, displacements: FloatArray, own: FloatArray) -> FloatArray:
        """Return log τ of the smallest loss, to 1 %, within a factor of e² of the given one."""

        def value(log_scale: float) -> float:
            return float(self.values(displacements, np.array([log_scale])))

        (lowest, highest), at = self.bounds[0], float(own[0])
        near = (max(lowest, at - 2.0), min(highest, at + 2.0))
        found = minimize_scalar(value, bounds=near, method="bounded", options={"xatol": 0.01})
        return np.array([found.x]) if found.fun < value(at) else own

    def values(self, displacements: FloatArray, own: FloatArray) -> FloatArray:
        """Return the loss of one or many sets of displacements, (…, n_rows, n_out) mm."""
        scale = float(np.exp(own[0]))
        samples, weights, _ = self._parts(displacements, scale)
        evidence = np.abs(samples) / scale
        evidence -= evidence.max(axis=-1, keepdims=True)
        totals = np.log(np.exp(evidence).sum(axis=-1)) - (evidence * self.targets).sum(axis=-1)
        n_samples = len(self.targets)
        penalty = (weights**2).sum(axis=(-2, -1)) / (2 * self.C * n_samples)
        values: FloatArray = totals.sum(axis=-1) / n_samples + penalty
        return values

    def value_and_gradients(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return loss and derivatives; dL/d log τ = -Σ u dL/du, as L depends on u/τ only."""
        scale, n_samples = float(np.exp(own[0])), len(self.targets)
        samples, weights, signs = self._parts(displacements, scale)
        loss = SoftmaxCrossEntropy(scale)
        value = loss.value(samples, self.targets) + (weights**2).sum() / (2 * self.C * n_samples)
        # The weights are differences from a mean: their sum over the classes vanishes.
        in_changes = signs * weights / (self.C * n_samples * scale)
        gradient = np.concatenate([loss.gradient(samples, self.targets), in_changes])
        return float(value), gradient, np.array([-np.vdot(gradient, displacements)])

    def curvature(self, displacements: FloatArray, own: FloatArray) -> FloatArray:
        """Return p (1 - p) / (τ² n) for the samples, and the curvature of the penalty."""
        scale, n_samples = float(np.exp(own[0])), len(self.targets)
        share = softmax(np.abs(displacements[:n_samples]) / scale, axis=1)
        of_penalty = (1 - 1 / self.n_outputs) / self.C
        changes = np.full((len(displacements) - n_samples, self.n_outputs), of_penalty)
        curvature: FloatArray = np.concatenate([share * (1 - share), changes])
        return curvature / (scale**2 * n_samples)

    def _parts(
        self, displacements: FloatArray, scale_mm: float
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the rows of the samples, the weights, and the signs of the outputs."""
        samples = displacements[..., : len(self.targets), :]
        signs = np.sign(samples.mean(axis=-2, keepdims=True))
        weights = displacements[..., len(self.targets) :, :] * signs / scale_mm
        return samples, weights - weights.mean(axis=-1, keepdims=True), signs


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
        """Return gain, (…, n_targets) per mm, and offset of the best linear fit of each output."""
        mean = displacements.mean(axis=-2, keepdims=True)
        deviation, targets = displacements - mean, self.targets - self.targets.mean(axis=0)
        spread = (deviation**2).sum(axis=-2)
        gain: FloatArray = (deviation * targets).sum(axis=-2) / np.where(spread > 0.0, spread, 1.0)
        return gain, self.targets.mean(axis=0) - gain * mean[..., 0, :]

    def refitted(self, displacements: FloatArray, own: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return no parameters: gain and offset follow from the displacements."""
        return own

    def values(self, displacements: FloatArray, own: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return the loss of one or many sets of displacements, (…, n_rows, n_out) mm."""
        gain, offset = self.calibration(displacements)
        error = gain[..., None, :] * displacements + offset[..., None, :] - self.targets
        values: FloatArray = (self._weights * error**2).sum(axis=(-2, -1))
        return values

    @property
    def _weights(self) -> FloatArray:
        """Weight of a squared error of each target, (n_targets,)."""
        variance = self.targets.var(axis=0)
        weights: FloatArray = 1.0 / np.where(variance > 0.0, variance, 1.0) / self.targets.size
        return weights

    def value_and_gradients(
        self, displacements: FloatArray, own: FloatArray
    ) -> tuple[float, FloatArray, FloatArray]:
        """Return loss and derivative; gain and offset are optimal, so theirs vanish."""
        gain, offset = self.calibration(displacements)
        error = gain * displacements + offset - self.targets
        weights = self._weights
        return float((weights * error**2).sum()), 2.0 * weights * gain * error, own

    def curvature(self, displacements: FloatArray, own: FloatArray) -> FloatArray:  # noqa: ARG002
        """Return the second derivatives with gain and offset as they are."""
        gain, _ = self.calibration(displacements)
        curvature: FloatArray = np.broadcast_to(2.0 * self._weights * gain**2, displacements.shape)
        return curvature
