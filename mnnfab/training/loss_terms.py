"""Terms of a training's loss beside that of the outputs: of states, and of widths alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mnnfab.arrays import FloatArray, IntArray

#: Weight of the largest squared relative violation of a constraint in a penalty.
PENALTY_WEIGHT = 10.0


@dataclass(frozen=True)
class MissedTarget:
    """Target with a tolerance that a network does not meet.

    Args:
        case: name of the load case, or of what else has the target.
        measure: name of the output, ratio or modulus.
        value: its value in that network, mm for an output.
        wanted: the target as text.
        deviation: deviation from the target in tolerances, above 1.
    """

    case: str
    measure: str
    value: float
    wanted: str
    deviation: float


class WidthLoss(Protocol):
    """A part of the loss that is a function of the widths alone."""

    def __call__(self, widths_mm: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss of widths, (n_bonds,) mm, and its derivative in each of them."""
        ...

    def deviations(self, widths_mm: FloatArray) -> FloatArray:
        """Return the deviations from the targets in tolerances, (n_targets,); met up to 1."""
        ...

    def missed(self, widths_mm: FloatArray) -> Sequence[MissedTarget]:
        """Return the targets that widths, (n_bonds,) mm, do not meet."""
        ...


class Penalty(Protocol):
    """Constraints on the states of a training as a penalty on its loss.

    The penalty is about `PENALTY_WEIGHT` times the largest squared relative violation.
    """

    def __call__(
        self,
        equilibrium: Any,  # noqa: ANN401 - each penalty knows the equilibria of its model
        indices: IntArray,
    ) -> tuple[float, FloatArray]:
        """Return the penalty of some samples, and its derivative in the widths, (n_bonds,).

        Args:
            equilibrium: equilibria of the model, under the loads of the samples `indices`.
            indices: indices of the samples.
        """
        ...
