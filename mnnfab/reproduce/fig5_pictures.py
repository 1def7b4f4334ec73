"""Figures of the reproduction of fig. 5."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mnnfab.report.palette import BLUE, GREY, ORANGE, RED
from mnnfab.report.sketch import draw_bonds
from mnnfab.report.symbols import ShownPorts, draw_symbols
from mnnfab.reproduce.pictures import draw_widths, over_epochs

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.network.network import Network
    from mnnfab.reproduce.cuts import Cut
    from mnnfab.reproduce.setting import Run


def draw_switching(runs: Sequence[Run], titles: Sequence[str], material: str) -> Figure:
    """Draw loss and metric of successive training runs, and the final widths of each."""
    figure = Figure(figsize=(5 * len(runs), 8), layout="constrained")
    panels = figure.subplots(2, len(runs))
    for (above, below), run, title in zip(panels.T, runs, titles, strict=True):
        _draw_curves(above, run)
        above.set_title(f"{title} ({material})")
        draw_widths(below, run)
    return figure


def draw_damage(trained: Run, damaged: Run, bond: tuple[int, int]) -> Figure:
    """Draw the network before the cut, its retraining, and the retrained widths."""
    figure = Figure(figsize=(15, 5), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    draw_widths(left, trained)
    _strike_out(left, trained.trainable.model.network, [bond])
    left.set_title("trained; the crossed bond is cut", pad=22)
    _draw_curves(middle, damaged)
    middle.set_title("retraining without it")
    draw_widths(right, damaged)
    right.set_title("retrained", pad=22)
    return figure


def draw_atlas(network: Network, cuts: Sequence[Cut]) -> Figure:
    """Draw every bond in the colour of the accuracy without it, and a ranked list."""
    figure = Figure(figsize=(16, 5.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.3))
    broken = [cut.nodes for cut in cuts if cut.zero_modes]
    for axes, name, title in (
        (left, "after_cut", "cut"),
        (middle, "retrained", "cut and retrained"),
    ):
        values = np.array([0.0 if cut.zero_modes else getattr(cut, name).mean() for cut in cuts])
        draw_bonds(axes, network, values, "accuracy without this bond", (0.0, 1.0), 6.0)
        draw_symbols(axes, network, ShownPorts())
        _strike_out(axes, network, broken)
        axes.set_title(f"{title}; crosses: zero mode without bond", pad=22)
    _draw_ranks(right, [cut for cut in cuts if not cut.zero_modes])
    return figure


def _draw_ranks(axes: Axes, cuts: Sequence[Cut]) -> None:
    ranked = sorted(cuts, key=lambda cut: (-cut.retrained.mean(), -cut.after_cut.mean()))
    for row, cut in enumerate(ranked):
        axes.plot([cut.after_cut.mean(), cut.retrained.mean()], [row, row], color=GREY, zorder=1)
    rows = np.arange(len(ranked))
    for name, colour, marker in (("after_cut", ORANGE, "o"), ("retrained", BLUE, "s")):
        values = [getattr(cut, name).mean() for cut in ranked]
        label = "after the cut" if name == "after_cut" else "after retraining"
        axes.scatter(values, rows, color=colour, marker=marker, label=label, zorder=2)
    axes.axvline(cuts[0].before.mean(), color=GREY, ls="--", label="before")
    axes.set_yticks(rows, [f"{cut.name}, {cut.kind}" for cut in ranked], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("accuracy on all flowers, mean of the splits")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)


def _strike_out(axes: Axes, network: Network, bonds: Sequence[tuple[int, int]]) -> None:
    for first, second in bonds:
        x, y = network.nodes[[first, second]].mean(axis=0)
        axes.plot(x, y, "x", color=RED, ms=13, mew=3)


def _draw_curves(axes: Axes, run: Run) -> None:
    axes.plot(run.losses, color=BLUE, label="loss")
    over_epochs(axes, len(run.losses) - 1)
    axes.set_ylabel(run.loss_label)
    other = axes.twinx()
    other.set_ylabel("metric (no unit)")
    if run.task.kind == "regression":
        axes.set_yscale("log")
        other.plot(1 - run.metric("relative_error"), color=ORANGE, label="1 − relative error")
    else:
        for part, style in (("train", "-"), ("test", ":")):
            values = run.metric(f"accuracy_{part}")
            other.plot(values, style, color=ORANGE, label=f"accuracy, {part}")
    other.set_ylim(0, 1.02)
    lines = [*axes.get_lines(), *other.get_lines()]
    labels = [str(line.get_label()) for line in lines]
    axes.legend(lines, labels, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
