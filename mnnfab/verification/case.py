"""Verification cases and their results."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from mnnfab.verification.mesh_study import MeshStudy

ModelName = Literal[
    "bars", "frame in the plane", "frame out of plane", "continuum", "rubber", "solid"
]
MODELS: tuple[ModelName, ...] = get_args(ModelName)
"""Names of the verified models, from the simplest to the most costly."""


@dataclass(frozen=True)
class Quantity:
    """A computed quantity and its reference.

    Args:
        name: name of the quantity, with its unit if it has one.
        value: computed value.
        reference: exact or published value.
        tolerance: largest accepted relative error.
        scale: value that the error is relative to; the reference if not given. It is required
            where the reference is zero.
        meshes: values on three meshes, if the mesh decides; `value` is that of the finest.
    """

    name: str
    value: float
    reference: float
    tolerance: float
    scale: float | None = None
    meshes: MeshStudy | None = None

    @property
    def error(self) -> float:
        """Relative error of the value."""
        scale = self.reference if self.scale is None else self.scale
        return abs(self.value - self.reference) / abs(scale)

    @property
    def passed(self) -> bool:
        """Whether the error is within the tolerance; an error that is not a number is not."""
        return self.error <= self.tolerance


@dataclass(frozen=True)
class Case:
    """A verification case; a module of `cases` registers it under the name `CASES`.

    Args:
        name: name on the command line, unique.
        title: description in one line.
        model: verified model.
        source: source of the reference values.
        compute: function that returns the quantities.
        note: discretisation, and the reason of any tolerance above 1e-3.
    """

    name: str
    title: str
    model: ModelName
    source: str
    compute: Callable[[], Sequence[Quantity]]
    note: str = ""


@dataclass(frozen=True)
class Result:
    """Result of a case.

    Args:
        case: the case.
        quantities: its quantities; empty if it could not be computed.
        seconds: computing time.
        failure: error message of a case that could not be computed.
    """

    case: Case
    quantities: tuple[Quantity, ...]
    seconds: float
    failure: str = ""

    @property
    def passed(self) -> bool:
        """Whether all quantities are within their tolerances."""
        return bool(self.quantities) and all(quantity.passed for quantity in self.quantities)

    @property
    def worst(self) -> float:
        """Largest ratio of an error to its tolerance; NaN without quantities."""
        ratios = (quantity.error / quantity.tolerance for quantity in self.quantities)
        return max(ratios, default=math.nan)
