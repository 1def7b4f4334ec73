"""Rules that sections of several kinds of tasks share."""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Literal

from mnnfab.design.section import section_error
from mnnfab.losses.loss import TargetKind, loss_kinds, losses_for
from mnnfab.losses.readout import readout_kinds

if TYPE_CHECKING:
    ClassLoss = str
    DisplacementLoss = str
    ReadoutName = str
else:  # one name for each module of `mnnfab.losses.kinds` and `mnnfab.losses.readouts`
    ClassLoss = Literal[tuple(losses_for("classes"))]
    DisplacementLoss = Literal[tuple(losses_for("displacements"))]
    ReadoutName = Literal[tuple(readout_kinds())]
#: Significant digits of loads that a factor has changed.
LOAD_DIGITS = 10


def times(loads_gf: tuple[float, ...], factor: float) -> tuple[float, ...]:
    """Return loads times a factor, without the rounding errors of the product."""
    return tuple(float(f"{load * factor:.{LOAD_DIGITS}g}") for load in loads_gf)


def scale_needs_softmax(
    loss: str | None, normalisation: str | None, loss_scale_mm: float | None
) -> None:
    """Refuse a loss scale with a loss of classes that has none.

    Raises:
        ValueError: as `section_error`.
    """
    kind = loss_kinds()[loss or "cross-entropy"]
    if loss_scale_mm is not None and not kind.has_scale(normalisation):
        raise section_error(
            "loss_scale_mm", "given without softmax", 'only with normalisation = "softmax"'
        )


def require_length(key: str, values: Sized, length: int, each: str) -> None:
    """Refuse a list of another length.

    Raises:
        ValueError: as `section_error`.
    """
    if len(values) != length:
        raise section_error(key, f"{len(values)} numbers", f"{length}, {each}")


def require_loss(name: str | None, targets: TargetKind, key: str) -> None:
    """Refuse a loss that does not compare outputs with targets of this kind."""
    allowed = losses_for(targets)
    if name is not None and name not in allowed:
        names = ", ".join(f'"{one}"' for one in allowed)
        raise section_error("loss", f'"{name}" with {key}', names)
