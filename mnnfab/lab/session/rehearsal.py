"""Rehearsal: a round of a session measured on the continuum model instead of the printed part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mnnfab.errors import InputError
from mnnfab.io.tables import table_text
from mnnfab.lab.experiment.experiment import EXPERIMENT, load_experiment
from mnnfab.lab.experiment.steps import STEPS, steps_text
from mnnfab.lab.folder import lab_folder, write_files
from mnnfab.lab.session.rounds import is_measured, load_session
from mnnfab.lab.session.state import widths_of
from mnnfab.printed_part.part import PrintedPart
from mnnfab.random_streams import Stream, random_generator

if TYPE_CHECKING:
    from mnnfab.progress.watcher import StageTimer

REHEARSAL = "rehearsal"
#: Noise of one coordinate of one joint in one shot without photographs, mm: a twentieth of a pixel
#: of 0.02 mm.
NOISE_MM = 0.001
Kind = Literal["positions", "photographs"]

_POSITIONS = """\
schema = 1
name = "synthetic measurement of round {number}"
kind = "positions"
elongation = "projection" # the continuum model in place of the printed part is linear
unseen_share = 0.0

[positions]
layout = "long"
"""


def rehearse(folder: Path, kind: Kind, timer: StageTimer) -> Path:
    """Measure the part of the current round of a session on its continuum model.

    Args:
        folder: folder of the session.
        kind: "positions" with noise, or "photographs".
        timer: stage timer.

    Returns:
        The folder of the experiment, within that of the round.

    Raises:
        InputError: if the printed part of this round was already measured.
    """
    from mnnfab.lab.synthetic.laboratory import (
        PhotoSettings,
        SyntheticPart,
        photograph,
        positions_of,
    )

    problem, task, _, found, place = load_session(folder)
    if is_measured(place):
        given = "contains a measurement of the printed part"
        raise InputError(str(place), given, "either that measurement or a synthetic one")
    widths = widths_of(problem, task, found)
    steps = load_experiment(place).steps
    continuum = PrintedPart(problem, widths, timer).continuum
    target = place / REHEARSAL
    with lab_folder(target) as staging:
        if kind == "photographs":
            studio = PhotoSettings(seed=found.number)
            photograph(
                SyntheticPart(problem, task, widths, continuum), steps, staging, timer, studio
            )
            return target
        generator = random_generator(found.number, Stream.REHEARSAL)
        positions = positions_of(task, continuum, steps, NOISE_MM, generator)
        rows = [
            (shot.step, number, node, *place_mm)
            for number, (shot, places) in enumerate(
                zip(positions.shots, positions.places.tolist(), strict=True)
            )
            for node, place_mm in enumerate(places)
        ]
        table = table_text(("step", "repeat", "node", "x", "y"), rows)
        text = _POSITIONS.format(number=found.number)
        files = {"positions.csv": table, STEPS: steps_text(steps), EXPERIMENT: text}
        write_files(staging, files)
    return target
