"""Best-fit scale of measured over predicted displacements, and the modulus that it stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError

#: Ratio of measured to predicted displacements above which no modulus of a rubber explains it:
#: published moduli of one material differ by a factor of up to about 4.
MAX_RATIO = 6.0
#: Residual above which the displacements are not those of the part under its weights: more than
#: bonds that are 30 % too stiff or too soft leave, and less than a camera that moved by as much as
#: the part. Noise may leave more, up to the second value.
MAX_RESIDUAL, MAX_NOISY_RESIDUAL = 0.5, 0.9


@dataclass(frozen=True)
class BestFit:
    """Best-fit scale of a measurement over its prediction.

    Args:
        scale: measured over predicted displacements.
        residual: residual after best-fit scaling, as a share of the measured displacements.
        noise: expected size of errors, as a share of the measured displacements.
    """

    scale: float
    residual: float
    noise: float = 0.0

    @property
    def reason(self) -> str | None:
        """Why the scale gives no modulus; None if it does."""
        if not np.isfinite(self.scale):
            return "nothing was displaced"
        if self.scale <= 0:
            return "the displacements are opposite to the weights"
        if not 1 / MAX_RATIO < self.scale < MAX_RATIO:
            return f"the displacements are {self.scale:.3g} times those predicted"
        if self.residual > min(np.hypot(MAX_RESIDUAL, 2 * self.noise), MAX_NOISY_RESIDUAL):
            return f"{self.residual:.0%} of the displacements are not those of the prediction"
        return None

    def require(self, where: str) -> BestFit:
        """Return this fit if it gives a modulus.

        Raises:
            InputError: with the reason if it does not.
        """
        if self.reason is not None:
            allowed = (
                "loads in gf with their signs, y up, shots of their load steps, a fixed camera"
            )
            raise InputError(where, f"no modulus: {self.reason}", allowed)
        return self


def best_fit(
    measured_mm: FloatArray, predicted_mm: FloatArray, sd_mm: FloatArray | None = None
) -> BestFit:
    """Return the best-fit scale of displacements, (n_steps, n_nodes, 2) both.

    Args:
        measured_mm: measured displacements.
        predicted_mm: predicted displacements.
        sd_mm: standard deviation of each coordinate, (n_steps, n_nodes).

    >>> one = np.array([[[1.0, 2.0]]])
    >>> round(best_fit(2 * one, one).scale, 9)
    2.0
    >>> best_fit(-one, one).reason
    'the displacements are opposite to the weights'
    """
    size, predicted_size = np.linalg.norm(measured_mm), np.linalg.norm(predicted_mm)
    if not (size > 0 and predicted_size > 0):
        return BestFit(np.nan, 1.0)
    scale = float(np.vdot(predicted_mm, measured_mm) / predicted_size**2)
    residual = float(np.linalg.norm(measured_mm - scale * predicted_mm) / size)
    noise = 0.0 if sd_mm is None else float(np.sqrt(2 * (sd_mm**2).sum()) / size)
    return BestFit(scale, residual, noise)
