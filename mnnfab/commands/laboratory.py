"""Laboratory commands: `kit` and the group `lab`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mnnfab.commands.answer import Answer, command
from mnnfab.commands.options import DESIGN, FOLDER

if TYPE_CHECKING:
    from mnnfab.lab.operations import LabResult
    from mnnfab.lab.session.rounds import RoundStatus
    from mnnfab.progress.watcher import ProgressWatcher

_PATH = click.Path(path_type=Path)
EXPERIMENT = click.argument("experiment", metavar="EXPERIMENT", type=_PATH)


@click.group()
def lab() -> None:
    """Laboratory: measure the printed part, identify its material, train on the part."""


@command()
@FOLDER
@EXPERIMENT
@click.option(
    "--out",
    metavar="DIR",
    type=_PATH,
    help="Folder for the results; default: `measured` in EXPERIMENT.",
)
def measure(watcher: ProgressWatcher, folder: Path, experiment: Path, out: Path | None) -> Answer:
    """Evaluate the measurement in EXPERIMENT of the part of the run in DIR.

    EXPERIMENT is a folder with experiment.toml, steps.csv, and photographs or a table of node
    positions; `mnnfab kit` writes a template.
    """
    from mnnfab.lab.analysis.results import values_of
    from mnnfab.lab.operations import measure_experiment

    done, found = measure_experiment(folder, experiment, out, watcher=watcher)
    return Answer(_text(done), {"folder": str(done.folder), **values_of(found)})


@command()
@FOLDER
@EXPERIMENT
@click.option(
    "--repeats",
    type=click.IntRange(1, 100),
    default=2,
    help="Photographs per load step; default: 2.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, help="Seed of the sensor noise; default: 0."
)
@click.option("--no-dots", "dots", flag_value=False, default=True, help="Do not paint the dots.")
def synthetic(
    watcher: ProgressWatcher, folder: Path, experiment: Path, repeats: int, seed: int, *, dots: bool
) -> Answer:
    """Write a synthetic experiment on the rubber model of the run in DIR into EXPERIMENT.

    The load steps are the load cases with their probes. The part hangs under its own weight and all
    weights of a step. The photographs have perspective, lens distortion, blur, uneven light and
    noise; truth.csv contains the true positions of the nodes.
    """
    from mnnfab.lab.operations import synthesise

    done = synthesise(folder, experiment, repeats=repeats, seed=seed, dots=dots, watcher=watcher)
    return Answer(_text(done), {"folder": str(done.folder)})


@command()
@FOLDER
@click.option("--out", metavar="KIT", type=_PATH, help="Folder for the kit; default: `kit` in DIR.")
@click.option(
    "--largest",
    metavar="GRAMS",
    type=click.FloatRange(1, 1e6),
    help="Heaviest weight; default: largest load of the task, at least 5 g.",
)
def kit(watcher: ProgressWatcher, folder: Path, out: Path | None, largest: float | None) -> Answer:
    """Write the experiment kit for the part in DIR: cards, labels, forms, expected values.

    The kit is a page to print (also as PDF, with the extra `pdf`) and tables. Weights are in whole
    grams, with the effects of rounding.
    """
    from mnnfab.lab.operations import write_kit_for_run

    done, notes = write_kit_for_run(folder, out, largest_gf=largest, watcher=watcher)
    lines = [f"note: {words}" for words in notes]
    values = {"folder": str(done.folder), "notes": notes}
    return Answer("\n".join([*lines, done.summary]), values)


@command()
@FOLDER
@click.argument("experiments", metavar="EXPERIMENT...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--out",
    metavar="DIR",
    type=_PATH,
    help="Folder for the results; default: `identified` in the first EXPERIMENT.",
)
def identify(
    watcher: ProgressWatcher, folder: Path, experiments: tuple[Path, ...], out: Path | None
) -> Answer:
    """Identify modulus, joint length, bonds and creep of the printed part of DIR.

    Writes a material profile. An EXPERIMENT is a folder with experiment.toml (the part, as for
    `measure`), with coupons.csv (columns coupon, load_gf, elongation_mm, and optionally sd_mm and
    time_s), or both.
    """
    from mnnfab.lab.material.results import identified_values
    from mnnfab.lab.operations import identify_material

    done, found = identify_material(folder, experiments, out, watcher=watcher)
    return Answer(_text(done), {"folder": str(done.folder), **identified_values(found)})


@command()
@DESIGN
@click.option("--out", metavar="SESSION", type=_PATH, required=True, help="Folder of the session.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 10, min_open=True),
    help="Learning rate, as a share of the range of widths per round; default: 0.1.",
)
def start(watcher: ProgressWatcher, design: Path, out: Path, rate: float | None) -> Answer:
    """Start a session that trains DESIGN on its part, in measured rounds.

    `mnnfab lab step` then lists the load steps, evaluates the measurement and proposes the next
    widths, or the target stiffnesses of tunable bonds.
    """
    from mnnfab.lab.operations import begin_session

    return _round_answer(begin_session(design, out, rate=rate, watcher=watcher), out)


@command()
@click.argument("session", metavar="SESSION", type=_PATH)
@click.option(
    "--measured",
    metavar="EXPERIMENT",
    type=_PATH,
    help="Folder of the measurement; default: the folder of the round.",
)
@click.option(
    "--rehearse",
    type=click.Choice(["positions", "photographs"]),
    help="Synthetic measurement: of the rubber model instead of the printed part.",
)
def step(
    watcher: ProgressWatcher,
    session: Path,
    measured: Path | None,
    rehearse: Literal["positions", "photographs"] | None,
) -> Answer:
    """Continue SESSION: evaluate the measurement of its round, or list its load steps.

    A session can be interrupted and continued at any time; earlier rounds are not overwritten.
    """
    from mnnfab.lab.operations import continue_session

    return _round_answer(
        continue_session(session, measured, rehearsal=rehearse, watcher=watcher), session
    )


@command()
@click.argument("measured", metavar="[MEASURED]...", nargs=-1, type=_PATH)
@click.option(
    "--out",
    metavar="DIR",
    type=_PATH,
    default=Path("out/validation"),
    help="Folder for the results; default: out/validation.",
)
@click.option(
    "--no-paper",
    "paper",
    flag_value=False,
    default=True,
    help="Omit the measurements of the paper.",
)
def validate(
    watcher: ProgressWatcher, measured: tuple[Path, ...], out: Path, *, paper: bool
) -> Answer:
    """Compare measured values with bar model and continuum model, with uncertainties.

    Includes the measurements of the paper, and those of MEASURED...: folders written by `mnnfab lab
    measure`, or tables like their observations.csv.
    """
    from mnnfab.io.json_values import to_jsonable
    from mnnfab.lab import operations

    done, factors = operations.validate(measured, out, paper=paper, watcher=watcher)
    return Answer(_text(done), {"folder": str(done.folder), "factors": to_jsonable(factors)})


def _round_answer(status: RoundStatus, session: Path) -> Answer:
    """Return the status of a session: evaluated measurement, and the next round."""
    lines = []
    if status.analysis is not None:
        lines += [
            f"{finding.severity}: {finding.where}: {finding.message}"
            for finding in status.analysis.findings
            if finding.severity != "info" or finding.code == "gradient"
        ]
        lines.append(f"largest change of a width: {status.change_mm:.3f} mm")
    if status.losses:
        words = [
            f"{loss:.5g}{' (synthetic measurement)' if rehearsed else ''}"
            for loss, rehearsed in zip(status.losses, status.rehearsed, strict=True)
        ]
        lines.append("loss by round: " + ", ".join(words))
    design = status.folder / "design.toml"
    lines.append(
        f"round {status.number}: produce the part with the widths in "
        f"{status.folder / 'widths.csv'}:"
    )
    lines.append(f"  mnnfab run {design} --out {status.folder / 'part'}")
    lines.append(
        "(or set the tunable bonds to the stiffnesses in stiffness.csv), then measure these steps:"
    )
    lines += [f"  {step.name}: {step}" for step in status.steps]
    lines.append(
        f"copy photographs or positions.csv into {status.folder} (see experiment.toml there), "
        f"then run: mnnfab lab step {session}"
    )
    values = {
        "round": status.number,
        "folder": str(status.folder),
        "losses": list(status.losses),
        "rehearsed": list(status.rehearsed),
        "change_mm": status.change_mm,
        "steps": {step.name: str(step) for step in status.steps},
    }
    return Answer("\n".join(lines), values)


def _text(done: LabResult) -> str:
    lines = [f"{finding.severity}: {finding.where}: {finding.message}" for finding in done.findings]
    return "\n".join([*lines, done.summary])


for _command in (measure, identify, start, step, validate, synthetic):
    lab.add_command(_command)
