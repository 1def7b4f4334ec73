"""The envelope of a design: load factors at which it can be read, and is stable and strong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.io.short_repr import short_repr
from mnnfab.loaded_part.instabilities import Instability, first_instability
from mnnfab.task.reading import ReadMetric, metric_as_read
from mnnfab.task.task import is_scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnnfab.loaded_part.requirements import Requirements
    from mnnfab.loaded_part.sweep import Sweep
    from mnnfab.model.model import PortModel
    from mnnfab.task.task import Task

UpperLimit = Literal["in the plane", "out of the plane", "strain", "task", "none"]


@dataclass(frozen=True, eq=False)
class Envelope:
    """Metrics and limits of a part over the load factor.

    Args:
        factors: load factors, (n_factors,).
        read: metric as read at each factor; empty for a task without a metric.
        linear: metric as read of the linear continuum model; empty without a metric.
        strains: largest strain at the joints of all samples, (n_factors,); NaN if all are lost.
        in_plane: load factor at which the first sample or load case becomes unstable in the plane.
        out_of_plane: the same out of the plane.
        strain_factor: load factor at which the strain reaches its limit.
        lower: smallest load factor of the window; None if the window is empty.
        upper: largest load factor of the window; None if the window is empty.
        best: load factor with the best metric as read among those up to `load_limit`; None if the
            metric is not known at any of them.
        upper_limit: what ends the window, or the range of load factors up to `load_limit`.
        margin: required factor on the loads at which the part becomes unstable.
    """

    factors: FloatArray
    read: tuple[ReadMetric, ...]
    linear: tuple[ReadMetric, ...]
    strains: FloatArray
    in_plane: float
    out_of_plane: float
    strain_factor: float
    lower: float | None
    upper: float | None
    best: float | None
    upper_limit: UpperLimit
    margin: float

    __repr__ = short_repr

    @property
    def load_limit(self) -> float:
        """Largest load factor at which the part is stable and strong, with its margin."""
        return min(self.in_plane / self.margin, self.out_of_plane / self.margin, self.strain_factor)

    def includes(self, factor: float) -> bool:
        """Return whether a load factor is in the window."""
        return (
            self.lower is not None
            and self.upper is not None
            and (self.lower <= factor <= self.upper)
        )

    def read_at(self, factor: float) -> float:
        """Return the metric as read at a load factor, interpolated."""
        values = [metric.value for metric in self.read]
        return float(np.interp(np.log(factor), np.log(self.factors), values))


def make_envelope(
    task: Task,
    sweep: Sweep,
    linear: PortModel,
    requirements: Requirements,
    instabilities: Sequence[Instability],
) -> Envelope:
    """Return the envelope of a swept task.

    Args:
        task: task; target displacements are multiplied by the load factor.
        sweep: states of all samples over the load factor.
        linear: linear continuum model.
        requirements: limits that the part must meet.
        instabilities: losses of stability by all models.
    """
    factors = sweep.factors
    read, read_linear = list[ReadMetric](), list[ReadMetric]()
    if is_scored(task):
        sd = requirements.resolution_mm
        outputs = linear.outputs(task.loads_N)
        for states in sweep.states:
            factor = states.factor
            read.append(metric_as_read(task, states.outputs_mm, sd, factor))
            read_linear.append(metric_as_read(task, factor * outputs, sd, factor))
    strains = np.array([_largest(states.strains) for states in sweep.states])
    in_plane = first_instability(instabilities, "in the plane")
    out_of_plane = first_instability(instabilities, "out of the plane")
    limits: dict[UpperLimit, float] = {
        "in the plane": in_plane / requirements.stability,
        "out of the plane": out_of_plane / requirements.stability,
        "strain": _first_crossing(factors, strains, requirements.strain),
    }
    ending = min(limits, key=lambda limit: limits[limit])
    lower, upper, best = _window(factors, read, limits[ending], requirements.metric_limit)
    reached = upper is not None and upper < min(limits[ending], float(factors[-1]))
    return Envelope(
        factors=factors,
        read=tuple(read),
        linear=tuple(read_linear),
        strains=strains,
        in_plane=in_plane,
        out_of_plane=out_of_plane,
        strain_factor=limits["strain"],
        lower=lower,
        upper=upper,
        best=best,
        margin=requirements.stability,
        upper_limit="task" if reached else ending if limits[ending] <= factors[-1] else "none",
    )


def _window(
    factors: FloatArray, read: list[ReadMetric], load_limit: float, limit: float | None
) -> tuple[float | None, float | None, float | None]:
    """Return the window around the best load factor up to a limit."""
    last = min(load_limit, float(factors[-1]))
    if last < factors[0]:
        return None, None, None
    if not read or limit is None:
        return float(factors[0]), last, None
    # Larger is better in `merit`, and the limit is met from 0.
    sign = 1.0 if read[0].higher_is_better else -1.0
    merit = sign * (np.array([metric.value for metric in read]) - limit)
    merit = np.where(np.isfinite(merit), merit, -np.inf)
    grid = np.append(factors[factors < last], last)
    merits = np.interp(np.log(grid), np.log(factors), merit)
    peak = int(merits.argmax())
    best = float(grid[peak])
    if merits[peak] < 0:
        return None, None, best if np.isfinite(merits[peak]) else None
    low = high = peak
    while low > 0 and merits[low - 1] >= 0:
        low -= 1
    while high < len(grid) - 1 and merits[high + 1] >= 0:
        high += 1
    return _edge(grid, merits, low, -1), _edge(grid, merits, high, 1), best


def _edge(grid: FloatArray, merits: FloatArray, inside: int, step: int) -> float:
    """Return where the merit crosses 0 beyond the last load factor inside, interpolated."""
    outside = inside + step
    if not 0 <= outside < len(grid) or not np.isfinite(merits[outside]):
        return float(grid[inside])
    share = merits[inside] / (merits[inside] - merits[outside])
    ends = np.log(grid[[inside, outside]])
    return float(np.exp(ends[0] + share * (ends[1] - ends[0])))


def _largest(strains: FloatArray) -> float:
    found = strains[np.isfinite(strains)]
    return float(found.max()) if found.size else np.nan


def _first_crossing(factors: FloatArray, strains: FloatArray, limit: float) -> float:
    """Return the load factor at which the strain first reaches its limit; infinite if never."""
    beyond = np.flatnonzero(strains > limit)
    if not beyond.size:
        return np.inf
    first = int(beyond[0])
    if first == 0:
        return float(factors[0] * limit / strains[0])
    ends, values = factors[[first - 1, first]], strains[[first - 1, first]]
    return float(np.interp(limit, values, ends))
