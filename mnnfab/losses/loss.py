"""What a loss is, and the registry of losses.

A loss takes output displacements and targets, both (n_samples, n_out), and gives the mean loss
over the samples or its derivative in every displacement. All are free of units, so that a
learning rate means the same in any of them. Each loss is a module of `mnnfab.losses.kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, Protocol

from mnnfab.arrays import FloatArray
from mnnfab.io.registry import registered

TargetKind = Literal["classes", "displacements"]
"""Targets with a 1 in the column of the class, or wanted displacements in mm."""

#: Numbers of the losses in the compiled training step.
SOFTMAX, SHARE, SQUARED = 0, 1, 2
#: Lower limit of |u| in logarithms, which avoids log(0), mm.
TINY_MM = 1e-300


class CompiledLoss(NamedTuple):
    """A loss in the compiled training step.

    Args:
        number: SOFTMAX, SHARE or SQUARED.
        scale_mm: its one parameter.
    """

    number: int
    scale_mm: float


class Loss(Protocol):
    """A mean loss over samples."""

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        ...

    def slope(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative of the mean loss, (n_samples, n_out) per mm."""
        ...

    @property
    def compiled(self) -> CompiledLoss | None:
        """Form of the loss in the compiled training step; None if it has none.

        A long training with a loss without one takes NumPy steps, and is reported.
        """
        ...


@dataclass(frozen=True)
class LossOptions:
    """What a design says of its loss.

    Args:
        normalisation: of a cross-entropy, "softmax" or "share".
        scale_mm: displacement that counts as 1; None if the design gives none.
        target_size_mm: root mean square of the targets.
    """

    normalisation: str | None
    scale_mm: float | None
    target_size_mm: float


@dataclass(frozen=True)
class LossKind:
    """A loss as a module of `kinds` registers it under the name `LOSS`.

    Args:
        name: value of `[task] loss` in a design file.
        targets: that it compares the outputs with.
        make: from the options of a design to the loss.
    """

    name: str
    targets: TargetKind
    make: Callable[[LossOptions], Loss]


@cache
def loss_kinds() -> dict[str, LossKind]:
    """Return all losses by their names, sorted."""
    from mnnfab.losses import kinds

    found = {kind.name: kind for kind in registered(kinds, "LOSS", LossKind)}
    return dict(sorted(found.items()))


def losses_for(targets: TargetKind) -> list[str]:
    """Return the names of the losses for a kind of target.

    >>> losses_for("displacements")
    ['mse']
    """
    return [kind.name for kind in loss_kinds().values() if kind.targets == targets]
