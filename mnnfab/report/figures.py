"""Figures of the report as data addresses, to be put into the page itself."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import matplotlib as mpl
from matplotlib.figure import Figure

from mnnfab.report.drawing import (
    draw_agreement,
    draw_bond_shares,
    draw_deformed,
    draw_history,
    draw_marks,
    draw_mode,
    draw_network,
    draw_prints,
)

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from geometry.tiling import Tiling
    from mnnfab.agreement import Agreement
    from mnnfab.problem import Problem
    from mnnfab.report.results import Results
    from mnnfab.response import Response
    from mnnfab.stages.guards import Guards
    from mnnfab.tasks import LoadCase
    from mnnfab.tolerance import ToleranceStudy

#: Load cases shown; more would make the page long and say little.
MOST_CASES = 6


@dataclass(frozen=True)
class Picture:
    """A picture for the page.

    Args:
        title: above it.
        caption: what is to be seen.
        address: the picture itself, as a data address.
    """

    title: str
    caption: str
    address: str


def pictures(results: Results) -> list[Picture]:
    """Return the pictures that these results allow, in the order of the page."""
    shown = [_network(results)]
    if "epoch" in results.history and len(results.history["epoch"]) > 1:
        shown.append(_history(results))
    if results.bar and results.continuum and results.agreement:
        shown.append(_agreement(results.bar, results.continuum.response, results.agreement))
    if results.continuum and results.problem.task:
        cases = results.problem.task.load_cases[:MOST_CASES]
        shown.append(_deformed(results.tiling, results.continuum, cases))
    if results.continuum and results.guards:
        shown += _buckled(results.tiling, results.continuum, results.guards)
    if results.prints:
        shown.append(_prints(results.problem, results.prints))
    return shown


def _network(results: Results) -> Picture:
    figure = Figure(figsize=(8.5, 6), layout="constrained")
    axes = figure.add_subplot()
    draw_network(axes, results.problem, results.widths_mm, results.tiling)
    marked = [f for f in results.findings if f.position_mm and f.severity != "info"]
    draw_marks(axes, marked)
    caption = "The part as it will be printed, to scale; each bond is coloured by its width."
    if marked:
        caption += " Rings mark the places of the findings that they name."
    kind: Literal["svg", "png"] = "svg" if results.problem.network.n_bonds <= 500 else "png"
    return Picture("Network and bond widths", caption, _address(figure, kind))


def _history(results: Results) -> Picture:
    figure = Figure(figsize=(8.5, 4), layout="constrained")
    draw_history(figure.add_subplot(), results.history)
    return Picture("Training", "Loss and metric on the trained bars.", _address(figure, "svg"))


def _agreement(bar: Response, continuum: Response, agreement: Agreement) -> Picture:
    figure = Figure(figsize=(8.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_agreement((left, right), bar, continuum, agreement)
    caption = (
        "Every pair of input and output, and every bond under every unit load. Points on the "
        "orange line differ from the bars by one common factor, which training can absorb; "
        "their distance from it is the residual."
    )
    return Picture("Bars against continuum", caption, _address(figure, "svg"))


def _deformed(tiling: Tiling, continuum: Continuum, cases: tuple[LoadCase, ...]) -> Picture:
    columns = min(2, len(cases))
    rows = math.ceil(len(cases) / columns)
    width = 8.5 if columns == 1 else 12.5
    figure = Figure(figsize=(width, (5.4 if columns == 1 else 4.3) * rows), layout="constrained")
    for place, case in enumerate(cases):
        axes = figure.add_subplot(rows, columns, place + 1)
        draw_deformed(axes, tiling, continuum, case)
    caption = "The continuum under load, over its undeformed outline in grey."
    return Picture("Deformed continuum", caption, _address(figure, "png"))


def _buckled(tiling: Tiling, continuum: Continuum, guards: Guards) -> list[Picture]:
    """Return a picture of the mode that comes first, if any does."""
    modes = [
        (factor, one.buckling.mode, one.case.name)
        for one in guards.cases
        if one.buckling and (factor := one.buckling.factor) and math.isfinite(factor)
    ]
    if not modes:
        return []
    factor, mode, name = min(modes, key=lambda found: found[0])
    figure = Figure(figsize=(8.5, 5.4), layout="constrained")
    draw_mode(figure.add_subplot(), tiling, continuum, mode)
    caption = (
        f"The shape into which the part buckles in its plane at {factor:.2f} times the "
        f"load “{name}”; its size has no meaning. Grey: as drawn."
    )
    return [Picture("Buckling", caption, _address(figure, "png"))]


def _prints(problem: Problem, prints: ToleranceStudy) -> Picture:
    figure = Figure(figsize=(12.5, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_prints(left, problem, prints)
    draw_bond_shares(right, problem, prints)
    caption = (
        "Left: the task's metric of prints with random errors, on the bar model. Right: the "
        "bonds whose width errors move the outputs most."
    )
    return Picture("Prints", caption, _address(figure, "svg"))


def _address(figure: Figure, kind: Literal["svg", "png"]) -> str:
    buffer = io.BytesIO()
    # A fixed salt and no date: the same results give the same bytes.
    with mpl.rc_context({"svg.hashsalt": "mnnfab", "svg.fonttype": "path"}):
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=130, metadata=metadata)
    mime = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    return f"data:{mime};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
