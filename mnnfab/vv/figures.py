"""Figures of the verification and validation report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from mnnfab.report.figures import Picture, address_of
from mnnfab.report.palette import BLUE, GREY, ORANGE
from mnnfab.vv.comparison import COVERAGE

#: Largest number of comparisons that are drawn, to keep the figure short.
MAX_DRAWN = 40


def comparison_picture(comparisons: Sequence[Mapping[str, Any]]) -> Picture:
    """Return the comparison errors with their validation uncertainties."""
    drawn = comparisons[:MAX_DRAWN]
    figure = Figure(figsize=(8.5, 1.4 + 0.5 * len(drawn)), layout="constrained")
    axes, rows = figure.subplots(), np.arange(len(drawn))
    errors = np.array([one["E_mm"] for one in drawn])
    bars = COVERAGE * np.array([one["u_val_mm"] for one in drawn])
    axes.axvline(0.0, color=GREY, lw=1)
    axes.errorbar(errors, rows, xerr=bars, fmt="none", ecolor=BLUE, elinewidth=2, capsize=4)
    missed = np.array([not one["covered"] for one in drawn])
    axes.plot(errors[~missed], rows[~missed], "o", color=BLUE, label="covered")
    if missed.any():
        axes.plot(errors[missed], rows[missed], "X", color=ORANGE, ms=9, label="not covered")
    axes.set_yticks(rows, [f"{one['experiment']}:\n{one['quantity']}" for one in drawn], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("comparison error E = S - D, mm; bars: ± 2 u_val")
    axes.legend(frameon=False, fontsize=8)
    left_out = len(comparisons) - len(drawn)
    more = f" {left_out} further comparisons are not drawn." if left_out else ""
    caption = (
        f"Comparison error of the measured displacements.{more} A bar that includes zero: the "
        "error of the model cannot be told from the uncertainties of mesh, inputs and measurement."
    )
    return Picture("Comparison with measurements", caption, address_of(figure, "svg"))


def convergence_picture(solution: Mapping[str, Any]) -> Picture:
    """Return the change of each output from the finest mesh over the element size."""
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    axes = figure.subplots()
    sizes = np.array([4.0, 2.0])  # of the coarse and the medium mesh
    for study in solution["outputs"]:
        values = np.array(study["values_mm"])
        scale = abs(values[-1]) or 1.0
        label = f"{study['case']}, {study['output']}"
        axes.plot(sizes, 100 * np.abs(values[:2] - values[2]) / scale, "o-", ms=4, label=label)
    axes.set_xlabel("element size over that of the finest mesh")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.set_xticks(sizes)
    axes.set_ylabel("difference from the finest mesh, %")
    if len(solution["outputs"]) <= 12:
        axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    caption = (
        "Outputs of the loaded part on the coarse and the medium mesh; a steeper line is a higher "
        "order."
    )
    return Picture("Convergence with the mesh", caption, address_of(figure, "svg"))
