"""State of a training on the printed part: measure, and take one gradient step per round.

A session is a folder: the run of its design at the top, and one folder per round. The folder of a
round holds the widths of its part, the load steps, and the measurement; when that is available, the
folder of the next round is computed from it. There is no other state, so a session can be
interrupted and continued at any time, and evaluating a round again gives the same result.
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
from mnnfab.training.width_maps import part_widths

if TYPE_CHECKING:
    from mnnfab.lab.measurement.gradient import MeasuredGradient
    from mnnfab.problem.problem import TrainableProblem

STATE, SESSION = "round.json", "session.json"
STIFFNESS = "stiffness.csv"
_ADAM = ("adam_mean", "adam_square")


def round_name(number: int) -> str:
    """Return the name of the folder of a round.

    >>> round_name(2)
    'round-002'
    """
    return f"round-{number:03d}"


@dataclass(frozen=True)
class Settings:
    """Settings of the training in a session.

    Args:
        rate: learning rate of Adam, in the latent value of the width map: with the clamp, a share
            of the range of widths. Rounds are expensive in a laboratory, so it is larger than in a
            simulation.
        design_sha256: hash of the trained design, which must not change.
    """

    rate: float
    design_sha256: str


@dataclass(frozen=True, eq=False)
class Round:
    """State of a session before a measurement.

    Args:
        number: number of the round, from 0.
        latent: latent values of the width map, (n_bonds,).
        mean: Adam's running mean of the gradient, (n_bonds,).
        square: Adam's running mean of its square, (n_bonds,).
        losses: losses measured in the previous rounds.
        measured: hashes of the measurements of the previous rounds, so that none is used twice.
        rehearsed: for each of them, True if it was measured on the rubber model.
    """

    number: int
    latent: FloatArray
    mean: FloatArray
    square: FloatArray
    losses: tuple[float, ...] = ()
    measured: tuple[str, ...] = ()
    rehearsed: tuple[bool, ...] = ()

    def as_json(self) -> str:
        """Return the state as JSON text."""
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


def first_round(problem: TrainableProblem) -> Round:
    """Return the initial state of a session: the initial widths of the design's training."""
    latent = problem.trainable().width_map.latent(problem.start_widths_mm)
    zeros = np.zeros_like(latent)
    return Round(0, latent, zeros, zeros)


def widths_of(problem: TrainableProblem, state: Round) -> FloatArray:
    """Return the widths of the part of a round, (n_bonds,) mm."""
    return part_widths(problem.trainable().width_map, state.latent)


def next_round(
    problem: TrainableProblem, settings: Settings, state: Round, gradient: MeasuredGradient
) -> Round:
    """Return the round after a measurement: one step of Adam along the measured gradient.

    The measured gradient is dL/dk; the derivative of stiffness by width is that of the design's
    law. Adam is invariant to a common factor of it.
    """
    trainable = problem.trainable()
    adam = Adam(len(state.latent), settings.rate)
    adam.recall(state.mean, state.square, state.number)
    width_map = trainable.width_map
    derivative = problem.law.derivative(width_map.widths(state.latent)) * width_map.derivative(
        state.latent
    )
    latent = width_map.project(
        state.latent + adam.step(width_map.pulled_back(gradient.gradient * derivative))
    )
    mean, square, _ = adam.memory
    return Round(state.number + 1, latent, mean, square, (*state.losses, gradient.loss))


def load_settings(folder: Path) -> Settings:
    """Read the settings of a session.

    Raises:
        InputError: if the folder is not a session.
    """
    if not (folder / SESSION).is_file():
        allowed = "a folder written by `mnnfab lab start`"
        raise InputError(str(folder), "no session", allowed)
    values = read_json(folder / SESSION)
    rate = values.get("rate") if isinstance(values, dict) else None
    if not isinstance(rate, int | float) or not 0 < rate <= 10:
        raise InputError(str(folder / SESSION), f"rate {rate!r}", "a number above 0, up to 10")
    digest = values.get("design_sha256")
    if digest != sha256_of(folder / DESIGN):
        given, allowed = "another design than at the start", "the original design, or a new session"
        raise InputError(str(folder / DESIGN), given, allowed)
    return Settings(float(rate), str(digest))


def settings_text(settings: Settings) -> str:
    """Return the settings of a session as JSON text."""
    return json.dumps({"schema": 1, **asdict(settings)}, indent=2) + "\n"


def load_last_round(folder: Path, n_bonds: int) -> tuple[Round, Path]:
    """Return the current round of a session, and its folder.

    Raises:
        InputError: if there is none, or it is damaged.
    """
    numbers = [
        int(path.name.removeprefix("round-"))
        for path in folder.glob("round-*")
        if path.name.removeprefix("round-").isdecimal()
        # Folders of interrupted writes have neither file.
        and ((path / STATE).is_file() or (path / MANIFEST).is_file())
    ]
    if not numbers:
        raise InputError(str(folder), "no round", "a folder written by `mnnfab lab start`")
    folders = [folder / round_name(number) for number in range(max(numbers) + 1)]
    for path in folders:
        if not (path / STATE).is_file():
            allowed = "every round from the first to the last, as written by mnnfab"
            raise InputError(str(path / STATE), "missing or damaged", allowed)
    last = folders[-1]
    return _round(last / STATE, n_bonds), last


def _round(path: Path, n_bonds: int) -> Round:
    values: Any = read_json(path)
    try:
        latent, mean, square = (
            np.array(values[key], dtype=np.float64) for key in ("latent", *_ADAM)
        )
        losses = tuple(float(loss) for loss in values["losses"])
        measured = tuple(map(str, values["measured"]))
        rehearsed = tuple(bool(value) for value in values["rehearsed"])
        state = Round(int(values["round"]), latent, mean, square, losses, measured, rehearsed)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(str(path), f"damaged: {error}", "a file written by mnnfab") from error
    arrays = (latent, mean, square)
    valid = all(a.shape == (n_bonds,) and np.isfinite(a).all() for a in arrays)
    if not valid or len(losses) != state.number or path.parent.name != round_name(state.number):
        raise InputError(str(path), "a round of another network or number", "the unmodified file")
    return state
