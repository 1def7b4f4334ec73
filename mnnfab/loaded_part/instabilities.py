"""Load factors at which a part becomes unstable, by all models of the loaded part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from fem.solid_buckling import SolidBuckling
    from mnnfab.loaded_part.cases import LoadedCase
    from mnnfab.loaded_part.rubber_samples import RubberSamples
    from mnnfab.loaded_part.sweep import Sweep

Plane = Literal["in the plane", "out of the plane"]


@dataclass(frozen=True)
class Instability:
    """The loss of stability of a sample or a load case by one of the models.

    Args:
        factor: load factor at which stability is lost; infinite if it is not lost.
        plane: whether the part buckles in its plane or out of it.
        source: sample or load case, and the model.
        position_mm: place of the largest displacement of the mode, where the mode is known.
    """

    factor: float
    plane: Plane
    source: str
    position_mm: tuple[float, float] | None = None


def swept_instabilities(sweep: Sweep) -> Iterator[Instability]:
    """Yield the first sample that becomes unstable by the frame, in the plane and out of it."""
    planes: dict[Plane, np.ndarray] = {
        "in the plane": sweep.in_plane,
        "out of the plane": sweep.out_of_plane,
    }
    for plane, factors in planes.items():
        sample = int(factors.argmin())
        yield Instability(float(factors[sample]), plane, f"sample {sample} (frame)")


def rubber_instabilities(
    checked: RubberSamples, cases: Iterable[LoadedCase], margin: float
) -> Iterator[Instability]:
    """Yield the samples and load cases whose path the rubber model lost in the plane.

    Args:
        checked: samples, whose paths end at their loads.
        cases: load cases, whose paths end at their loads times the margin.
        margin: required factor on the loads.
    """
    for share, sample in zip(checked.states.shares, checked.samples, strict=True):
        if share < 1.0:
            yield Instability(float(share), "in the plane", f"sample {sample} (rubber)")
    for found in cases:
        if found.stable_up_to < margin:
            source = f"“{found.case.name}” (rubber)"
            yield Instability(found.stable_up_to, "in the plane", source)


def solid_instabilities(buckling: Mapping[str, SolidBuckling]) -> Iterator[Instability]:
    """Yield the load cases and samples that buckle out of the plane by the solid model."""
    for name, found in buckling.items():
        factor = found.out_of_plane.factor
        if factor is not None:
            yield Instability(factor, "out of the plane", f"“{name}” (solid)", _place(found))


def _place(found: SolidBuckling) -> tuple[float, float] | None:
    """Return the place of the largest displacement of the mode out of the plane."""
    heights = np.abs(found.out_of_plane.mode[:, 2])
    if not heights.any():
        return None
    x, y = found.points_mm[heights.argmax()].tolist()
    return x, y


def first_instability(instabilities: Iterable[Instability], plane: Plane) -> float:
    """Return the smallest load factor in or out of the plane; infinite if there is none."""
    factors = [one.factor for one in instabilities if one.plane == plane]
    return min(factors, default=np.inf)
