"""Training on the part itself, a round at a time: hang, measure, follow the gradient.

A session is a folder: the run of its design at the top, and a folder a round. In a round's folder
lie the widths that its part has, what to hang, and room for the measurement; when that is there
the next round's folder follows from it. Nothing is kept elsewhere, so a session can be left and
taken up at any time, and a round that is worked out twice comes out the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.io.atomic_folder import MANIFEST
from mnnfab.io.files import read_json, sha256_of
from mnnfab.runs.run_folder import DESIGN
from mnnfab.training.adam import Adam

if TYPE_CHECKING:
    from mnnfab.lab.measurement.gradient import MeasuredGradient
    from mnnfab.problem.problem import Problem
    from mnnfab.task.task import Task

ROUND, STATE, SESSION = "round-{:03d}", "round.json", "session.json"
STIFFNESS = "stiffness.csv"
_ADAM = ("adam_mean", "adam_square")


@dataclass(frozen=True)
class Settings:
    """How a session learns.

    Args:
        rate: Adam's, in the latent value of the width map: with the clamp a share of the range
            of widths. Rounds are dear in a laboratory, so it is larger than in a simulation.
        design_sha256: of the design that is trained, which must stay what it was.
    """

    rate: float
    design_sha256: str


@dataclass(frozen=True, eq=False)
class Round:
    """Where a session is before a measurement.

    Args:
        number: of the round, from 0.
        latent: of the width map, (n_bonds,).
        mean: Adam's running mean of the gradient, (n_bonds,).
        square: of its square.
        losses: measured in the rounds before.
        measured: hashes of the measurements of the rounds before, so that none counts twice.
        rehearsed: whether each was of a continuum instead of a print.
    """

    number: int
    latent: FloatArray
    mean: FloatArray
    square: FloatArray
    losses: tuple[float, ...] = ()
    measured: tuple[str, ...] = ()
    rehearsed: tuple[bool, ...] = ()

    def as_json(self) -> str:
        """Return it as text."""
        values = {
            "schema": 1,
            "round": self.number,
            "latent": self.latent.tolist(),
            "adam_mean": self.mean.tolist(),
            "adam_square": self.square.tolist(),
            "losses": list(self.losses),
            "measured": list(self.measured),
            "rehearsed": list(self.rehearsed),
        }
        return json.dumps(values, indent=1) + "\n"


def first_round(problem: Problem, task: Task) -> Round:
    """Return where a session begins: at the widths where the design's training starts."""
    latent = problem.trainable(task).width_map.latent(problem.start_widths_mm)
    nothing = np.zeros_like(latent)
    return Round(0, latent, nothing, nothing)


def widths_of(problem: Problem, task: Task, found: Round) -> FloatArray:
    """Return the widths of the part of a round, (n_bonds,) mm."""
    widths: FloatArray = problem.trainable(task).width_map.widths(found.latent)
    return widths


def next_round(
    problem: Problem, task: Task, settings: Settings, found: Round, gradient: MeasuredGradient
) -> Round:
    """Return the round after a measurement: one step of Adam down the measured gradient.

    The measured gradient is dL/dk; how stiffnesses go with widths is the design's own law, whose
    common factor Adam does not mind.
    """
    trainable = problem.trainable(task)
    adam = Adam(len(found.latent), settings.rate)
    adam.recall(found.mean, found.square, found.number)
    width_map = trainable.width_map
    slope = problem.law.slope(width_map.widths(found.latent)) * width_map.slope(found.latent)
    latent = width_map.project(found.latent + adam.step(gradient.gradient * slope))
    mean, square, _ = adam.memory
    return Round(found.number + 1, latent, mean, square, (*found.losses, gradient.loss))


def load_settings(folder: Path) -> Settings:
    """Read how a session learns.

    Raises:
        InputError: if the folder is no session.
    """
    if not (folder / SESSION).is_file():
        allowed = "a folder that `mnnfab lab start` made"
        raise InputError(str(folder), "no session", allowed)
    values = read_json(folder / SESSION)
    rate = values.get("rate") if isinstance(values, dict) else None
    if not isinstance(rate, int | float) or not 0 < rate <= 10:
        raise InputError(str(folder / SESSION), f"rate {rate!r}", "a number above 0, up to 10")
    digest = values.get("design_sha256")
    if digest != sha256_of(folder / DESIGN):
        given, allowed = "another design than the session began with", "that one, or a new session"
        raise InputError(str(folder / DESIGN), given, allowed)
    return Settings(float(rate), str(digest))


def settings_text(settings: Settings) -> str:
    """Return how a session learns, as text."""
    return json.dumps({"schema": 1, **asdict(settings)}, indent=2) + "\n"


def load_last_round(folder: Path, n_bonds: int) -> tuple[Round, Path]:
    """Return the round that a session is in, and its folder.

    Raises:
        InputError: if there is none, or it is damaged.
    """
    numbers = [
        int(place.name.removeprefix("round-"))
        for place in folder.glob("round-*")
        if place.name.removeprefix("round-").isdecimal()
        # What was cut off before it was put in place is no round yet.
        and ((place / STATE).is_file() or (place / MANIFEST).is_file())
    ]
    if not numbers:
        raise InputError(str(folder), "no round", "a folder that `mnnfab lab start` made")
    places = [folder / ROUND.format(number) for number in range(max(numbers) + 1)]
    for place in places:
        if not (place / STATE).is_file():
            allowed = "every round from the first to the last, as mnnfab wrote it"
            raise InputError(str(place / STATE), "missing or damaged", allowed)
    last = places[-1]
    return _round(last / STATE, n_bonds), last


def _round(path: Path, n_bonds: int) -> Round:
    values: Any = read_json(path)
    try:
        latent, mean, square = (
            np.array(values[key], dtype=np.float64) for key in ("latent", *_ADAM)
        )
        losses = tuple(float(loss) for loss in values["losses"])
        measured = tuple(map(str, values["measured"]))
        rehearsed = tuple(bool(one) for one in values["rehearsed"])
        found = Round(int(values["round"]), latent, mean, square, losses, measured, rehearsed)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(str(path), f"damaged: {error}", "what mnnfab wrote") from error
    arrays = (latent, mean, square)
    whole = all(a.shape == (n_bonds,) and np.isfinite(a).all() for a in arrays)
    if not whole or len(losses) != found.number or path.parent.name != ROUND.format(found.number):
        raise InputError(str(path), "a round of another network or number", "what mnnfab wrote")
    return found


def as_it_is(problem: Problem) -> Problem:
    """Return a problem whose bars are plain: what is learned is the part's, not a surrogate's."""
    return problem.uncorrected
