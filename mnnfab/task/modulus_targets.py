"""Targets of the effective moduli of a network that repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.case_section import target_band
from mnnfab.design.modulus_section import ModulusSection, Quantity
from mnnfab.io.short_repr import short_repr
from mnnfab.losses.bands import Bands, band_text
from mnnfab.model.moduli import Moduli
from mnnfab.task.intervals import RATIO_TOLERANCE, interval

#: Smallest default tolerance of a modulus, MPa: a millionth of a soft rubber's.
SMALLEST_MPA = 1e-6
_SYMBOLS: dict[Quantity, str] = {
    "youngs-modulus": "Young's modulus, MPa,",
    "poisson-ratio": "Poisson's ratio",
    "shear-modulus": "shear modulus, MPa,",
}


@dataclass(frozen=True, eq=False)
class ModulusTargets:
    """Targets of effective moduli.

    Args:
        measures: quantity and direction (degrees) of each target.
        bands: their bands, of shape (1, n_targets).
    """

    measures: tuple[tuple[Quantity, float], ...]
    bands: Bands

    __repr__ = short_repr

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each target with its unit, such as "Poisson's ratio at 0°"."""
        return tuple(f"{_SYMBOLS[what]} at {angle:g}°" for what, angle in self.measures)

    @property
    def texts(self) -> tuple[str, ...]:
        """Each target as text, such as "-0.3 ± 0.05"."""
        return tuple(band_text(self.bands, 0, i) or "free" for i in range(len(self.measures)))

    def values(self, moduli: Moduli) -> FloatArray:
        """Return the values that have targets, (n_targets,); moduli in MPa."""
        return np.array([moduli.value(what, angle) for what, angle in self.measures])

    def gradients(self, moduli: Moduli) -> FloatArray:
        """Return the derivatives of these values in the stiffness matrix, (n_targets, 3, 3)."""
        return np.array([moduli.gradient(what, angle) for what, angle in self.measures])

    def deviations(self, values: FloatArray) -> FloatArray:
        """Return the deviations of values in tolerances, (n_targets,); a target is met up to 1."""
        deviations: FloatArray = self.bands.deviations(values[None])[0]
        return deviations


def modulus_targets(sections: Sequence[ModulusSection]) -> ModulusTargets:
    """Return the targets of the sections of a design."""
    rows = [
        interval(
            target_band(one.target),
            RATIO_TOLERANCE if one.quantity == "poisson-ratio" else SMALLEST_MPA,
            1.0 if one.weight is None else one.weight,
        )
        for one in sections
    ]
    measures = tuple((one.quantity, one.direction_deg or 0.0) for one in sections)
    return ModulusTargets(measures, Bands(*np.moveaxis(np.array([rows]), 2, 0)))
