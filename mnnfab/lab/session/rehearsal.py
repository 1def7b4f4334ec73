"""Rehearsal: a round of a session measured on the rubber model instead of the printed part."""

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
    from mnnfab.printed_part.part import PortPart
    from mnnfab.progress.watcher import StageTimer

REHEARSAL = "rehearsal"
#: Noise of one coordinate of one node in one shot without photographs, mm: a twentieth of a pixel
#: of 0.02 mm.
NOISE_MM = 0.001
Kind = Literal["positions", "photographs"]

_POSITIONS = """\
schema = 1
name = "synthetic measurement of round {number}"
kind = "positions"
elongation = "length"
unseen_share = 0.0

[positions]
layout = "long"
"""


def rehearse(folder: Path, kind: Kind, timer: StageTimer, part: PortPart | None = None) -> Path:
    """Measure the part of the current round of a session on its rubber model.

    Args:
        folder: folder of the session.
        kind: "positions" with noise, or "photographs".
        timer: stage timer.
        part: the part of the round, if it is at hand.

    Returns:
        The folder of the experiment, within that of the round.

    Raises:
        InputError: if the printed part of this round was already measured.
    """
    from mnnfab.lab.synthetic.laboratory import (
        PhotoSettings,
        photograph,
        positions_of,
    )

    problem, _, state, round_folder = load_session(folder)
    if is_measured(round_folder):
        given = "contains a measurement of the printed part"
        raise InputError(str(round_folder), given, "either that measurement or a synthetic one")
    steps = load_experiment(round_folder).steps
    part = part or PrintedPart(problem, widths_of(problem, state), timer)
    target = round_folder / REHEARSAL
    with lab_folder(target) as staging:
        if kind == "photographs":
            photograph(part, steps, staging, PhotoSettings(seed=state.number))
            return target
        generator = random_generator(state.number, Stream.REHEARSAL)
        positions = positions_of(part, steps, NOISE_MM, generator)
        rows = [
            (shot.step, number, node, *place_mm)
            for number, (shot, coordinates) in enumerate(
                zip(positions.shots, positions.coordinates.tolist(), strict=True)
            )
            for node, place_mm in enumerate(coordinates)
        ]
        table = table_text(("step", "repeat", "node", "x", "y"), rows)
        text = _POSITIONS.format(number=state.number)
        files = {"positions.csv": table, STEPS: steps_text(steps), EXPERIMENT: text}
        write_files(staging, files)
    return target
