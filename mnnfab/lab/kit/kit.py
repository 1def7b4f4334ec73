"""The experiment kit: all that a laboratory needs to test a part, as a page to print and tables."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.lab.analysis.prediction import Prediction, foresee
from mnnfab.lab.experiment.joint_rotation import FARTHEST_TURN, lighter_where_turning, turns_of
from mnnfab.lab.experiment.plan import Plan, make_plan, unique_names
from mnnfab.lab.experiment.steps import RIGID, ZERO, Step
from mnnfab.lab.folder import write_files
from mnnfab.lab.kit.tables import (
    expected_text,
    loads_text,
    part_board,
    template_files,
)
from mnnfab.printed_part.tiling import part_sha256

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from geometry.tiling import Tiling
    from mnnfab.arrays import FloatArray
    from mnnfab.problem.problem import Problem
    from mnnfab.task.task import Task

PAGE, PDF, LOADS, EXPECTED, BOARD, FRAME = (
    *("kit.html", "kit.pdf", "loads.csv", "expected.csv"),
    *("board.svg", "frame.svg"),
)
#: Joints that move by more than this share of a bond are no matter of linear theory.
FARTHEST_SHARE = 0.25
#: Bare labels at the end, to be written on.
SPARE_LABELS = 6


@dataclass(frozen=True, eq=False)
class Kit:
    """What goes into a kit.

    Args:
        problem: the design.
        task: its ports.
        widths_mm: of the part, (n_bonds,).
        tiling: of the part as it is printed.
        plan: what hangs.
        prediction: of all steps.
        turns: how far the joint that turns most turns in each of them, (n_steps,) rad.
    """

    problem: Problem
    task: Task
    widths_mm: FloatArray
    tiling: Tiling
    plan: Plan
    prediction: Prediction
    turns: FloatArray

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, with the zero and the part moved as a whole."""
        return (ZERO, RIGID, *unique_names(self.plan.steps))

    @property
    def part_id(self) -> str:
        """Name of the part and the first digits of its hash, as on its tab."""
        digest = part_sha256(self.problem, self.widths_mm)
        return f"{self.problem.design.name} {digest[:6]}"


def make_kit(
    problem: Problem,
    task: Task,
    made: tuple[FloatArray, Tiling, Continuum],
    largest_gf: float | None,
) -> Kit:
    """Return the kit of a part.

    Args:
        problem: the design.
        task: its ports.
        made: widths, tiling and solved continuum of the part.
        largest_gf: heaviest weight; the task's own if not given.
    """
    widths, tiling, continuum = made
    plan = make_plan(task, continuum.response, largest_gf)
    plan = replace(plan, ports=lighter_where_turning(task, plan.ports, continuum))
    steps = unique_names(plan.steps)
    prediction = foresee(problem.uncorrected, task, widths, steps, continuum)
    farthest = float(np.abs(prediction.continuum_mm).max())
    if farthest > FARTHEST_SHARE * problem.network.lengths.min():
        given = f"weights that move joints by {farthest:.3g} mm"
        allowed = f"up to {FARTHEST_SHARE:.0%} of a bond's length: lighter ones (--largest)"
        raise InputError("kit", given, allowed)
    turns = turns_of(task, steps, continuum)
    return Kit(problem, task, widths, tiling, plan, prediction, turns)


def write_kit(staging: Path, kit: Kit) -> list[str]:
    """Write a kit into a folder.

    Returns:
        What a laboratory should know: what is left out, and loads that are beyond theory.
    """
    name = f"{kit.problem.design.name} in the laboratory"
    board = part_board(kit.problem)
    files = {
        LOADS: loads_text(kit.plan),
        EXPECTED: expected_text(kit.problem.network, kit.prediction),
        **template_files(kit.problem, kit.widths_mm, name, kit.steps, board),
    }
    notes = [
        f"{step.name} turns a joint by {np.degrees(turn):.0f}°, beyond linear theory: "
        "expect other numbers than on its card, or hang less"
        for step, turn in zip(kit.prediction.steps, kit.turns.tolist(), strict=True)
        if turn > FARTHEST_TURN
    ]
    frame = _frame(kit)
    if frame is not None:
        files[FRAME] = frame
    try:
        from mnnfab.lab.experiment.boards import board_svg

        files[BOARD] = board_svg(board)
    except InputError as error:
        notes.append(f"{BOARD} is left out: {error}")
    page = _page(kit, frame)
    files[PAGE] = page
    write_files(staging, files)
    try:
        from mnnfab.report.pdf import pdf_bytes

        (staging / PDF).write_bytes(pdf_bytes(page))
    except InputError as error:
        notes.append(f"{PDF} is left out: {error}; {PAGE} can be printed too")
    return notes


def _frame(kit: Kit) -> str | None:
    """Return the drill drawing of the frame, if the part has pads."""
    if kit.problem.design.features.pads is None:
        return None
    from tempfile import TemporaryDirectory

    from export.frame import write_frame
    from geometry.part import Label

    digest = part_sha256(kit.problem, kit.widths_mm)
    label = Label(kit.problem.design.name, digest, kit.problem.material.name, "frame")
    with TemporaryDirectory(prefix="mnnfab-kit-") as folder:
        write_frame(kit.tiling, kit.problem.network, label, Path(folder))
        return next(Path(folder).glob("*.svg")).read_text(encoding="utf-8")


def _page(kit: Kit, frame: str | None) -> str:
    from mnnfab.report.template import render

    ports = unique_names(kit.plan.steps)[: len(kit.plan.ports)]
    return render(
        "kit.html",
        title=f"{kit.problem.design.name}: experiment kit",
        part_id=kit.part_id,
        checklist=_checklist(kit),
        hooks=_hooks(kit),
        port_cards=[
            {"name": step.name, "hang": str(step), "expect": _expect(kit, n)}
            for n, step in enumerate(ports)
        ],
        case_cards=_case_cards(kit),
        expected=_expected(kit),
        frame=None if frame is None else _address(frame),
        labels=[{"name": s.name, "hang": str(s)} for s in kit.steps]
        + [{"name": "", "hang": ""}] * SPARE_LABELS,
    )


def _address(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode('utf-8')).decode('ascii')}"


def _checklist(kit: Kit) -> list[str]:
    fixed = ", ".join(map(str, kit.problem.network.fixed.tolist()))
    dots = kit.problem.design.features.dots is not None
    eyelets = kit.problem.design.features.eyelets is not None
    tied = (
        "in the eyelets, and around the joints of other nodes" if eyelets else "around the joints"
    )
    painted = "paint the raised dots" if dots else "paint a dot at every joint"
    biggest = float(np.abs(kit.prediction.continuum_mm).max())
    return [
        f"The part hangs from the frame at nodes {fixed}; nothing else touches it.",
        f"For the camera: {painted}, lighter than the part; or set tracking to shapes.",
        "board.svg is printed at its true size, flat, its face flush with the part's.",
        "The part hangs in the board's window.",
        "Ten squares of the board are measured with a caliper, for experiment.toml.",
        "Camera on a tripod, remote trigger, square to the board; focus and zoom stay as they are.",
        f"Board and part fill the picture. Joints move by up to {biggest:.2f} mm.",
        "Eight photographs of the board from several sides, for the lens: lens-0.jpg and on.",
        "Weights weighed, to 0.1 g or better.",
        f"Strings {tied}, over pulleys where a load does not pull down.",
        "Zero: the part as it hangs, without weights, photographed before and after the steps.",
        "Rigid: the part moved with its frame by some tenths of a millimetre, photographed twice.",
        "Each step: hang slowly, wait a minute (rubber creeps), photograph twice; note the time.",
        "After each step the part is unloaded and given as long to recover.",
        "Temperature and date noted; weights and part labelled.",
    ]


def _hooks(kit: Kit) -> str:
    from matplotlib.figure import Figure

    from mnnfab.report.figures import address_of
    from mnnfab.report.sketch import draw_ports

    figure = Figure(figsize=(8, 6), layout="constrained")
    axes = figure.subplots()
    for cell in kit.tiling.polygons:  # pale, so that the numbers can be read
        axes.fill(*np.array(cell.exterior.coords).T, color="#DDDDDD", lw=0)
    draw_ports(axes, kit.problem.network, kit.task)
    axes.set_aspect("equal")
    axes.set_axis_off()
    low = float(kit.problem.network.nodes[:, 1].min())
    length = 0.12 * float(np.ptp(kit.problem.network.nodes[:, 0]))
    for step in kit.plan.ports:
        (one,) = step.hung
        colour = "#D55E00" if step.role == "forward" else "#009E73"
        way = np.sign(one.load_gf) * length * np.eye(2)["xy".index(one.port.axis)]
        place = kit.problem.network.nodes[one.port.node]
        axes.annotate(
            "", place + way, place, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2}
        )
    axes.set_ylim(low - 1.6 * length)
    return address_of(figure, "svg")


def _ports_read(kit: Kit, step: Step) -> list[tuple[int, int, str]]:
    """Return node, axis and name of what a step is read at."""
    ports = kit.task.outputs if step.role == "forward" else kit.task.inputs
    return [(port.node, "xy".index(port.axis), f"u_{port.axis} of {port.node}") for port in ports]


def _expect(kit: Kit, row: int) -> list[str]:
    step, prediction = kit.prediction.steps[row], kit.prediction
    return [
        f"{name}: {prediction.continuum_mm[row, node, axis]:+.3f} ± "
        f"{prediction.sd_mm[row, node, axis]:.3f} mm"
        for node, axis, name in _ports_read(kit, step)
    ]


def _case_cards(kit: Kit) -> list[dict[str, object]]:
    rows = {step.name: row for row, step in enumerate(kit.prediction.steps)}
    return [
        {
            "name": case.case.name,
            "forward": str(case.forward),
            "expect": _expect(kit, rows[case.forward.name]),
            "adjoint": None if case.adjoint is None else str(case.adjoint),
            "outputs_off": float(np.abs(case.outputs_mm[1] - case.outputs_mm[0]).max()),
            "cosine": None if case.gradient is None else case.gradient.cosine,
            "margin": case.margin_mm,
            "keeps_class": case.keeps_class,
        }
        for case in kit.plan.cases
    ]


def _expected(kit: Kit) -> list[dict[str, object]]:
    prediction = kit.prediction
    return [
        {
            "step": step.name,
            "port": name,
            "bars": float(prediction.bars_mm[row, node, axis]),
            "continuum": float(prediction.continuum_mm[row, node, axis]),
            "sd": float(prediction.sd_mm[row, node, axis]),
        }
        for row, step in enumerate(prediction.steps)
        for node, axis, name in _ports_read(kit, step)
    ]
