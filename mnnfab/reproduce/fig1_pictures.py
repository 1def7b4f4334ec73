"""Figures of the reproduction of fig. 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mnnfab.report.palette import BLUE, GREEN, GREY, ORANGE
from mnnfab.report.sketch import draw_bonds
from mnnfab.report.symbols import ShownPorts, draw_symbols
from mnnfab.reproduce import paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray


def draw_elongations(forward: FloatArray, adjoint: FloatArray, gradient: FloatArray) -> Figure:
    """Draw both elongation fields and their product on the lattice, each (28,): mm, mm and m²."""
    figure = Figure(figsize=(13, 4.4), layout="constrained")
    panels = (
        ("10 gf on node 12", "forward elongation, mm", forward),
        ("5 gf on node 13", "adjoint elongation, mm", adjoint),
        ("gradient", "product of both, 1e-9 m²", gradient * 1e9),
    )
    for axes, (title, label, values) in zip(figure.subplots(1, 3), panels, strict=True):
        draw_bonds(axes, paper.network(), values, label)
        draw_symbols(axes, paper.network(), ShownPorts())
        axes.set_title(title, pad=22)
    return figure


def draw_gradient(
    ranked: Mapping[str, FloatArray],
    errors: Mapping[str, FloatArray],
    solves: Mapping[str, FloatArray],
) -> Figure:
    """Draw the gradient, the error of finite differences, and the cost of both methods."""
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    bars, steps, costs = figure.subplots(1, 3)
    _draw_ranks(bars, ranked)
    _draw_errors(steps, errors)
    for name, colour in (("finite_differences", ORANGE), ("adjoint", BLUE)):
        label = name.replace("_", " ")
        costs.plot(solves["bonds"], solves[name], color=colour, label=label)
    costs.set_xlabel("bonds")
    costs.set_ylabel("solutions for the gradient of one sample")
    costs.legend(frameon=False)
    return figure


def _draw_errors(axes: Axes, errors: Mapping[str, FloatArray]) -> None:
    # The error is exactly zero at some steps; the logarithmic axis needs a positive value.
    drawn = np.maximum(errors["one_less_cosine"], 1e-17)
    axes.loglog(errors["step_mm"], drawn, color=BLUE, lw=1, label="ours: 1 − cosine")
    axes.loglog(
        errors["step_mm"], errors["relative"], color=GREY, lw=1, label="ours: |error| / |gradient|"
    )
    published = paper.FINITE_DIFFERENCE_ERRORS
    axes.plot(list(published), list(published.values()), "s", color=GREEN, label="published")
    axes.set_ylim(1e-17, 10)
    axes.set_xlabel("step, mm of width")
    axes.set_ylabel("error of finite differences")
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _draw_ranks(axes: Axes, table: Mapping[str, FloatArray]) -> None:
    ranks = np.arange(1, 29)
    axes.bar(ranks, table["gradient_1e9_m2"], color=GREY, label="ours")
    axes.plot(ranks, table["published_simulated"], ".", color=BLUE, label="published, simulated")
    axes.errorbar(
        ranks,
        table["published_measured"],
        table["published_error"],
        fmt="x",
        ms=4,
        lw=1,
        color=ORANGE,
        label="published, measured",
    )
    axes.set_xlabel("bond, in ascending order of the simulated gradient")
    axes.set_ylabel("gradient, 1e-9 m²")
    axes.legend(frameon=False)
