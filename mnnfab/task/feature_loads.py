"""Loads at the inputs for the features of samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.units import NEWTON_PER_GF

Scaling = Literal["maximum", "range", "standard", "lever"]


@dataclass(frozen=True, eq=False)
class FeatureLoads:
    """Map from features to loads.

    A feature is scaled to s = (feature - offset) / size, and s times its weight is the load of its
    input. By the lever rule a feature has two inputs instead: its weight hangs on a beam between
    two nodes, at the first of them for s = 1 and at the second for s = 0::

         first               second
           o---------o---------o
           |<- 1-s ->|<-- s -->|
                  weight

    Args:
        offset: value of each feature with s = 0, (n_features,).
        size: difference between the values with s = 1 and s = 0, (n_features,).
        weights_gf: load of a feature with s = 1, (n_features,) or (1,).
        bias_gf: constant load of one more input; None without.
        lever: whether a feature has two inputs, which are neighbours in the order of the inputs.
        clipped: whether s is limited to 0 … 1.
        round_to_gf: increment of the available weights; None for any weight.
    """

    offset: FloatArray
    size: FloatArray
    weights_gf: FloatArray
    bias_gf: float | None = None
    lever: bool = False
    clipped: bool = False
    round_to_gf: float | None = None

    @property
    def n_features(self) -> int:
        """Number of features."""
        return len(self.offset)

    def loads(self, features: FloatArray) -> FloatArray:
        """Return the load of every input, (n_samples, n_in) N, for (n_samples, n_features)."""
        exact = self.exact_loads(features)
        step = (self.round_to_gf or 0.0) * NEWTON_PER_GF
        return np.round(exact / step) * step if step else exact

    def exact_loads(self, features: FloatArray) -> FloatArray:
        """Return the loads before they are rounded to the available weights."""
        scaled = (features - self.offset) / self.size
        if self.clipped:
            scaled = np.clip(scaled, 0.0, 1.0)
        loads: FloatArray = scaled * self.weights_gf
        if self.lever:
            others = (1.0 - scaled) * self.weights_gf
            loads = np.stack([loads, others], axis=2).reshape(len(loads), -1)
        if self.bias_gf is not None:
            loads = np.column_stack([loads, np.full(len(loads), self.bias_gf)])
        return loads * NEWTON_PER_GF


def _by_maximum(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.zeros(features.shape[1]), np.abs(features).max(axis=0)


def _by_range(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    return features.min(axis=0), np.ptp(features, axis=0)


def _standard(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean = features.mean(axis=0)
    return mean, np.abs(features - mean).max(axis=0)


#: Functions that return offset and size of features, by the names of the scalings.
SCALINGS: Mapping[Scaling, Callable[[FloatArray], tuple[FloatArray, FloatArray]]] = {
    "maximum": _by_maximum,
    "range": _by_range,
    "standard": _standard,
    "lever": _by_range,
}
