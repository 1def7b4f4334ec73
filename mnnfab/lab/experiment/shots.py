"""Shots: node positions at the times of observation, and the load step of each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geometry.tiling import BoolArray
from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.tables import Table, optional_numbers, read_table, table_text
from mnnfab.lab.experiment.steps import Step

SHOTS = "shots.csv"


@dataclass(frozen=True)
class Shot:
    """Single observation of the part.

    Args:
        source: the photograph, or the frame of a table.
        step: name of its load step.
        time_s: time since the weights were applied; None if not known.
    """

    source: str
    step: str
    time_s: float | None = None


@dataclass(frozen=True, eq=False)
class Positions:
    """Joint centres in every shot.

    Args:
        shots: one per observation.
        coordinates: (n_shots, n_nodes, 2) in the unit and the axes of the source.
        unit_mm: length of the unit; None if not known, such as for pixels.
        y_axis: direction of y, "up" or "down".
        left_out: mask of positions that were left out and replaced by the mean of the other shots
            of their load step, (n_shots, n_nodes); None if all were read.
        findings: what was left out or assumed when the positions were read.
    """

    shots: tuple[Shot, ...]
    coordinates: FloatArray
    unit_mm: float | None = 1.0
    y_axis: str = "up"
    left_out: BoolArray | None = None
    findings: tuple[Finding, ...] = ()


def load_shots(path: Path, column: str = "shot") -> tuple[Shot, ...]:
    """Read the load step of each shot: columns shot, step and, optionally, time_s.

    Raises:
        InputError: if a column is missing or a shot is repeated.
    """
    table = read_table(path)
    names = {name: _column(table, name) for name in (column, "step")}
    times = optional_numbers(table, "time_s")
    shots = [
        Shot(source, step, None if np.isnan(time) else time)
        for source, step, time in zip(names[column], names["step"], times.tolist(), strict=True)
    ]
    seen: set[str] = set()
    for shot, line in zip(shots, table.lines, strict=True):
        if not shot.source or not shot.step:
            raise InputError(f"{path}, {line}", "an empty cell", f"a {column} and its step")
        if shot.source in seen:
            raise InputError(f"{path}, {line}", f"{shot.source} twice", f"each {column} once")
        seen.add(shot.source)
    return tuple(shots)


def shots_text(shots: tuple[Shot, ...]) -> str:
    """Return shots as CSV."""
    rows = [(s.source, s.step, "" if s.time_s is None else s.time_s) for s in shots]
    return table_text(("shot", "step", "time_s"), rows)


def check_steps(where: str, shots: tuple[Shot, ...], steps: tuple[Step, ...]) -> None:
    """Refuse shots of unknown load steps, and experiments without a zero.

    Raises:
        InputError: naming the shot or the load step.
    """
    known = {step.name for step in steps}
    for shot in shots:
        if shot.step not in known:
            given = f'step "{shot.step}" of {shot.source}'
            raise InputError(where, given, f"the steps {', '.join(sorted(known))}")
    zeros = {step.name for step in steps if step.role == "zero"}
    if not any(shot.step in zeros for shot in shots):
        raise InputError(where, "no shot without load", "at least one shot of a step of role zero")


def _column(table: Table, name: str) -> list[str]:
    if name not in table.header:
        raise InputError(str(table.path), f"columns {', '.join(table.header)}", f"a column {name}")
    column = table.header.index(name)
    return [row[column] for row in table.rows]


def rows_by_step(shots: tuple[Shot, ...]) -> dict[str, list[int]]:
    """Return the indices of the shots of every load step, in order of first occurrence."""
    rows: dict[str, list[int]] = {}
    for number, shot in enumerate(shots):
        rows.setdefault(shot.step, []).append(number)
    return rows
