"""Surrogate of the continuum model: a bar model that is calibrated or corrected by it.

T ≈ s T_bar + Δ, with the best-fit scale s and the additive term Δ (n_out, n_in) from the last
continuum solution. Near its widths the gradients of both models are similar, so training on the
surrogate trains the continuum. The scale is equivalent to bonds that are softer by s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.model.stiffness_law import Calibration


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
class Surrogate:
    """Calibration and correction of the bar model of a design by continuum models.

    Args:
        calibration: calibration of the stiffness law; None for the other laws.
        correction: correction of the flexibility matrix; None before the first continuum
            solution.
    """

    calibration: Calibration | None = None
    correction: Correction | None = None


#: Surrogate without calibration and correction.
UNCORRECTED = Surrogate()


def fit_correction(bars: FloatArray, continuum: FloatArray) -> Correction:
    """Return the correction of the bar model to the continuum model with the smallest ‖Δ‖.

    Args:
        bars: flexibility matrix of the bar model without correction, (n_out, n_in) mm/N.
        continuum: flexibility matrix of the continuum model, (n_out, n_in) mm/N.
    """
    scale = float(np.vdot(bars, continuum) / np.vdot(bars, bars))
    return Correction(scale, continuum - scale * bars)
