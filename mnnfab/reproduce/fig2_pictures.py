"""Figures of the reproduction of fig. 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mnnfab.report.palette import BLUE, GREY, ORANGE
from mnnfab.reproduce import paper
from mnnfab.reproduce.pictures import draw_widths, over_epochs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray
    from mnnfab.reproduce.setting import Run


def draw_behaviours(right: Run, left: Run) -> Figure:
    """Draw the networks before and after training, loss and difference, and the outputs."""
    figure = Figure(figsize=(12, 7), layout="constrained")
    states = (
        ("untrained", right, 0),
        ("node 12 sinks more", right, -1),
        ("node 13 sinks more", left, -1),
    )
    for index, (title, run, epoch) in enumerate(states):
        axes = figure.add_subplot(2, 3, index + 1)
        draw_widths(axes, run, epoch)
        axes.set_title(title, pad=22)
    _draw_curves(figure.add_subplot(2, 3, (4, 5)), right)
    outputs = [run.metric("displacements_mm")[epoch] for _, run, epoch in states]
    _draw_outputs(figure.add_subplot(2, 3, 6), outputs)
    return figure


def draw_precise(runs: Mapping[tuple[float, float], Run]) -> Figure:
    """Draw the outputs during training for prescribed displacements, and the networks."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    panels = figure.subplots(2, len(runs), squeeze=False)
    for (above, below), (targets, run) in zip(panels.T, runs.items(), strict=True):
        both = run.metric("displacements_mm")
        for index, (node, colour) in enumerate(((12, BLUE), (13, ORANGE))):
            above.plot(both[:, index], color=colour, label=f"node {node}")
            above.axhline(targets[index], color=colour, ls=":", label="target")
        over_epochs(above, len(run.losses) - 1)
        above.set_ylabel("u_y, mm")
        above.legend(frameon=False)
        above.set_title("{} and {} mm by MSE".format(*targets))
        draw_widths(below, run)
    return figure


def _draw_outputs(axes: Axes, outputs: list[FloatArray]) -> None:
    measured = (paper.BEHAVIOUR_UNTRAINED_MEASURED_MM, paper.BEHAVIOUR_TRAINED_MEASURED_MM)
    for index, colour in ((0, BLUE), (1, ORANGE)):
        x = np.arange(3) + 0.35 * index
        values = [both[index] for both in outputs]
        axes.bar(x, values, 0.3, color=colour, label=f"node {12 + index}")
        middle, error = zip(*(pair[index] for pair in measured), strict=True)
        axes.errorbar(x[:2], middle, error, fmt="k.", capsize=3)
    axes.plot([], [], "k.", label="published, measured")
    axes.set_xticks([0.17, 1.17, 2.17], ["untrained", "12 more", "13 more"])
    axes.set_ylabel("u_y, mm")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)


def _draw_curves(axes: Axes, run: Run) -> None:
    both = run.metric("displacements_mm")
    axes.plot(run.losses, color=BLUE, label="loss")
    over_epochs(axes, len(run.losses) - 1)
    axes.set_ylabel(run.loss_label)
    other = axes.twinx()
    other.plot(np.abs(both[:, 0] - both[:, 1]), color=ORANGE, label="|Δu_y|")
    other.set_ylabel("|Δu_y|, mm")
    axes.axhline(np.log(2), color=GREY, lw=1, ls=":", label="loss of equal outputs, ln 2")
    drawn = [*axes.get_lines(), *other.get_lines()]
    axes.legend(drawn, [str(line.get_label()) for line in drawn], frameon=False, loc="right")
