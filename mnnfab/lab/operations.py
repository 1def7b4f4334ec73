"""Laboratory commands as functions from input folders to result folders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnnfab.errors import InputError
from mnnfab.io.files import read_json
from mnnfab.lab.experiment.plan import make_plan, plan_model, unique_names
from mnnfab.lab.experiment.steps import RIGID, ZERO
from mnnfab.lab.folder import lab_folder
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.printed_part.reactions import with_reactions
from mnnfab.problem.problem import require_ports
from mnnfab.progress.watcher import NullWatcher, ProgressWatcher, StageTimer
from mnnfab.runs.load import load_run, require_run
from mnnfab.runs.run_folder import REPORT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnnfab.findings import Finding
    from mnnfab.lab.analysis.analysis import Analysis
    from mnnfab.lab.analysis.comparison import Factor
    from mnnfab.lab.analysis.observations import Observation
    from mnnfab.lab.material.identifying import Identification
    from mnnfab.lab.session.rehearsal import Kind
    from mnnfab.lab.session.rounds import RoundStatus

MEASURED, KIT, IDENTIFIED = "measured", "kit", "identified"


@dataclass(frozen=True)
class LabResult:
    """Result of a laboratory command.

    Args:
        folder: result folder.
        summary: summary for the terminal.
        findings: findings of the checks.
    """

    folder: Path
    summary: str
    findings: tuple[Finding, ...] = ()


def _part_of(run: Path, watcher: ProgressWatcher | None) -> PortPart:
    """Return the part of a run."""
    timer = StageTimer(watcher or NullWatcher())
    require_run(run)
    problem, record = load_run(run, timer)
    return with_reactions(PrintedPart(require_ports(problem), record.widths_mm, timer))[0]


def measure_experiment(
    run: Path, experiment: Path, out: Path | None = None, *, watcher: ProgressWatcher | None = None
) -> tuple[LabResult, Analysis]:
    """Analyse an experiment on the part of a run; write tables and an HTML page.

    Args:
        run: folder of the run.
        experiment: folder of the experiment.
        out: folder for the results; `measured` in the experiment's if not given.
        watcher: progress watcher.

    Raises:
        InputError: if an input is invalid; nothing is written then.
    """
    from mnnfab.lab.analysis.analysis import analyse
    from mnnfab.lab.analysis.results import write_analysis

    part = _part_of(run, watcher)
    analysis = analyse(part, experiment)
    folder = out or experiment / MEASURED
    with lab_folder(folder) as staging, part.timer.stage("report"):
        write_analysis(staging, analysis)
    return LabResult(folder, f"see {folder / 'measured.html'}", analysis.findings), analysis


def synthesise(
    run: Path,
    out: Path,
    *,
    repeats: int = 2,
    seed: int = 0,
    dots: bool = True,
    watcher: ProgressWatcher | None = None,
) -> LabResult:
    """Render photographs of the loaded part of a run, by its rubber model, as an experiment.

    The load steps are the load cases of the kit, each with its probes.

    Args:
        run: folder of the run.
        out: folder for the experiment.
        repeats: photographs per load step.
        seed: seed of the sensor noise.
        dots: paint the dots of the nodes.
        watcher: progress watcher.

    Raises:
        InputError: if the run is invalid, or `out` contains other files.
    """
    from mnnfab.lab.opencv import opencv
    from mnnfab.lab.synthetic.laboratory import PhotoSettings, photograph

    opencv("synthetic photographs")
    part = _part_of(run, watcher)
    plan = make_plan(part.problem.task, plan_model(part.problem, part.widths_mm))
    if not plan.cases:
        given = "; ".join(plan.left_out) or "a task without a loss"
        raise InputError("synthetic photographs", given, "a task with loads that the part carries")
    steps = (ZERO, RIGID, *unique_names(plan.case_steps))
    with lab_folder(out) as staging:
        photo_settings = PhotoSettings(dots=dots, repeats=repeats, seed=seed)
        photograph(part, steps, staging, photo_settings)
    return LabResult(out, f"{len(steps)} load steps, {repeats} photographs each, in {out}")


def write_kit_for_run(
    run: Path,
    out: Path | None = None,
    *,
    largest_gf: float | None = None,
    watcher: ProgressWatcher | None = None,
) -> tuple[LabResult, list[str]]:
    """Write the experiment kit for the part of a run.

    Args:
        run: folder of the run.
        out: folder for the kit; `kit` in the run's if not given.
        largest_gf: heaviest weight; the largest load of the task if not given.
        watcher: progress watcher.

    Returns:
        The result, and notes for the laboratory.
    """
    from mnnfab.lab.kit.kit import make_kit, write_kit

    part = _part_of(run, watcher)
    folder = out or run / KIT
    with lab_folder(folder) as staging, part.timer.stage("kit"):
        kit = make_kit(part, largest_gf)
        notes = write_kit(staging, kit)
    if (run / REPORT).is_file() and _verdict(run / REPORT) == "fail":
        notes.append("the design does not meet the acceptance criteria: see report.html of the run")
    return LabResult(folder, f"see {folder / 'kit.html'}"), notes


def _verdict(report: Path) -> object:
    values = read_json(report)
    return values.get("verdict") if isinstance(values, dict) else None


def identify_material(
    run: Path,
    experiments: Sequence[Path],
    out: Path | None = None,
    *,
    watcher: ProgressWatcher | None = None,
) -> tuple[LabResult, Identification]:
    """Identify modulus, joint length, bonds and creep from experiments; write a material profile.

    Args:
        run: folder of the run whose part and coupons were measured.
        experiments: folders with experiment.toml, coupons.csv, or both.
        out: folder for the results; `identified` in the first experiment's if not given.
        watcher: progress watcher.
    """
    from mnnfab.lab.material.identifying import identify_from
    from mnnfab.lab.material.results import identified_text, write_identification

    part = _part_of(run, watcher)
    identification = identify_from(part, experiments)
    folder = out or experiments[0] / IDENTIFIED
    with lab_folder(folder) as staging, part.timer.stage("report"):
        write_identification(staging, identification)
    summary = f"{identified_text(identification)}\nsee {folder / 'identified.html'}"
    return LabResult(folder, summary, identification.findings), identification


def begin_session(
    design: Path, out: Path, *, rate: float | None = None, watcher: ProgressWatcher | None = None
) -> RoundStatus:
    """Start a session that trains a design on its part.

    Args:
        design: design file.
        out: folder for the session.
        rate: learning rate; a tenth of the range of widths per round if not given.
        watcher: progress watcher.
    """
    from mnnfab.lab.session.rounds import DEFAULT_RATE, start_session

    return start_session(design, out, rate or DEFAULT_RATE, StageTimer(watcher or NullWatcher()))


def continue_session(
    folder: Path,
    measured: Path | None = None,
    *,
    rehearsal: Kind | None = None,
    watcher: ProgressWatcher | None = None,
) -> RoundStatus:
    """Evaluate the measurement of a session's round, if available, and return the next round.

    Args:
        folder: folder of the session.
        measured: folder of the experiment; the round's own if not given.
        rehearsal: measure the rubber model of the part instead.
        watcher: progress watcher.
    """
    from mnnfab.lab.session.rounds import current_part, step_session

    timer = StageTimer(watcher or NullWatcher())
    if rehearsal is not None:
        if measured is not None:
            raise InputError("--rehearse", f"and a measurement, {measured}", "one of the two")
        from mnnfab.lab.session.rehearsal import rehearse

        part = current_part(folder, timer)  # its models serve the measurement and its evaluation
        return step_session(folder, rehearse(folder, rehearsal, timer, part), timer, part)
    return step_session(folder, measured, timer)


def validate(
    measured: Sequence[Path],
    out: Path,
    *,
    paper: bool = True,
    watcher: ProgressWatcher | None = None,
) -> tuple[LabResult, list[Factor]]:
    """Compare experiments with predictions: those of the paper and the user's own.

    Args:
        measured: folders written by `measure_experiment`, or tables like their observations.csv.
        out: folder for table, figure and HTML page.
        paper: include the measurements of the paper.
        watcher: progress watcher.
    """
    from mnnfab.lab.analysis.comparison import factors_of, factors_text, write_validation
    from mnnfab.lab.analysis.observations import OBSERVATIONS, load_observations
    from mnnfab.lab.analysis.published import published

    timer = StageTimer(watcher or NullWatcher())
    observations: list[Observation] = []
    for path in dict.fromkeys(path.resolve() for path in measured):
        if path.is_dir() and not (path / OBSERVATIONS).is_file():
            allowed = "a folder written by `mnnfab lab measure`, such as EXPERIMENT/measured"
            raise InputError(str(path), f"no {OBSERVATIONS}", allowed)
        loaded = load_observations(path / OBSERVATIONS if path.is_dir() else path)
        if {observation.experiment for observation in loaded} & {
            observation.experiment for observation in observations
        }:
            loaded = [
                replace(observation, experiment=f"{observation.experiment} ({path.parent.name})")
                for observation in loaded
            ]
        observations += loaded
    if paper:
        with timer.stage("the paper's networks"):
            observations = [*published(timer), *observations]
    if not observations:
        raise InputError("experiments", "none", "folders of measurements, or those of the paper")
    with lab_folder(out) as staging:
        write_validation(staging, observations)
    factors = factors_of(observations)
    return LabResult(out, f"{factors_text(factors)}\nsee {out / 'validation.html'}"), factors
