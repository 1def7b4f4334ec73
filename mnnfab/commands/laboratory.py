"""The laboratory: `kit`, and the commands of `lab`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mnnfab.commands.answer import Answer, command
from mnnfab.commands.options import FOLDER

if TYPE_CHECKING:
    from mnnfab.lab.operations import Done
    from mnnfab.watching import Watcher

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
    from mnnfab.lab.operations import measure_experiment
    from mnnfab.lab.results import values_of

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


def _text(done: Done) -> str:
    lines = [f"{one.severity}: {one.where}: {one.message}" for one in done.findings]
    return "\n".join([*lines, done.words])


lab.add_command(measure)
lab.add_command(synthetic)
