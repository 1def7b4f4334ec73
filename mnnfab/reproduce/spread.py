"""Spread of training curves over several data splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Spread:
    """Mean, minimum and maximum of several curves, each (n_epochs + 1,)."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray

    def at(self, epoch: int, form: str = ".3f") -> str:
        """Return the values after an epoch as text.

        >>> Spread(np.array([0.5]), np.array([0.4]), np.array([0.7])).at(0)
        '0.500 (0.400 to 0.700)'
        """
        values = [format(curve[epoch], form) for curve in (self.mean, self.low, self.high)]
        return "{} ({} to {})".format(*values)

    def columns(self, name: str) -> Mapping[str, FloatArray]:
        """Return the curves as columns of a table."""
        return {name: self.mean, f"{name}_least": self.low, f"{name}_greatest": self.high}

    def draw(self, axes: Axes, colour: str, label: str) -> None:
        """Draw the mean over the epochs, and the range as a band."""
        epochs = np.arange(len(self.mean))
        axes.plot(epochs, self.mean, color=colour, label=label)
        axes.fill_between(epochs, self.low, self.high, color=colour, alpha=0.2, lw=0)


def spread_of(curves: Sequence[FloatArray]) -> Spread:
    """Return the spread of curves of equal length."""
    stacked = np.array(curves)
    return Spread(stacked.mean(axis=0), stacked.min(axis=0), stacked.max(axis=0))
