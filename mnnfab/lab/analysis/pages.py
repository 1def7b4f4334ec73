"""HTML pages of the laboratory: measurements, and experiments compared with predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from mnnfab.io.printable import printable
from mnnfab.lab.analysis.observations import Observation
from mnnfab.report.figures import address_of
from mnnfab.report.palette import BLUE, GREEN, GREY, ORANGE
from mnnfab.report.sketch import draw_bonds
from mnnfab.report.template import render
from mnnfab.validation.finding_codes import grouped_findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mnnfab.arrays import FloatArray
    from mnnfab.lab.analysis.analysis import Analysis

#: Largest number of observations in the figure; the table contains all of them.
MAX_DRAWN = 80


def analysis_page(analysis: Analysis) -> str:
    """Return the HTML page of an analysed experiment."""
    gradient, measurement = analysis.gradient, analysis.measurement
    return render(
        "measured.html",
        title=analysis.experiment.section.name,
        design=analysis.part.problem.design.name,
        steps=measurement.steps,
        n_shots=len(analysis.positions.shots),
        **grouped_findings(analysis.findings),
        rows=_rows(analysis),
        displacements=_displacements(analysis),
        gradient=None if gradient is None else _gradient(analysis),
        fields=None if gradient is None else _fields(analysis),
        loss=None if gradient is None else gradient.loss,
        loss_sd=None if gradient is None else gradient.loss_sd,
    )


def _rows(analysis: Analysis) -> list[dict[str, object]]:
    from mnnfab.lab.analysis.observations import observations_of

    prediction, steps = analysis.prediction, analysis.measurement.steps
    weights = {step.name: str(step) for step in steps}
    row_of = {step.name: row for row, step in enumerate(steps)}
    rows = []
    for observation in observations_of(analysis):
        step, port = observation.quantity.split(": ")
        axis, node = port.removeprefix("u_").split(" of node ")
        rows.append(
            {
                "step": step,
                "weights": weights[step],
                "port": port,
                "measured": observation.measured,
                "sd": observation.measured_sd,
                "bars": observation.bars,
                "continuum": observation.continuum,
                "rubber": float(prediction.loaded_mm[row_of[step], int(node), "xy".index(axis)]),
                "spread": observation.continuum_sd,
            }
        )
    return rows


def _displacements(analysis: Analysis) -> str:
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    predicted, measured = analysis.prediction.loaded_mm, analysis.measurement.displacements_mm
    limits = np.array([predicted.min(), predicted.max()])
    axes.plot(limits, limits, color=GREY, lw=1.5, label="measured = predicted")
    scale = float(np.vdot(predicted, measured) / np.vdot(predicted, predicted))
    axes.plot(limits, scale * limits, color=ORANGE, lw=1, label=f"best-fit scale {scale:.3f}")
    for axis, (name, colour) in enumerate((("x", BLUE), ("y", GREEN))):
        axes.scatter(
            predicted[..., axis], measured[..., axis], s=12, color=colour, label=f"u_{name}"
        )
    axes.set_xlabel("rubber model, mm")
    axes.set_ylabel("measured, mm")
    axes.legend(frameon=False)
    return address_of(figure, "svg")


def _gradient(analysis: Analysis) -> str:
    gradient = analysis.gradient
    assert gradient is not None, "called only if there is a gradient"
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    bonds = np.arange(len(gradient.gradient))
    names = list(analysis.gradients)
    for name, colour in zip(names, (GREY, ORANGE, GREEN), strict=False):
        values = analysis.gradients[name]
        axes.scatter(bonds, values, marker="_", s=160, color=colour, label=name, lw=2.5)
    axes.errorbar(
        bonds, gradient.gradient, gradient.half_width, fmt="none", ecolor=BLUE, elinewidth=1.2
    )
    sign_undetermined = gradient.sign_undetermined
    face_colours = [BLUE if not below else "white" for below in sign_undetermined]
    axes.scatter(
        bonds, gradient.gradient, c=face_colours, edgecolors=BLUE, s=24, zorder=3, label="measured"
    )
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xlabel("bond")
    axes.set_ylabel("∂loss/∂k, per N/mm")
    axes.legend(frameon=False, ncols=4)
    return address_of(figure, "svg")


def _fields(analysis: Analysis) -> str:
    measurement, gradient = analysis.measurement, analysis.gradient
    assert gradient is not None, "called only if there is a gradient"
    figure = Figure(figsize=(12, 7.5), layout="constrained")
    grid = figure.subplots(2, 3)
    reference, own = list(analysis.gradients.items())[-1]
    columns = _probed_columns(analysis) if measurement.has_probes else _single_columns(analysis)
    columns.append(("∂loss/∂k, per N/mm", gradient.gradient, own))
    for column, (label, *rows) in enumerate(columns):
        size = max(float(np.abs(row).max()) for row in rows) or 1.0
        for row, (source, values) in enumerate(zip(("measured", reference), rows, strict=True)):
            axes: Axes = grid[row, column]
            draw_bonds(axes, measurement.network, values / size, label=f"{label} / {size:.3g}")
            axes.set_title(source, fontsize=10)
    return address_of(figure, "svg")


def _probed_columns(analysis: Analysis) -> list[tuple[str, FloatArray, FloatArray]]:
    """Return label, measured and predicted elongations of a load, and what its probe adds."""
    measurement = analysis.measurement
    probe = int(np.flatnonzero(measurement.base >= 0)[0])
    load = int(measurement.base[probe])
    model = measurement.elongations_of(measurement.zero_mm, analysis.prediction.loaded_mm)
    names = [measurement.steps[row].name for row in (load, probe)]
    measured = measurement.elongations_mm
    added = measured[probe] - measured[load], model[probe] - model[load]
    return [
        (f"{names[0]}: elongation, mm", measured[load], model[load]),
        (f"{names[1]}: added elongation, mm", *added),
    ]


def _single_columns(analysis: Analysis) -> list[tuple[str, FloatArray, FloatArray]]:
    """Return label, measured and predicted elongations of the largest steps of a linear part."""
    from mnnfab.lab.analysis.analysis import largest_step

    measurement = analysis.measurement
    model = measurement.elongations_of(measurement.zero_mm, analysis.prediction.continuum_mm)
    rows = [largest_step(analysis, role) for role in ("forward", "adjoint")]
    measured = measurement.elongations_mm
    return [
        (f"{measurement.steps[n].name}: elongation, mm", measured[n], model[n])
        for n in rows
        if n is not None
    ]


def draw_observations(axes: Axes, observations: Sequence[Observation]) -> None:
    """Draw measured values and their predictions, relative to the measured value."""
    observations_drawn = list(observations)[:MAX_DRAWN]
    rows = np.arange(len(observations_drawn))[::-1]
    size = np.array(
        [
            max(abs(observation.measured), observation.measured_sd, 1e-300)
            for observation in observations_drawn
        ]
    )
    sign = np.array([np.sign(observation.measured) or 1.0 for observation in observations_drawn])
    series = (
        ("bar model", [(o.bars, o.bars_sd) for o in observations_drawn], GREY, "s", -0.18),
        (
            "continuum model",
            [(o.continuum, o.continuum_sd) for o in observations_drawn],
            ORANGE,
            "D",
            0.0,
        ),
        ("measured", [(o.measured, o.measured_sd) for o in observations_drawn], BLUE, "o", 0.18),
    )
    for name, values, colour, marker, shift in series:
        numbers = np.array(values)
        axes.errorbar(
            sign * numbers[:, 0] / size,
            rows + shift,
            xerr=numbers[:, 1] / size,
            fmt=marker,
            color=colour,
            ms=5,
            label=name,
            capsize=2,
        )
    names = [
        printable(f"{observation.experiment}: {observation.quantity}")
        for observation in observations_drawn
    ]
    axes.set_yticks(rows, names, fontsize=8)
    axes.axvline(1.0, color="black", lw=0.6)
    # Limited, because a measured value near zero would compress the rest; the table has all values.
    axes.set_xlim(max(axes.get_xlim()[0], -1.0), min(axes.get_xlim()[1], 3.0))
    axes.set_xlabel("relative to the measured value; error bars are one standard deviation")
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
