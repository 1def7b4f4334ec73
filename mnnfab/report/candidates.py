"""The chart of the candidates of a search: metric as read against load, mass and stability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mnnfab.report.palette import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mnnfab.arrays import FloatArray, IntArray
    from mnnfab.compensation.record import Candidate

Better = Literal["higher", "lower"]

#: Range of the metric that is drawn at least, relative to the best one and absolute.
MIN_RANGE = 0.01
MIN_ABSOLUTE_RANGE = 1e-6


@dataclass(frozen=True)
class _Panel:
    """Horizontal axis of a panel: a key of `Candidate`, its label and its better direction."""

    key: str
    label: str
    better: Better


PANELS = (
    _Panel("load_gf", "largest load of a sample, gf", "lower"),
    _Panel("mass_g", "mass, g", "lower"),
    _Panel("stability", "first instability, load factor", "higher"),
)


@dataclass(frozen=True, eq=False)
class _Points:
    """Evaluated candidates.

    Args:
        numbers: their numbers.
        metric: metric as read, infinitely bad where a sample is lost.
        limits: limits that they meet.
        chosen: which one is chosen.
    """

    numbers: IntArray
    metric: FloatArray
    limits: NDArray[np.str_]
    chosen: NDArray[np.bool_]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Which ones meet the limits, with margin or without."""
        found: NDArray[np.bool_] = self.limits != "not met"
        return found


def draw_candidates(
    figure: Figure, candidates: Sequence[Candidate], label: str, better: Better
) -> None:
    """Draw the metric as read of all evaluated candidates over load, mass and stability.

    Args:
        figure: empty figure.
        candidates: candidates; their numbers in the chart count from 1.
        label: name of the metric.
        better: direction in which the metric improves.
    """
    known = [(number, one) for number, one in enumerate(candidates, 1) if one.limits is not None]
    found = [one for _, one in known]
    lost = -np.inf if better == "higher" else np.inf
    points = _Points(
        numbers=np.array([number for number, _ in known], dtype=np.int64),
        metric=np.array([lost if one.metric is None else one.metric for one in found]),
        limits=np.array([one.limits for one in found], dtype=np.str_),
        chosen=np.array([one.chosen for one in found], dtype=np.bool_),
    )
    limits = _metric_range(points, better)
    for panel, axes in zip(PANELS, figure.subplots(1, len(PANELS), sharey=True), strict=True):
        given = [getattr(one, panel.key) for one in found]
        values = np.array([np.inf if value is None else value for value in given])  # no instability
        front = _front(values, points, (panel.better, better))
        _draw_panel(axes, values, points, front, limits)
        axes.set_xlabel(panel.label)
        axes.set_ylim(*limits)
    figure.axes[0].set_ylabel(f"{label}, as read")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False, fontsize=9)


def _draw_panel(
    axes: Axes,
    values: FloatArray,
    points: _Points,
    front: IntArray,
    limits: tuple[float, float],
) -> None:
    low, high = limits
    inset = 0.02 * (high - low)
    across, up = _without_infinite(values), points.metric.clip(low + inset, high - inset)
    markers = np.where(points.metric < low, "v", np.where(points.metric > high, "^", "o"))
    markers[~np.isfinite(values) & (markers == "o")] = ">"
    for name, color, face, label in (
        ("met with margin", BLUE, BLUE, "meets the limits with margin"),
        ("met", BLUE, "white", "meets the limits"),
        ("not met", GREY, GREY, "does not meet the limits"),
    ):
        if (points.limits == name).any():
            axes.plot([], [], "o", ms=6, color=color, mfc=face, label=label)
        for marker in np.unique(markers[points.limits == name]).tolist():
            here = (points.limits == name) & (markers == marker)
            axes.plot(across[here], up[here], marker, ms=6, color=color, mfc=face)
    order = front[np.argsort(values[front])]
    axes.plot(across[order], up[order], "-", lw=1, color=BLUE, zorder=1)
    chosen = points.chosen
    axes.plot(across[chosen], up[chosen], "*", ms=15, color=ORANGE, label="chosen", zorder=3)
    for place in np.union1d(front, np.flatnonzero(chosen)).tolist():
        aside = (-16, -14) if chosen[place] else (6, 5)  # many have the loads of the chosen one
        number = str(points.numbers[place])
        axes.annotate(number, (across[place], up[place]), aside, textcoords="offset points")
    axes.margins(x=0.12)


def _without_infinite(values: FloatArray) -> FloatArray:
    """Return values with infinite ones to the right of the others."""
    finite = values[np.isfinite(values)]
    edge = 1.15 * float(finite.max()) if finite.size else 1.0
    return np.where(np.isfinite(values), values, edge)


def _front(values: FloatArray, points: _Points, better: tuple[Better, Better]) -> IntArray:
    """Return the candidates within the limits that no other of them surpasses in both values."""
    across = values if better[0] == "higher" else -values
    up = points.metric if better[1] == "higher" else -points.metric
    found = [
        place
        for place in np.flatnonzero(points.usable).tolist()
        if not (
            points.usable
            & (across >= across[place])
            & (up >= up[place])
            & ((across > across[place]) | (up > up[place]))
        ).any()
    ]
    return np.array(found, dtype=np.int64)


def _metric_range(points: _Points, better: Better) -> tuple[float, float]:
    """Return the limits of the axis.

    They contain the candidates within the limits, or all if at most one is, and on the side of
    better metrics other ones as far again.
    """
    worse = -points.metric if better == "higher" else points.metric
    known = np.isfinite(worse)
    usable = known & points.usable
    shown = worse[usable if usable.sum() > 1 else known]
    if not shown.size:
        return 0.0, 1.0
    best = float(shown.min())
    size = max(float(shown.max()) - best, MIN_RANGE * abs(best), MIN_ABSOLUTE_RANGE)
    first = max(float(worse[known].min()), best - size)
    margin = 0.08 * (best + size - first)
    ends = (first - margin, best + size + margin)
    return (-ends[1], -ends[0]) if better == "higher" else ends
