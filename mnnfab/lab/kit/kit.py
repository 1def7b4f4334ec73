"""Experiment kit: instructions, forms and expected values for testing a part."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr
from mnnfab.lab.analysis.prediction import Prediction, predict
from mnnfab.lab.experiment.node_rotation import MAX_ROTATION, node_rotations, with_limited_rotation
from mnnfab.lab.experiment.plan import Plan, make_plan, plan_model, unique_names
from mnnfab.lab.experiment.steps import RIGID, ZERO, Step
from mnnfab.lab.folder import write_files
from mnnfab.lab.kit.tables import (
    expected_text,
    loads_text,
    part_board,
    template_files,
)
from mnnfab.network.ports import displacement_name, port_sd, read_ports

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.network.ports import AnyPort
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import PortProblem

PAGE, PDF, LOADS, EXPECTED, BOARD, FRAME = (
    *("kit.html", "kit.pdf", "loads.csv", "expected.csv"),
    *("board.svg", "frame.svg"),
)
#: Largest displacement for which the models are used, as a share of the shortest bond.
MAX_DISPLACEMENT_SHARE = 0.25
#: Number of blank labels.
SPARE_LABELS = 6


@dataclass(frozen=True, eq=False)
class Kit:
    """Contents of a kit.

    Args:
        part: the part.
        plan: load steps.
        prediction: predicted displacements of all load steps.
        rotations: largest rotation of a node in each load step, (n_steps,) rad.
    """

    part: PortPart
    plan: Plan
    prediction: Prediction
    rotations: FloatArray

    __repr__ = short_repr

    @property
    def steps(self) -> tuple[Step, ...]:
        """All load steps, with the zero and the rigid-body motion."""
        return (ZERO, RIGID, *unique_names(self.plan.steps))

    @property
    def part_id(self) -> str:
        """Name of the part and the first digits of its hash, as on its tab."""
        return f"{self.problem.design.name} {self.part.sha256[:6]}"

    @property
    def problem(self) -> PortProblem:
        """The design."""
        return self.part.problem


def make_kit(part: PortPart, largest_gf: float | None) -> Kit:
    """Return the kit of a part.

    Args:
        part: the part.
        largest_gf: heaviest weight; the largest load of the task if not given.
    """
    problem, task, continuum = part.problem, part.problem.task, part.continuum
    plan = make_plan(task, plan_model(problem, part.widths_mm), largest_gf)
    plan = replace(plan, ports=with_limited_rotation(task, plan.ports, continuum))
    steps = unique_names(plan.steps)
    prediction = predict(part, steps)
    largest = float(np.abs(prediction.loaded_mm).max())
    if largest > MAX_DISPLACEMENT_SHARE * problem.network.lengths.min():
        given = f"weights that displace nodes by {largest:.3g} mm"
        share = f"{MAX_DISPLACEMENT_SHARE:.0%}"
        allowed = f"up to {share} of a bond's length: use lighter weights (--largest)"
        raise InputError("kit", given, allowed)
    rotations = node_rotations(task, steps, continuum)
    return Kit(part, plan, prediction, rotations)


def write_kit(staging: Path, kit: Kit) -> list[str]:
    """Write a kit into a folder.

    Returns:
        Notes for the laboratory: files left out, and load steps beyond linear theory.
    """
    name = f"{kit.problem.design.name} in the laboratory"
    board = part_board(kit.problem)
    single = {step.name for step in unique_names(kit.plan.ports)}
    files = {
        LOADS: loads_text(kit.plan),
        EXPECTED: expected_text(kit.problem.network, kit.prediction),
        **template_files(kit.part, name, kit.steps, board),
    }
    notes = [*kit.plan.left_out, *kit.prediction.unstable.values()]
    notes += [
        f"{step.name} rotates a node by {np.degrees(rotation):.0f}°, beyond linear theory: "
        "the continuum model is not valid; use lighter weights"
        for step, rotation in zip(kit.prediction.steps, kit.rotations.tolist(), strict=True)
        if rotation > MAX_ROTATION and step.name in single
    ]
    frame = _frame(kit)
    if frame is not None:
        files[FRAME] = frame
    try:
        from mnnfab.lab.experiment.boards import board_svg

        files[BOARD] = board_svg(board)
    except InputError as error:
        notes.append(f"{BOARD} was not written: {error}")
    page = _page(kit, frame)
    files[PAGE] = page
    write_files(staging, files)
    try:
        from mnnfab.report.pdf import pdf_bytes

        (staging / PDF).write_bytes(pdf_bytes(page))
    except InputError as error:
        notes.append(f"{PDF} was not written: {error}; print {PAGE} instead")
    return notes


def _frame(kit: Kit) -> str | None:
    """Return the drill drawing of the mounting frame, if the part has pads."""
    if kit.problem.design.features.pads is None:
        return None
    from tempfile import TemporaryDirectory

    from export.frame import write_frame
    from geometry.part import Label

    label = Label(kit.problem.design.name, kit.part.sha256, kit.problem.material.name, "frame")
    with TemporaryDirectory(prefix="mnnfab-kit-") as folder:
        write_frame(kit.part.tiling, kit.problem.network, label, Path(folder))
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
    tied = "to the eyelets, and around the other nodes" if eyelets else "around the nodes"
    painted = "paint the raised dots" if dots else "paint a dot on every node"
    largest = float(np.abs(kit.prediction.loaded_mm).max())
    mounted = f"Mount the part in the frame at nodes {fixed}"
    supports = kit.problem.network.supports
    if supports:
        mounted += f"; support {', '.join(map(str, supports))}"
    return [
        f"{mounted}; nothing else may touch it.",
        f"For tracking: {painted}, lighter than the part; or set tracking to shapes.",
        "Print board.svg at its true size and mount it flat, its face flush with the part's.",
        "Hang the part in the window of the board.",
        "Measure ten squares of the board with a caliper, for experiment.toml.",
        "Camera on a tripod, remote trigger, square to the board; do not change focus and zoom.",
        f"Board and part fill the picture. Nodes move by up to {largest:.2f} mm.",
        "Take eight photographs of the board from several sides: lens-0.jpg and so on.",
        "Weigh the weights to 0.1 g or better.",
        f"Tie strings {tied}; use pulleys for loads that do not act downwards.",
        "Zero: photograph the part without weights before and after the load steps.",
        "Rigid: move part and frame by some tenths of a millimetre and photograph twice.",
        "Each step: load slowly, wait a minute (rubber creeps), photograph twice; note the time.",
        "After each load step, unload the part and let it recover for the same time.",
        "Probes: leave the load on the part, add the weights, photograph, and take only them off.",
        "Note temperature and date; label weights and part.",
    ]


def _hooks(kit: Kit) -> str:
    from matplotlib.figure import Figure

    from mnnfab.report.figures import address_of
    from mnnfab.report.symbols import draw_symbols, shown_ports

    network = kit.problem.network
    figure = Figure(figsize=(8, 6))
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.93)
    axes = figure.subplots()
    for cell in kit.part.tiling.polygons:  # light grey, to keep the numbers legible
        axes.fill(*np.array(cell.exterior.coords).T, color="#DDDDDD", lw=0)
    axes.set_aspect("equal")
    axes.set_axis_off()
    margin = float(network.lengths.mean())
    low, high = network.nodes.min(axis=0) - margin, network.nodes.max(axis=0) + margin
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    draw_symbols(axes, network, shown_ports(kit.problem.task))
    return address_of(figure, "svg")


def _ports_read(kit: Kit, step: Step) -> tuple[AnyPort, ...]:
    """Return the ports that are read in a load step."""
    return kit.problem.task.inputs if step.role == "adjoint" else kit.problem.task.outputs


def _expect(kit: Kit, row: int) -> list[str]:
    step, prediction = kit.prediction.steps[row], kit.prediction
    return [
        f"{displacement_name(port)}: "
        f"{read_ports([port], prediction.loaded_mm[row].ravel())[0]:+.3f} ± "
        f"{port_sd(port, prediction.sd_mm[row]):.3f} mm"
        for port in _ports_read(kit, step)
    ]


def _case_cards(kit: Kit) -> list[dict[str, object]]:
    rows = {step.name: row for row, step in enumerate(kit.prediction.steps)}
    return [
        {
            "name": case.case.name,
            "forward": str(case.forward),
            "expect": _expect(kit, rows[case.forward.name]),
            "probes": [
                {"name": step.name, "hang": "; ".join(map(str, step.weights))}
                for step in case.probes
            ],
            "probe_size": case.probe_size,
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
            "port": displacement_name(port),
            "bars": float(read_ports([port], prediction.bars_mm[row].ravel())[0]),
            "continuum": float(read_ports([port], prediction.continuum_mm[row].ravel())[0]),
            "rubber": float(read_ports([port], prediction.loaded_mm[row].ravel())[0]),
            "sd": port_sd(port, prediction.sd_mm[row]),
        }
        for row, step in enumerate(prediction.steps)
        for port in _ports_read(kit, step)
    ]
