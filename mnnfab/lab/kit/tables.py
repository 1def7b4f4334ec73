"""Tables of the experiment kit: weights, expected displacements, and forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.io.tables import table_text
from mnnfab.lab.experiment.experiment import EXPERIMENT, PART_DIGITS
from mnnfab.lab.experiment.shots import SHOTS, Shot, shots_text
from mnnfab.lab.experiment.steps import STEPS, Step, steps_text

if TYPE_CHECKING:
    from mnnfab.lab.analysis.prediction import Prediction
    from mnnfab.lab.experiment.boards import Board
    from mnnfab.lab.experiment.plan import Plan
    from mnnfab.network.network import Network
    from mnnfab.printed_part.part import PrintedPart
    from mnnfab.problem.problem import Problem

#: Number of shots per load step in the forms.
REPEATS = 2
FORM = "positions-form.csv"

_TEMPLATE = """\
# Description of the experiment, read by `mnnfab lab measure`; keys: docs/reference/experiment.md.

schema = 1
name = "{name}"
part = "{part}" # hash of the bonds; measurements of other parts are rejected
kind = "positions" # a table; or "photographs": the files listed in shots.csv
elongation = "length" # change of bond length; "projection" assumes linear theory, without probes
# position_sd_mm = 0.01 # noise of one coordinate, if no load step has two shots

[positions]
file = "positions.csv" # {form}, completed and renamed; or a table of tracking software
layout = "auto" # long, dltdv, imagej, trackmate, deeplabcut or sleap
units = "mm" # or "px", with mm_per_px; without it, the scale is fitted to the part
y_axis = "up" # "down" in most pictures
points = "by-number" # point n is node n; "by-place" assigns points by position

[camera]
# calibration = "lens-*.jpg" # photographs of the board from several sides, for lens distortion
tracking = "{tracking}" # "dots" if the nodes are painted; "shapes" tracks the hubs
part = "dark" # on a light background, or "light"

[board] # as printed from board.svg; measure its squares
{board}
"""


def template_files(
    part: PrintedPart,
    name: str,
    steps: Sequence[Step],
    board: Board | None = None,
) -> dict[str, str]:
    """Return the files of an experiment to be completed: description and tables, by name.

    Args:
        part: the part.
        name: name of the experiment.
        steps: load steps, with the zero.
        board: calibration board; one that fits the part if not given.
    """
    problem = part.problem
    board = board or part_board(problem)
    dots = problem.design.features.dots is not None
    values = board.model_dump(mode="json")
    lines = "\n".join(f"{key} = {_toml(value)}" for key, value in values.items())
    text = _TEMPLATE.format(
        name=name[:80],
        part=part.shape_sha256[:PART_DIGITS],
        form=FORM,
        tracking="dots" if dots else "shapes",
        board=lines,
    )
    shots = [Shot(f"{step.name}-{n}.jpg", step.name) for step in steps for n in range(REPEATS)]
    form = [
        (step.name, repeat, node, "", "", "")
        for step in steps
        for repeat in range(REPEATS)
        for node in range(problem.network.n_nodes)
    ]
    return {
        EXPERIMENT: text,
        STEPS: steps_text(steps),
        SHOTS: shots_text(tuple(shots)),
        FORM: table_text(("step", "repeat", "node", "x", "y", "time_s"), form),
    }


def part_board(problem: Problem) -> Board:
    """Return a calibration board whose window leaves the part room to move."""
    from mnnfab.lab.experiment.boards import board_for

    size = np.ptp(problem.network.nodes, axis=0)
    margin = 2 * problem.design.fabrication.width_max_mm + 8.0
    pads = problem.design.features.pads
    margin += 4 * pads.radius_mm if pads is not None else 0.0
    width, height = (size + margin).tolist()
    return board_for(width, height)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, list | tuple) else f"{value}"


def loads_text(plan: Plan) -> str:
    """Return the weights of a plan, the effects of rounding and the errors of probes, as CSV."""
    header = (
        *("step", "role", "node", "axis", "load_gf", "hang"),
        *("outputs_off_mm", "gradient_cosine", "margin_exact_mm", "margin_rounded_mm"),
        *("reading_error", "curvature_error"),
    )
    effects = {
        step.name: (
            float(np.abs(case.outputs_mm[1] - case.outputs_mm[0]).max()),
            "" if case.gradient is None else case.gradient.cosine,
            *(("", "") if case.margin_mm is None else case.margin_mm),
            *((case.probe_size.reading, case.probe_size.curvature) if step.added_to else ("", "")),
        )
        for case in plan.cases
        for step in (case.forward, *case.probes)
    }
    rows = [
        (
            *(
                step.name,
                step.role,
                weight.port.node,
                weight.port.axis_name,
                weight.load_gf,
                str(weight),
            ),
            *effects.get(step.name, (0.0, 1.0, *("",) * 4)),
        )
        for step in plan.steps
        for weight in step.weights
    ]
    return table_text(header, rows)


def expected_text(network: Network, prediction: Prediction) -> str:
    """Return the predicted displacements of all nodes as CSV.

    Columns: bar model, continuum model, the standard deviation over print samples, rubber model.
    """
    header = (
        *("step", "node", "x_mm", "y_mm", "bars_ux_mm", "bars_uy_mm"),
        *("continuum_ux_mm", "continuum_uy_mm", "print_sd_x_mm", "print_sd_y_mm"),
        *("rubber_ux_mm", "rubber_uy_mm"),
    )
    rows = [
        (
            *(step.name, node, *network.nodes[node].tolist()),
            *prediction.bars_mm[s, node].tolist(),
            *prediction.continuum_mm[s, node].tolist(),
            *prediction.sd_mm[s, node].tolist(),
            *prediction.loaded_mm[s, node].tolist(),
        )
        for s, step in enumerate(prediction.steps)
        for node in range(network.n_nodes)
    ]
    return table_text(header, rows)
