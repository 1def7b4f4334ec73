"""Rounds of a session as folders: start, measurement, update, and the next round."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.design.training_section import WidthsSection
from mnnfab.errors import InputError
from mnnfab.io.files import sha256_of
from mnnfab.io.tables import table_text
from mnnfab.lab.analysis.analysis import Analysis, analyse
from mnnfab.lab.analysis.results import write_analysis
from mnnfab.lab.experiment.experiment import EXPERIMENT, load_experiment
from mnnfab.lab.experiment.plan import plan_model
from mnnfab.lab.experiment.shots import SHOTS, load_shots
from mnnfab.lab.experiment.steps import Step
from mnnfab.lab.folder import lab_folder, write_files
from mnnfab.lab.kit.tables import template_files
from mnnfab.lab.session.round_steps import round_steps
from mnnfab.lab.session.state import (
    SESSION,
    STATE,
    STIFFNESS,
    Round,
    Settings,
    first_round,
    load_last_round,
    load_settings,
    next_round,
    round_name,
    settings_text,
    widths_of,
)
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.runs.record import WIDTHS, Record
from mnnfab.runs.run_folder import DESIGN, write_training

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.progress.watcher import StageTimer

#: Default learning rate of Adam: a tenth of the range of widths per round.
DEFAULT_RATE = 0.1


@dataclass(frozen=True, eq=False)
class RoundStatus:
    """Status of a session: the round to measure next.

    Args:
        number: number of the round.
        folder: folder for the measurement.
        steps: load steps to apply.
        losses: losses measured in the previous rounds.
        rehearsed: for each of them, True if it was measured on the rubber model.
        analysis: analysis of the measurement that was just evaluated, if any.
        change_mm: largest change of a width by it.
    """

    number: int
    folder: Path
    steps: tuple[Step, ...]
    losses: tuple[float, ...] = ()
    rehearsed: tuple[bool, ...] = ()
    analysis: Analysis | None = None
    change_mm: float = 0.0


def start_session(design: Path, out: Path, rate: float, timer: StageTimer) -> RoundStatus:
    """Start a session for a design, with the initial widths of its training.

    Raises:
        InputError: if the design is invalid or `out` is already a session.
    """
    with timer.stage("read"):
        problem = _uncorrected(design)
    if (out / SESSION).exists():
        raise InputError(str(out), "already a session", "another folder, or `mnnfab lab step`")
    state = first_round(problem)
    widths = widths_of(problem, state)
    # The round is written first, so that every session with a session.json has one.
    steps = _write_round(out, problem, state)
    with lab_folder(out) as staging:
        write_training(staging, problem, Record(widths, {}, {}))
        settings = Settings(rate, sha256_of(staging / DESIGN))
        write_files(staging, {SESSION: settings_text(settings)})
    return RoundStatus(0, out / round_name(0), steps)


def _uncorrected(design: Path) -> TrainableProblem:
    """Return a problem with the uncorrected bar model, since gradients are measured on the part."""
    problem = require_trainable(load_problem(design)).uncorrected
    if problem.task.moduli is not None or problem.task.prescribed is not None:
        given = "targets of effective moduli, or prescribed displacements"
        allowed = "targets of outputs under loads: the gradient is measured at the ports"
        raise InputError(f"{design}, [task]", given, allowed)
    return problem


def load_session(folder: Path) -> tuple[TrainableProblem, Settings, Round, Path]:
    """Return problem, settings and last round of a session, and the folder of the round.

    Raises:
        InputError: if the folder is not a session, or is damaged.
    """
    settings = load_settings(folder)
    problem = _uncorrected(folder / DESIGN)
    state, round_folder = load_last_round(folder, problem.network.n_bonds)
    return problem, settings, state, round_folder


def current_part(folder: Path, timer: StageTimer) -> PortPart:
    """Return the part of the current round of a session."""
    problem, _, state, _ = load_session(folder)
    return PrintedPart(problem, widths_of(problem, state), timer)


def step_session(
    folder: Path, measured: Path | None, timer: StageTimer, rehearsed: PortPart | None = None
) -> RoundStatus:
    """Evaluate the measurement of the current round, if available, and write the next round.

    Args:
        folder: folder of the session.
        measured: folder of the experiment; the round's own if not given.
        timer: stage timer.
        rehearsed: the part of the round, if its rubber model was measured instead of a print.

    Raises:
        InputError: if an input is invalid; the session is then unchanged.
    """
    problem, settings, state, round_folder = load_session(folder)
    experiment = measured or round_folder
    if measured is None and not is_measured(round_folder):
        steps = load_experiment(round_folder).steps
        return RoundStatus(state.number, round_folder, steps, state.losses, state.rehearsed)
    widths = widths_of(problem, state)
    analysis = analyse(rehearsed or PrintedPart(problem, widths, timer), experiment)
    if analysis.gradient is None:
        given = "load steps that do not determine a gradient"
        raise InputError(
            str(experiment), given, "forward load steps and their probes, as in its steps.csv"
        )
    analysis.fit.require(str(experiment))
    digest = hashlib.sha256(analysis.measurement.positions_mm.tobytes()).hexdigest()
    if digest in state.measured:
        number = state.measured.index(digest)
        given = f"the measurement of round {number}, already used"
        raise InputError(
            str(experiment), given, f"a measurement of the part of round {state.number}"
        )
    with lab_folder(round_folder / "measured") as staging, timer.stage("report"):
        write_analysis(staging, analysis)
    after = next_round(problem, settings, state, analysis.gradient)
    after = replace(
        after,
        measured=(*state.measured, digest),
        rehearsed=(*state.rehearsed, rehearsed is not None),
    )
    change = float(np.abs(widths_of(problem, after) - widths).max())
    steps = _write_round(folder, problem, after)
    round_folder = folder / round_name(after.number)
    return RoundStatus(
        after.number, round_folder, steps, after.losses, after.rehearsed, analysis, change
    )


def is_measured(round_folder: Path) -> bool:
    """Return True if the folder of a round contains its measurement."""
    section = load_experiment(round_folder).section
    has_photographs = any(
        (round_folder / shot.source).is_file() for shot in load_shots(round_folder / SHOTS)
    )
    if section.kind == "photographs":
        return has_photographs
    measured = (round_folder / section.positions.file).is_file()
    if has_photographs and not measured:
        given = 'kind = "positions", but the folder contains photographs'
        raise InputError(str(round_folder / EXPERIMENT), given, 'kind = "photographs"')
    return measured


def _write_round(folder: Path, problem: TrainableProblem, state: Round) -> tuple[Step, ...]:
    """Write the files of a round; return its load steps."""
    widths = widths_of(problem, state)
    model = plan_model(problem, widths)
    steps = round_steps(problem.task, model, problem.design.schedule.seed, state.number)
    round_folder = folder / round_name(state.number)
    name = f"{problem.design.name}, round {state.number}"
    files = {
        STIFFNESS: _stiffness(problem, widths),
        STATE: state.as_json(),
        **template_files(PrintedPart(problem, widths), name, steps),
    }
    with lab_folder(round_folder) as staging:
        write_training(staging, _part_of(problem, state.number), Record(widths, {}, {}))
        write_files(staging, files)
    return steps


def _part_of(problem: Problem, number: int) -> Problem:
    """Return the design of a round's part: widths from their table, no training."""
    design = problem.design
    changes = {
        "name": f"{design.name}-round-{number}"[:80],
        "widths": WidthsSection(file=WIDTHS),
        "training": None,
        "compensate": None,
    }
    return replace(problem, design=design.model_copy(update=changes), start_table=None)


def _stiffness(problem: Problem, widths_mm: FloatArray) -> str:
    """Return the target stiffness of every bond as CSV, for tunable bonds."""
    stiffness = problem.law.stiffness(widths_mm)
    rows = [
        (bond, *nodes, float(stiffness[bond]))
        for bond, nodes in enumerate(problem.network.bonds.tolist())
    ]
    return table_text(("bond", "node_i", "node_j", "stiffness_N_per_mm"), rows)
