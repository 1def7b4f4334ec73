"""The surrogate: bars that were calibrated or corrected so that they move as a continuum did.

T ≈ s T_bar + Δ, with the factor s and the additive term Δ (n_out, n_in) from the last
continuum that was solved. Near its widths both models change alike, so training on the
surrogate trains the continuum. The factor is as good as bonds that are softer by s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.model.stiffness_law import Calibration


@dataclass(frozen=True, eq=False)
class Correction:
    """What turns the flexibility of bars into that of a continuum.

    Args:
        scale: s.
        additive: Δ, (n_out, n_in) mm/N.
    """

    scale: float
    additive: FloatArray

    def __post_init__(self) -> None:
        """Freeze the additive term."""
        object.__setattr__(self, "additive", frozen_floats(self.additive))


@dataclass(frozen=True, eq=False)
class Surrogate:
    """What is known from continua of a design's bars.

    Args:
        calibration: of the stiffness law; none if it is not the calibrated one.
        correction: of the flexibility; none before a continuum was solved.
    """

    calibration: Calibration | None = None
    correction: Correction | None = None


PLAIN = Surrogate()


def fit_correction(bars: FloatArray, continuum: FloatArray) -> Correction:
    """Return the correction after which bars and continuum agree, with the least Δ.

    Args:
        bars: flexibility without correction, (n_out, n_in) mm/N.
        continuum: flexibility that it should have.
    """
    scale = float(np.vdot(bars, continuum) / np.vdot(bars, bars))
    return Correction(scale, continuum - scale * bars)


def relative_difference(predicted: FloatArray, found: FloatArray) -> float:
    """Return ‖predicted - found‖ / ‖found‖ in the Frobenius norm."""
    return float(np.linalg.norm(predicted - found) / np.linalg.norm(found))
