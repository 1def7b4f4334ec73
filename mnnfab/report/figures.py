"""Figures of the report as data URIs, embedded in the page."""

from __future__ import annotations

import base64
import io
import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from mnnfab.io.printable import printable
from mnnfab.problem.problem import has_ports, is_trainable
from mnnfab.report.candidates import draw_candidates
from mnnfab.report.drawing import (
    RING_NAMES,
    draw_agreement,
    draw_bond_shares,
    draw_deformed,
    draw_history,
    draw_loaded_prints,
    draw_mode,
    draw_network,
    draw_print_samples,
    draw_targets,
)
from mnnfab.report.loaded import draw_envelope
from mnnfab.report.moduli import draw_directions
from mnnfab.report.readings import draw_moduli, reference_state
from mnnfab.report.response_tables import models_by_name
from mnnfab.task.reading import read_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fem.continuum import Continuum
    from fem.limit_states import LimitStates
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.compensation.record import Candidate
    from mnnfab.findings import Finding
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.model.agreement import Agreement
    from mnnfab.model.response import Response
    from mnnfab.problem.problem import PortProblem, Problem, TrainableProblem
    from mnnfab.task.task import Task
    from mnnfab.tolerance.study import ToleranceStudy
    from mnnfab.validation.moduli import EffectiveModuli
    from mnnfab.validation.results import Results

#: Maximum number of load cases drawn, to keep the page short.
MAX_CASES = 6


@dataclass(frozen=True)
class Picture:
    """Figure of the page.

    Args:
        title: heading of the figure.
        caption: text below the figure.
        address: the image as a data URI.
    """

    title: str
    caption: str
    address: str


def pictures(results: Results) -> dict[str, Picture]:
    """Return the figures available for these results, by name."""
    figures = {
        "network": network_picture(
            results.problem, results.widths_mm, results.tiling, results.findings
        )
    }
    task, continuum = results.problem.task, results.continuum
    if "epoch" in results.history and len(results.history["epoch"]) > 1:
        figures["history"] = _history(results)
    if task is not None and task.target_kind == "displacements" and len(task.targets) > 1:
        figures["targets"] = _targets(results, task)
    if results.bar and continuum and results.agreement:
        figures["agreement"] = _agreement(results.bar, continuum.response, results.agreement)
    if continuum and has_ports(results.problem):
        figures["deformed"] = _deformed(results.problem, results.tiling, continuum)
    if continuum and results.limit_states and has_ports(results.problem):
        figures |= _buckled(results.problem, results.tiling, continuum, results.limit_states)
    if results.loaded:
        figures["envelope"] = _envelope(results.loaded)
    candidates = results.record.compensation.candidates
    if any(found.limits is not None for found in candidates) and is_trainable(results.problem):
        figures["candidates"] = _candidates(results.problem, candidates)
    if results.print_samples and is_trainable(results.problem):
        figures["prints"] = _prints(results.problem, results.print_samples, results.loaded_prints)
    if results.moduli:
        figures["directions"] = _directions(results.moduli)
    return figures | _moduli(results.problem)


def _figure(width: float, height: float, **margins: float) -> Figure:
    """Return a figure (inches) with fixed margins: computing them takes as long as drawing."""
    figure = Figure(figsize=(width, height))
    figure.subplots_adjust(**{"left": 0.09, "right": 0.97, "bottom": 0.14, "top": 0.92} | margins)
    return figure


def network_picture(
    problem: Problem, widths_mm: FloatArray, tiling: Tiling, findings: Sequence[Finding]
) -> Picture:
    """Return the network with its symbols, and rings around findings.

    Args:
        problem: problem of the design.
        widths_mm: width of each bond, (n_bonds,).
        tiling: the part in the plane.
        findings: findings of all checks.
    """
    figure = _figure(8.5, 6, left=0.08, right=1.0, bottom=0.1, top=0.93)
    ringed = [found for found in findings if found.position_mm and _is_ringed(found)]
    left_out = draw_network(figure.add_subplot(), problem, widths_mm, tiling, ringed)
    caption = "Nominal geometry, to scale; bonds are coloured by width."
    if problem.task is not None:
        caption += " Arrows: largest load of each input over all samples; stars: outputs."
    if ringed:
        caption += (
            " Rings: first buckling, bond with the largest strain, and places of other findings, "
            "with the names of their checks."
        )
    if left_out:
        caption += f" {left_out} labels without space are left out."
    kind: Literal["svg", "png"] = "svg" if problem.network.n_bonds <= 500 else "png"
    return Picture("Network and bond widths", caption, address_of(figure, kind))


def _is_ringed(finding: Finding) -> bool:
    """Return whether the network has a ring around the position of a finding."""
    return finding.severity != "info" or finding.code in RING_NAMES


def _history(results: Results) -> Picture:
    figure = _figure(8.5, 4.6, right=0.91, bottom=0.27)
    draw_history(figure.add_subplot(), results.history)
    kept = results.record.compensation.kept
    caption = "Loss and metrics of the bar model per epoch"
    if kept is None or kept.number == 0:
        return Picture("Loss and metrics", f"{caption}.", address_of(figure, "svg"))
    caption += f" in the last training run, round {kept.number} of the compensation"
    if kept.loss_scale_mm is not None:
        caption += f", with a loss scale of {kept.loss_scale_mm:g} mm"
    return Picture(
        "Loss and metrics of the last training run", f"{caption}.", address_of(figure, "svg")
    )


def _targets(results: Results, task: Task) -> Picture:
    columns = min(3, len(task.outputs))
    rows = math.ceil(len(task.outputs) / columns)
    figure = _figure(4.2 * columns, 3.9 * rows, left=0.1, wspace=0.3, hspace=0.35)
    for index, output in enumerate(task.outputs):
        axes = figure.add_subplot(rows, columns, index + 1)
        draw_targets(axes, task, index, models_by_name(results))
        axes.set_title(str(output), fontsize=10)
    caption = "Target and predicted displacement of each output, one point per sample and model."
    return Picture("Targets and predictions", caption, address_of(figure, "svg"))


def _agreement(bar: Response, continuum: Response, agreement: Agreement) -> Picture:
    figure = _figure(8.5, 4.2, top=0.86, wspace=0.28)
    left, right = figure.subplots(1, 2)
    draw_agreement((left, right), bar, continuum, agreement)
    caption = (
        "One point per pair of input and output (left), and per bond and unit load (right). "
        "Points on the orange line differ from the bar model by the best-fit scale, a common "
        "factor that can be compensated by the widths; the distance from the line is the residual."
    )
    return Picture("Agreement by port and by bond", caption, address_of(figure, "svg"))


def _deformed(problem: PortProblem, tiling: Tiling, continuum: Continuum) -> Picture:
    cases = problem.task.load_cases[:MAX_CASES]
    columns = min(2, len(cases))
    rows = math.ceil(len(cases) / columns)
    width, height = (8.5, 5.4) if columns == 1 else (12.5, 4.3 * rows)
    margins = {"left": 0.06, "right": 1.0, "wspace": 0.08, "hspace": 0.25}
    figure = _figure(width, height, bottom=0.5 / height, top=1 - 0.4 / height, **margins)
    for index, case in enumerate(cases):
        axes = figure.add_subplot(rows, columns, index + 1)
        draw_deformed(axes, problem, tiling, continuum, case)
    caption = "Continuum model under load, by von Mises stress; undeformed outline in grey."
    return Picture("Deformed shape", caption, address_of(figure, "png"))


def _buckled(
    problem: PortProblem, tiling: Tiling, continuum: Continuum, states: LimitStates
) -> dict[str, Picture]:
    """Return a figure of the buckling mode with the lowest load factor, if there is one."""
    modes = [
        (factor, case_limits.buckling.mode, case_limits.case.name)
        for case_limits in states.cases
        if case_limits.buckling
        and (factor := case_limits.buckling.factor)
        and math.isfinite(factor)
    ]
    if not modes:
        return {}
    factor, mode, name = min(modes, key=lambda entry: entry[0])
    figure = _figure(8.5, 5.4, bottom=0.1)
    draw_mode(figure.add_subplot(), problem, tiling, continuum, mode)
    caption = (
        f"In-plane buckling mode of the load case “{name}”, load factor {factor:.2f}. Lighter "
        "colours mark larger displacements; the amplitude is arbitrary. Undeformed outline in "
        "grey."
    )
    return {"buckled": Picture("Buckling mode", caption, address_of(figure, "png"))}


def _envelope(loaded: LoadedPart) -> Picture:
    figure = _figure(8.5, 4.2, right=0.68)
    draw_envelope(figure.add_subplot(), loaded)
    caption = (
        "Metric of all samples over the load factor, as it is read (band: one standard deviation "
        "of a repetition) and read exactly, and the first instability of a sample. In the window "
        "the requirements are met, with the required margin of stability."
    )
    return Picture("Envelope of the loads", caption, address_of(figure, "svg"))


def _candidates(problem: TrainableProblem, candidates: Sequence[Candidate]) -> Picture:
    figure = _figure(12.5, 4.2, left=0.07, right=0.985, bottom=0.24, wspace=0.08)
    task = problem.task
    draw_candidates(figure, candidates, read_label(task), task.primary_metric.better)
    caption = (
        "Metric as read of each candidate over its largest load, its mass and its load factor of "
        "instability, numbered as in the table. The line joins the best compromises: no other "
        "candidate within the limits is better in one of the two values and as good in the other. "
        "Triangles mark values beyond the axis, and parts for which no instability was found."
    )
    return Picture("Candidates of the search", caption, address_of(figure, "svg"))


def _prints(
    problem: TrainableProblem, prints: ToleranceStudy, loaded: LoadedPrints | None
) -> Picture:
    figure = _figure(12.5, 4, left=0.06, wspace=0.32)
    left, right = figure.subplots(1, 2)
    if loaded is not None:
        draw_loaded_prints(left, read_label(problem.task), loaded)
        model = "by the frame with large displacements"
    else:
        draw_print_samples(left, problem.task.primary_metric.label, prints)
        model = "by the bar model calibrated on this part's continuum model"
    draw_bond_shares(right, problem, prints)
    caption = (
        f"Left: metric of print samples with random errors, {model}. "
        "Right: bonds whose width errors affect the outputs most."
    )
    return Picture("Effect of print errors", caption, address_of(figure, "svg"))


def _directions(moduli: EffectiveModuli) -> Picture:
    figure = _figure(10, 4.4, left=0.03, bottom=0.13, top=0.86, wspace=0.12)
    draw_directions(figure, moduli)
    caption = (
        "Effective moduli of the network that repeats, pulled in all directions, by the continuum "
        "model of one period of the printed shape and by beams."
    )
    return Picture("Moduli by direction", caption, address_of(figure, "svg"))


def _moduli(problem: Problem) -> dict[str, Picture]:
    """Return a figure of the modulus over time, if the material has relaxation data."""
    relaxation = problem.material.relaxation
    if relaxation is None or problem.design.material.hold_time_s is None:
        return {}
    figure = _figure(8.5, 4)
    draw_moduli(figure.add_subplot(), relaxation, reference_state(problem, relaxation))
    caption = (
        "Modulus of the material under constant loads; the circle is that of the design. Dashed: "
        "outside of the times that the relaxation data cover."
    )
    return {"moduli": Picture("Modulus over time", caption, address_of(figure, "svg"))}


def address_of(figure: Figure, kind: Literal["svg", "png"]) -> str:
    """Return a figure as a data URI."""
    mime = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    return f"data:{mime};base64,{base64.b64encode(figure_bytes(figure, kind)).decode('ascii')}"


def figure_bytes(figure: Figure, kind: Literal["svg", "png"]) -> bytes:
    """Return a figure as a file; the same results give the same bytes.

    Its texts contain names of classes and experiments, which are drawn as they are: not as
    formulas, without control characters, and with a box for a character that the font lacks.
    """
    buffer = io.BytesIO()
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text(printable(text.get_text()))
    # Fixed hash salt and no date; ticks are created while the figure is drawn.
    with (
        mpl.rc_context(
            {"svg.hashsalt": "mnnfab", "svg.fonttype": "path", "text.parse_math": False}
        ),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=130, metadata=metadata)
    return buffer.getvalue()
