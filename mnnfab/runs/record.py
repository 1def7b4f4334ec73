"""The training record of a run folder: widths, history, restarts and ancestry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from mnnfab.arrays import FloatArray
from mnnfab.compensation.record import (
    EMPTY_RECORD,
    SURROGATE,
    Compensation,
    compensation_text,
    load_compensation,
    with_loss_scale,
)
from mnnfab.design.section_errors import damaged_file
from mnnfab.findings import Finding
from mnnfab.io.files import read_json, sha256_of
from mnnfab.network.network import Network
from mnnfab.network.widths_file import load_widths, widths_text
from mnnfab.problem.problem import Problem
from mnnfab.runs.history_file import (
    Columns,
    history_columns,
    history_text,
    load_history,
    restart_columns,
)
from mnnfab.runs.width_history import (
    WIDTH_HISTORY,
    WidthHistory,
    load_width_history,
    width_history_of,
    width_history_text,
)
from mnnfab.task.task import TaskT
from mnnfab.training.training import Training

WIDTHS, HISTORY, RESTARTS, ANCESTRY = "widths.csv", "history.csv", "restarts.csv", "ancestry.json"
#: File of the findings reported for the training, for the reports of later stages.
TRAINING_FINDINGS = "training.json"

_Entry = TypeVar("_Entry")


@dataclass(frozen=True)
class Ancestor:
    """An earlier training whose widths were the initial widths of a later one.

    Args:
        name: name of its design, or of the table if the design named one.
        task: kind of its task; empty if only the table is known.
        epochs: number of epochs.
        loss: final loss, if it was trained.
        widths_sha256: SHA-256 of its table of widths.
    """

    name: str
    task: str
    epochs: int
    loss: float | None
    widths_sha256: str


@dataclass(frozen=True, eq=False)
class Record:
    """The stored results of a training.

    Args:
        widths_mm: (n_bonds,).
        history: history of the training that was kept; empty if the widths were given.
        restarts: final values of each of several restarts; empty if there was one.
        ancestry: the training runs before this one, the oldest first.
        findings: findings reported before and after the training.
        compensation: the rounds after the training, and the surrogate that predicts the widths.
        width_history: widths of all training runs that led to these; None for large networks.
    """

    widths_mm: FloatArray
    history: Columns
    restarts: Columns
    ancestry: tuple[Ancestor, ...] = ()
    findings: tuple[Finding, ...] = ()
    compensation: Compensation = EMPTY_RECORD
    width_history: WidthHistory | None = None

    def trained_on(self, task: TaskT) -> TaskT:
        """Return the task with the loss that the stored widths were trained with."""
        kept = self.compensation.kept
        return task if kept is None else with_loss_scale(task, kept.loss_scale_mm)


def make_record(
    training: Training,
    ancestry: tuple[Ancestor, ...],
    findings: tuple[Finding, ...],
    compensation: Compensation = EMPTY_RECORD,
    earlier_trainings: Sequence[Training] = (),
) -> Record:
    """Return the record of a completed training and of those before it."""
    return Record(
        widths_mm=training.widths_mm,
        history=history_columns(training.history),
        restarts=restart_columns(training.restarts),
        ancestry=ancestry,
        findings=findings,
        compensation=compensation,
        width_history=width_history_of([*earlier_trainings, training]),
    )


def write_record(folder: Path, network: Network, record: Record) -> None:
    """Write the tables of a record into a folder."""
    (folder / WIDTHS).write_text(widths_text(network, record.widths_mm), encoding="utf-8")
    for name, columns in ((HISTORY, record.history), (RESTARTS, record.restarts)):
        if columns:
            (folder / name).write_text(history_text(columns), encoding="utf-8")
    for name, entries in ((ANCESTRY, record.ancestry), (TRAINING_FINDINGS, record.findings)):
        if entries:
            lines = json.dumps([asdict(entry) for entry in entries], indent=2)
            (folder / name).write_text(lines + "\n", encoding="utf-8")
    if record.width_history is not None:
        (folder / WIDTH_HISTORY).write_text(
            width_history_text(record.width_history), encoding="utf-8"
        )
    if record.compensation != EMPTY_RECORD:
        text = compensation_text(record.compensation)
        (folder / SURROGATE).write_text(text, encoding="utf-8")


def load_record(folder: Path, problem: Problem) -> Record:
    """Read the training record of a problem.

    Raises:
        InputError: if a table is missing or does not fit the network.
    """
    return Record(
        widths_mm=load_widths(folder / WIDTHS, problem.network),
        history=load_history(folder / HISTORY),
        restarts=load_history(folder / RESTARTS),
        ancestry=load_ancestry(folder),
        findings=_load_entries(folder / TRAINING_FINDINGS, Finding),
        compensation=load_compensation(folder / SURROGATE, problem.task),
        width_history=load_width_history(folder / WIDTH_HISTORY, problem.network.n_bonds),
    )


def load_ancestry(folder: Path) -> tuple[Ancestor, ...]:
    """Read the ancestry of the training in a folder; empty if it has no earlier training.

    Raises:
        InputError: if the file does not have the format of `write_record`.
    """
    return _load_entries(folder / ANCESTRY, Ancestor)


def _load_entries(path: Path, kind: type[_Entry]) -> tuple[_Entry, ...]:
    """Read a list of values of one class; empty if there is no such file."""
    if not path.exists():
        return ()
    try:
        return tuple(TypeAdapter(list[kind]).validate_python(read_json(path)))  # type: ignore[valid-type]
    except ValidationError as error:
        raise damaged_file(path, error) from error


def as_ancestor(folder: Path, name: str, task: str) -> tuple[Ancestor, ...]:
    """Return the ancestry of a training that starts from the widths in `folder`.

    Args:
        folder: folder of an earlier run.
        name: name of its design.
        task: kind of its task.
    """
    history = load_history(folder / HISTORY)
    return (
        *load_ancestry(folder),
        Ancestor(
            name=name,
            task=task,
            epochs=len(history["epoch"]) - 1 if history else 0,
            loss=float(history["loss_train"][-1]) if history else None,
            widths_sha256=sha256_of(folder / WIDTHS),
        ),
    )
