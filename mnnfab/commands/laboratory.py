"""The laboratory: `kit`, and the commands of `lab`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from mnnfab.commands.answer import Answer, command
from mnnfab.commands.options import DESIGN, FOLDER

if TYPE_CHECKING:
    from mnnfab.lab.operations import Done
    from mnnfab.lab.session.rounds import Told
    from mnnfab.progress.watcher import Watcher

_PATH = click.Path(path_type=Path)
EXPERIMENT = click.argument("experiment", metavar="EXPERIMENT", type=_PATH)


@click.group()
def lab() -> None:
    """From the print back to the model: measure, identify, train on the part itself."""


@command()
@FOLDER
@EXPERIMENT
@click.option(
    "--out",
    metavar="DIR",
    type=_PATH,
    help="Folder for the results; `measured` in the experiment's if not given.",
)
def measure(watcher: Watcher, folder: Path, experiment: Path, out: Path | None) -> Answer:
    """Measure the part of the run in DIR by what is in EXPERIMENT.

    EXPERIMENT is a folder with experiment.toml, steps.csv, and photographs or a table of joint
    positions; `mnnfab kit` makes one to be filled.
    """
    from mnnfab.lab.analysis.results import values_of
    from mnnfab.lab.operations import measure_experiment

    done, found = measure_experiment(folder, experiment, out, watcher=watcher)
    return Answer(_text(done), {"folder": str(done.folder), **values_of(found)})


@command()
@FOLDER
@EXPERIMENT
@click.option("--repeats", type=click.IntRange(1, 100), default=2, help="Photographs of a step; 2.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the camera's noise; 0.")
@click.option("--no-dots", "dots", flag_value=False, default=True, help="Leave the dots unpainted.")
def synthetic(
    watcher: Watcher, folder: Path, experiment: Path, repeats: int, seed: int, *, dots: bool
) -> Answer:
    """Photograph the continuum of the run in DIR as a lab would its print, into EXPERIMENT.

    One weight hangs at a time, on every input and every output. The photographs have
    perspective, lens distortion, blur, uneven light and noise; truth.csv says where the joints
    really are.
    """
    from mnnfab.lab.operations import synthesise

    done = synthesise(folder, experiment, repeats=repeats, seed=seed, dots=dots, watcher=watcher)
    return Answer(_text(done), {"folder": str(done.folder)})


@command()
@FOLDER
@click.option(
    "--out", metavar="KIT", type=_PATH, help="Folder for the kit; `kit` in DIR if not given."
)
@click.option(
    "--largest",
    metavar="GRAMS",
    type=click.FloatRange(1, 1e6),
    help="Heaviest weight; that of the task, and 5 g at the least, if not given.",
)
def kit(watcher: Watcher, folder: Path, out: Path | None, largest: float | None) -> Answer:
    """Write what a lab needs to test the part in DIR: cards, labels, forms, expected numbers.

    As a page to print (and PDF, with the extra `pdf`) and as tables. Weights are in whole grams,
    with what the rounding changes.
    """
    from mnnfab.lab.operations import make_kit_of

    done, notes = make_kit_of(folder, out, largest_gf=largest, watcher=watcher)
    lines = [f"note: {words}" for words in notes]
    values = {"folder": str(done.folder), "notes": notes}
    return Answer("\n".join([*lines, done.words]), values)


@command()
@FOLDER
@click.argument("experiments", metavar="EXPERIMENT...", nargs=-1, required=True, type=_PATH)
@click.option(
    "--out",
    metavar="DIR",
    type=_PATH,
    help="Folder for the results; `identified` in the first experiment's if not given.",
)
def identify(
    watcher: Watcher, folder: Path, experiments: tuple[Path, ...], out: Path | None
) -> Answer:
    """Find modulus, joints, bonds and creep of the print of DIR; write a material profile.

    An EXPERIMENT is a folder with experiment.toml (the part, as for `measure`), with coupons.csv
    (columns coupon, load_gf, elongation_mm, and sd_mm and time_s if known), or both.
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
    help="Of learning, as a share of the range of widths a round; 0.1 if not given.",
)
def start(watcher: Watcher, design: Path, out: Path, rate: float | None) -> Answer:
    """Begin to train DESIGN on its part, a measured round at a time.

    `mnnfab lab step` then says what to hang, takes the measurement and proposes the next widths,
    or the stiffnesses to which tunable bonds are to be set.
    """
    from mnnfab.lab.operations import begin_session

    return _told(begin_session(design, out, rate=rate, watcher=watcher), out)


@command()
@click.argument("session", metavar="SESSION", type=_PATH)
@click.option(
    "--measured",
    metavar="EXPERIMENT",
    type=_PATH,
    help="Folder of the measurement; the round's own folder if not given.",
)
@click.option(
    "--rehearse",
    type=click.Choice(["positions", "photographs"]),
    help="Measure the continuum of the part instead of a print.",
)
def step(
    watcher: Watcher,
    session: Path,
    measured: Path | None,
    rehearse: Literal["positions", "photographs"] | None,
) -> Answer:
    """Go on with SESSION: take the measurement of its round, or say what it waits for.

    A session can be left and taken up at any time; nothing of earlier rounds is overwritten.
    """
    from mnnfab.lab.operations import go_on

    return _told(go_on(session, measured, rehearsal=rehearse, watcher=watcher), session)


@command()
@click.argument("measured", metavar="[MEASURED]...", nargs=-1, type=_PATH)
@click.option(
    "--out",
    metavar="DIR",
    type=_PATH,
    default=Path("out/validation"),
    help="Folder for the results; out/validation if not given.",
)
@click.option("--no-paper", "paper", flag_value=False, default=True, help="Leave the paper's out.")
def validate(watcher: Watcher, measured: tuple[Path, ...], out: Path, *, paper: bool) -> Answer:
    """Put measured numbers beside those of bars and continuum, with their uncertainties.

    The paper's measurements, and those of MEASURED...: folders that `mnnfab lab measure` wrote, or
    tables like their observations.csv.
    """
    from mnnfab.io.json_values import as_plain
    from mnnfab.lab import operations

    done, factors = operations.validate(measured, out, paper=paper, watcher=watcher)
    return Answer(_text(done), {"folder": str(done.folder), "factors": as_plain(factors)})


def _told(told: Told, session: Path) -> Answer:
    """Say what was learned, and what to do next."""
    lines = []
    if told.analysis is not None:
        lines += [
            f"{one.severity}: {one.where}: {one.message}"
            for one in told.analysis.findings
            if one.severity != "info" or one.code == "gradient"
        ]
        lines.append(f"widths change by up to {told.change_mm:.3f} mm")
    if told.losses:
        words = [
            f"{loss:.5g}{' (rehearsed)' if rehearsed else ''}"
            for loss, rehearsed in zip(told.losses, told.rehearsed, strict=True)
        ]
        lines.append("loss by round: " + ", ".join(words))
    design = told.folder / "design.toml"
    lines.append(f"round {told.number}: make the part of {told.folder / 'widths.csv'} with")
    lines.append(f"  mnnfab run {design} --out {told.folder / 'part'}")
    lines.append("(or tune its bonds as stiffness.csv says), hang, and measure:")
    lines += [f"  {one.name}: {one}" for one in told.steps]
    lines.append(
        f"put photographs or positions.csv into {told.folder} (experiment.toml there says how), "
        f"then: mnnfab lab step {session}"
    )
    values = {
        "round": told.number,
        "folder": str(told.folder),
        "losses": list(told.losses),
        "rehearsed": list(told.rehearsed),
        "change_mm": told.change_mm,
        "steps": {one.name: str(one) for one in told.steps},
    }
    return Answer("\n".join(lines), values)


def _text(done: Done) -> str:
    lines = [f"{one.severity}: {one.where}: {one.message}" for one in done.findings]
    return "\n".join([*lines, done.words])


for _command in (measure, identify, start, step, validate, synthetic):
    lab.add_command(_command)
