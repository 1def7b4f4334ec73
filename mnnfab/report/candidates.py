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
    from mnnfab.task.metrics import PrimaryMetric

Better = Literal["higher", "lower"]

#: The axis ends at this number of times the distance from the best metric to the median.
RANGE = 3.0
#: Range of the metric that is drawn at least, relative to the best one.
MIN_RANGE = 0.01


@dataclass(frozen=True)
class _Panel:
    """What a panel has on its horizontal axis: a key of `Candidate`, its label and better end."""

    key: str
    label: str
    better: Better


PANELS = (
    _Panel("load_gf", "largest load of a sample, gf", "lower"),
    _Panel("mass_g", "mass, g", "lower"),
    _Panel("stability", "first instability, load factor", "higher"),
)


def draw_candidates(
    figure: Figure, candidates: Sequence[Candidate], primary_metric: PrimaryMetric
) -> None:
    """Draw the metric as read of all feasible candidates over load, mass and stability.

    Args:
        figure: empty figure.
        candidates: candidates; their numbers in the chart count from 1.
        primary_metric: the metric.
    """
    better = primary_metric.better
    numbers = np.array([n for n, one in enumerate(candidates, 1) if one.metric is not None])
    found = [candidates[number - 1] for number in numbers]
    metric = np.array([one.metric for one in found], dtype=float)
    limits = _metric_range(metric, better)
    for panel, axes in zip(PANELS, figure.subplots(1, len(PANELS), sharey=True), strict=True):
        values = np.array([getattr(one, panel.key) for one in found], dtype=float)
        known = np.isfinite(values)
        points = _Points(
            numbers[known],
            values[known],
            metric[known],
            np.array([one.sufficient for one in found])[known],
            np.array([one.chosen for one in found])[known],
        )
        _draw_panel(axes, points, (panel.better, better), limits)
        axes.set_xlabel(panel.label)
        axes.set_ylim(*limits)
    figure.axes[0].set_ylabel(f"{primary_metric.label}, as read")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False, fontsize=9)


@dataclass(frozen=True, eq=False)
class _Points:
    """Candidates of a panel: numbers, values on both axes, and which are usable or chosen."""

    numbers: IntArray
    values: FloatArray
    metric: FloatArray
    sufficient: NDArray[np.bool_]
    chosen: NDArray[np.bool_]


def _draw_panel(
    axes: Axes, points: _Points, better: tuple[Better, Better], limits: tuple[float, float]
) -> None:
    low, high = limits
    inside = (points.metric >= low) & (points.metric <= high)
    shown = points.metric.clip(low + 0.02 * (high - low), high - 0.02 * (high - low))

    def at(which: NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
        return points.values[which], shown[which]

    outside = "v" if better[1] == "higher" else "^"
    for group, color, words in (
        (points.sufficient, BLUE, "meets the limits of stability and strain"),
        (~points.sufficient, GREY, "does not meet them"),
    ):
        axes.plot(*at(group & inside), "o", ms=6, color=color, label=words)
        axes.plot(*at(group & ~inside), outside, ms=6, color=color)
    front = _front(points, better)
    order = front[np.argsort(points.values[front])]
    axes.plot(points.values[order], points.metric[order], "-", lw=1, color=BLUE, zorder=1)
    axes.plot(*at(points.chosen), "*", ms=15, color=ORANGE, label="chosen", zorder=3)
    for place in np.union1d(front, np.flatnonzero(points.chosen)).tolist():
        xy = (points.values[place], shown[place])
        aside = (-16, -14) if points.chosen[place] else (6, 5)  # many have the loads of the chosen
        axes.annotate(str(points.numbers[place]), xy, aside, textcoords="offset points")
    axes.margins(x=0.12)


def _front(points: _Points, better: tuple[Better, Better]) -> IntArray:
    """Return the usable candidates that no other one surpasses in both values."""
    across = points.values if better[0] == "higher" else -points.values
    up = points.metric if better[1] == "higher" else -points.metric
    found = [
        place
        for place in np.flatnonzero(points.sufficient).tolist()
        if not (
            points.sufficient
            & (across >= across[place])
            & (up >= up[place])
            & ((across > across[place]) | (up > up[place]))
        ).any()
    ]
    return np.array(found, dtype=np.int64)


def _metric_range(metric: FloatArray, better: Better) -> tuple[float, float]:
    """Return the limits of the axis: from the best metric to beyond the median."""
    best = metric.max() if better == "higher" else metric.min()
    worst = metric.min() if better == "higher" else metric.max()
    size = RANGE * abs(float(np.median(metric)) - best)
    size = max(min(size, abs(worst - best)), MIN_RANGE * abs(best))
    inner, outer = -0.08 * size, 1.08 * size
    return (best - outer, best - inner) if better == "higher" else (best + inner, best + outer)
