"""Surrogate of the continuum model: a bar model that is calibrated or corrected by it.

T ≈ s T_bar + Δ, with the best-fit scale s and the additive term Δ (n_out, n_in) from the last
continuum solution. Near its widths the gradients of both models are similar, so training on the
surrogate trains the continuum. The scale is equivalent to bonds that are softer by s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.model.stiffness_law import Calibration

#: Significant digits of a fitted correction or calibration. The last digits of a continuum solution
#: depend on the BLAS kernels, that is, on the processor; training on the correction amplifies them.
DIGITS = 8


@dataclass(frozen=True, eq=False)
class Correction:
    """Correction of the flexibility matrix of the bar model to that of the continuum model.

    Args:
        scale: best-fit scale s.
        additive: additive term Δ, (n_out, n_in) mm/N.
    """

    scale: float
    additive: FloatArray

    def __post_init__(self) -> None:
        """Freeze the additive term."""
        object.__setattr__(self, "additive", frozen_floats(self.additive))


@dataclass(frozen=True, eq=False)
class FrameCorrection:
    """Correction of the frame with large rotations to the rubber model.

    Args:
        hub_stiffness: factor on the stiffness of the hubs.
        differences_mm: outputs of the rubber model minus those of the frame, for each sample of
            the task, (n_samples, n_out).
    """

    hub_stiffness: float
    differences_mm: FloatArray

    def __post_init__(self) -> None:
        """Freeze the differences."""
        object.__setattr__(self, "differences_mm", frozen_floats(self.differences_mm))


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Calibration and correction of the models of a design by continuum models.

    Args:
        calibration: calibration of the stiffness law; None for the other laws.
        correction: correction of the flexibility matrix; None before the first continuum
            solution.
        frame: correction of the loaded frame; None before the first rubber model, or if the
            design is trained on bars.
        modulus_differences: effective moduli that have targets, by the continuum model minus those
            by beams, (n_targets,); None before the first continuum model.
    """

    calibration: Calibration | None = None
    correction: Correction | None = None
    frame: FrameCorrection | None = None
    modulus_differences: FloatArray | None = None


#: Surrogate without calibration and correction.
UNCORRECTED = Surrogate()


def fit_correction(bars: FloatArray, continuum: FloatArray) -> Correction:
    """Return the correction of the bar model to the continuum model with the smallest ‖Δ‖.

    It is rounded to `DIGITS` digits of the flexibility matrix.

    Args:
        bars: flexibility matrix of the bar model without correction, (n_out, n_in) mm/N.
        continuum: flexibility matrix of the continuum model, (n_out, n_in) mm/N.
    """
    scale = round_fitted(np.vdot(bars, continuum) / np.vdot(bars, bars))
    additive = continuum - scale * bars
    return Correction(float(scale), round_fitted(additive, float(np.abs(continuum).max())))


def round_fitted(values: ArrayLike, size: float | None = None) -> FloatArray:
    """Return fitted values with the `DIGITS` leading digits of a value of the size `size`.

    >>> round_fitted([1.23456789012, 0.00000000123], 1.0).tolist()
    [1.2345679, 0.0]

    Args:
        values: values of any shape.
        size: positive number; the largest absolute value if not given.
    """
    array = np.asarray(values, dtype=np.float64)
    largest = float(np.abs(array).max()) if size is None else size
    return array.round(DIGITS - 1 - math.floor(math.log10(largest)))
