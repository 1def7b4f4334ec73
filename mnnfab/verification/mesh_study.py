"""Observed order of convergence and grid convergence index of three meshes.

Roache, J. Fluids Eng. 116 (1994) 405; the words are those of ASME V&V 20.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

#: Safety factor of the grid convergence index for three meshes.
SAFETY_FACTOR = 1.25
#: Changes below this relative size are rounding, of which no order can be observed.
ROUNDING = 1e-11


@dataclass(frozen=True)
class MeshStudy:
    """Values on three meshes whose element sizes have a constant ratio.

    Args:
        values: values, the coarsest mesh first.
        ratio: ratio of successive element sizes, above 1.
    """

    values: tuple[float, float, float]
    ratio: float = 2.0

    @property
    def order(self) -> float | None:
        """Observed order p = log((f₁ - f₂) / (f₂ - f₃)) / log r.

        None if the values oscillate, or change by no more than rounding.

        >>> round(MeshStudy((1.16, 1.04, 1.01)).order, 6)
        2.0
        """
        coarse, medium, fine = self.values
        before, after = coarse - medium, medium - fine
        if abs(after) <= ROUNDING * abs(fine) or not before / after > 1.0:
            return None
        return math.log(before / after) / math.log(self.ratio)

    @property
    def grid_convergence_index(self) -> float | None:
        """Estimated relative error of the finest mesh, 1.25 |f₂ - f₃| / (r^p - 1) |f₃|.

        >>> round(MeshStudy((1.16, 1.04, 1.01)).grid_convergence_index, 6)
        0.012376
        """
        _, medium, fine = self.values
        if self.order is None:
            return None
        reduction = float(self.ratio**self.order)
        return SAFETY_FACTOR * abs((medium - fine) / fine) / (reduction - 1)


def study(value: Callable[[int], float], coarsest: int) -> MeshStudy:
    """Return the study of a function of the number of elements, which is doubled twice."""
    return MeshStudy((value(coarsest), value(2 * coarsest), value(4 * coarsest)))
