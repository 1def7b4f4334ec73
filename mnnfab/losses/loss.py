"""Protocol of losses, and their registry.

A loss takes output displacements, (n_samples, n_out), and targets, as many displacements or one-hot
classes, (n_samples, n_classes), and returns the mean loss over the samples or its derivative in
every displacement. All losses are dimensionless, so that a
learning rate has the same meaning for each of them. Each loss is a module of
`mnnfab.losses.kinds`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, Protocol

from mnnfab.arrays import FloatArray
from mnnfab.io.registry import by_name, registered
from mnnfab.losses.bands import Ratios
from mnnfab.losses.readout import Readout
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE

TargetKind = Literal["classes", "displacements", "bands"]
"""Kind of targets: one-hot classes, displacements in mm, or bands (`mnnfab.losses.bands`)."""

#: Numbers of the losses in the compiled training step.
SOFTMAX, SHARE, SQUARED = 0, 1, 2
#: Lower limit of |u| in logarithms, which avoids log(0), mm.
TINY_MM = 1e-300


class CompiledLoss(NamedTuple):
    """A loss in the compiled training step.

    Args:
        number: SOFTMAX, SHARE or SQUARED.
        scale_mm: parameter of the loss.
    """

    number: int
    scale_mm: float


class Loss(Protocol):
    """A mean loss over samples."""

    @property
    def targets(self) -> TargetKind:
        """Targets of the loss: displacements or classes."""
        ...

    @property
    def scale_mm(self) -> float | None:
        """Displacement that counts as 1; None for a loss without a scale."""
        ...

    def value(self, displacements: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss."""
        ...

    def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
        """Return the derivative of the mean loss, (n_samples, n_out) per mm."""
        ...

    @property
    def compiled(self) -> CompiledLoss | None:
        """Form of the loss in the compiled training step; None if it has none.

        A long training without a compiled form uses NumPy steps, which is reported.
        """
        ...


@dataclass(frozen=True)
class LossOptions:
    """Options of a loss in a design.

    Args:
        normalisation: normalisation of a cross-entropy, "softmax" or "share".
        scale_mm: loss scale; None if the design gives none.
        target_size_mm: root mean square of the targets.
        resolution_mm: standard deviation of a reading.
        readout: rule by which displacements become a class, for losses of classes.
        ratios: outputs above and below the line of each ratio, for losses of bands.
    """

    normalisation: str | None
    scale_mm: float | None
    target_size_mm: float
    resolution_mm: float
    readout: Readout = LARGEST_MAGNITUDE
    ratios: Ratios = ()


@dataclass(frozen=True)
class LossKind:
    """A kind of loss; each module of `kinds` registers one under the name `LOSS`.

    Args:
        name: value of `[task] loss` in a design file.
        targets: kind of targets of the loss.
        make: function that returns the loss for the options of a design.
        normalised: whether `[task] normalisation` selects one of its forms, of which only
            "softmax" has a scale.
        scaled: whether the loss has a scale at all.
    """

    name: str
    targets: TargetKind
    make: Callable[[LossOptions], Loss]
    normalised: bool = False
    scaled: bool = True

    def has_scale(self, normalisation: str | None) -> bool:
        """Return whether the loss has a scale with the normalisation of a design."""
        return self.scaled and (not self.normalised or normalisation == "softmax")


@cache
def loss_kinds() -> dict[str, LossKind]:
    """Return all losses by their names, sorted."""
    from mnnfab.losses import kinds

    return by_name((kind.name, kind) for kind in registered(kinds, "LOSS", LossKind))


def losses_for(targets: TargetKind) -> list[str]:
    """Return the names of the losses for a kind of target.

    >>> "mse" in losses_for("displacements")
    True
    """
    return [kind.name for kind in loss_kinds().values() if kind.targets == targets]
