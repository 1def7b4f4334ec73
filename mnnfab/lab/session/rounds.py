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
from mnnfab.lab.experiment.plan import make_plan, unique_names, with_zero
from mnnfab.lab.experiment.shots import SHOTS, load_shots
from mnnfab.lab.experiment.steps import Step
from mnnfab.lab.folder import lab_folder, write_files
from mnnfab.lab.kit.tables import template_files
from mnnfab.lab.session.state import (
    ROUND,
    SESSION,
    STATE,
    STIFFNESS,
    Round,
    Settings,
    first_round,
    load_last_round,
    load_settings,
    next_round,
    settings_text,
    widths_of,
    with_uncorrected_bars,
)
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.runs.record import WIDTHS, Record
from mnnfab.runs.run_folder import DESIGN, write_training

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.progress.watcher import StageTimer

#: Default learning rate of Adam: a tenth of the range of widths per round.
USUAL_RATE = 0.1


@dataclass(frozen=True, eq=False)
class RoundStatus:
    """Status of a session: the round to measure next.

    Args:
        number: number of the round.
        folder: folder for the measurement.
        steps: load steps to apply.
        losses: losses measured in the previous rounds.
        rehearsed: for each of them, True if it was measured on a continuum model.
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
        problem = with_uncorrected_bars(require_trainable(load_problem(design)))
    if (out / SESSION).exists():
        raise InputError(str(out), "already a session", "another folder, or `mnnfab lab step`")
    begun = first_round(problem)
    widths = widths_of(problem, begun)
    # The round is written first, so that every session with a session.json has one.
    steps = _write_round(out, problem, begun)
    with lab_folder(out) as staging:
        write_training(staging, problem, Record(widths, {}, {}))
        settings = Settings(rate, sha256_of(staging / DESIGN))
        write_files(staging, {SESSION: settings_text(settings)})
    return RoundStatus(0, out / ROUND.format(0), steps)


def load_session(folder: Path) -> tuple[TrainableProblem, Settings, Round, Path]:
    """Return problem, settings and last round of a session, and the folder of the round.

    Raises:
        InputError: if the folder is not a session, or is damaged.
    """
    settings = load_settings(folder)
    problem = with_uncorrected_bars(require_trainable(load_problem(folder / DESIGN)))
    found, place = load_last_round(folder, problem.network.n_bonds)
    return problem, settings, found, place


def step_session(
    folder: Path, measured: Path | None, timer: StageTimer, *, rehearsed: bool = False
) -> RoundStatus:
    """Evaluate the measurement of the current round, if available, and write the next round.

    Args:
        folder: folder of the session.
        measured: folder of the experiment; the round's own if not given.
        timer: stage timer.
        rehearsed: True if the measurement is of the continuum model.

    Raises:
        InputError: if an input is invalid; the session is then unchanged.
    """
    problem, settings, found, place = load_session(folder)
    source = measured or place
    if measured is None and not is_measured(place):
        steps = load_experiment(place).steps
        return RoundStatus(found.number, place, steps, found.losses, found.rehearsed)
    widths = widths_of(problem, found)
    analysis = analyse(PrintedPart(problem, widths, timer), source)
    if analysis.gradient is None:
        given = "load steps that do not determine a gradient"
        raise InputError(str(source), given, "forward and adjoint load steps, as in its steps.csv")
    digest = hashlib.sha256(analysis.measurement.places_mm.tobytes()).hexdigest()
    if digest in found.measured:
        number = found.measured.index(digest)
        given = f"the measurement of round {number}, already used"
        raise InputError(str(source), given, f"a measurement of the part of round {found.number}")
    with lab_folder(place / "measured") as staging, timer.stage("report"):
        write_analysis(staging, analysis)
    after = next_round(problem, settings, found, analysis.gradient)
    after = replace(
        after,
        measured=(*found.measured, digest),
        rehearsed=(*found.rehearsed, rehearsed),
    )
    change = float(np.abs(widths_of(problem, after) - widths).max())
    steps = _write_round(folder, problem, after)
    place = folder / ROUND.format(after.number)
    return RoundStatus(after.number, place, steps, after.losses, after.rehearsed, analysis, change)


def is_measured(place: Path) -> bool:
    """Return True if the folder of a round contains its measurement."""
    section = load_experiment(place).section
    photographed = any((place / shot.source).is_file() for shot in load_shots(place / SHOTS))
    if section.kind == "photographs":
        return photographed
    measured = (place / section.positions.file).is_file()
    if photographed and not measured:
        given = 'kind = "positions", but the folder contains photographs'
        raise InputError(str(place / EXPERIMENT), given, 'kind = "photographs"')
    return measured


def _write_round(folder: Path, problem: TrainableProblem, found: Round) -> tuple[Step, ...]:
    """Write the files of a round; return its load steps."""
    widths = widths_of(problem, found)
    response = problem.response(widths)
    steps = with_zero(unique_names(make_plan(problem.task, response).ports))
    place = folder / ROUND.format(found.number)
    name = f"{problem.design.name}, round {found.number}"
    files = {
        STIFFNESS: _stiffness(problem, widths),
        STATE: found.as_json(),
        **template_files(PrintedPart(problem, widths), name, steps),
    }
    with lab_folder(place) as staging:
        write_training(staging, _part_of(problem, found.number), Record(widths, {}, {}))
        write_files(staging, files)
    return steps


def _part_of(problem: Problem, number: int) -> Problem:
    """Return the design of a round's part: widths from their table, no training."""
    design = problem.design
    changed = {
        "name": f"{design.name}-round-{number}"[:80],
        "widths": WidthsSection(file=WIDTHS),
        "training": None,
        "compensate": None,
    }
    return replace(problem, design=design.model_copy(update=changed), start_table=None)


def _stiffness(problem: Problem, widths_mm: FloatArray) -> str:
    """Return the target stiffness of every bond as CSV, for tunable bonds."""
    stiffness = problem.law.stiffness(widths_mm)
    rows = [
        (bond, *nodes, float(stiffness[bond]))
        for bond, nodes in enumerate(problem.network.bonds.tolist())
    ]
    return table_text(("bond", "node_i", "node_j", "stiffness_N_per_mm"), rows)
