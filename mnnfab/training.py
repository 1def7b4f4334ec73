"""The trainer: bond widths that lower a task's loss, by the exact adjoint gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mnnfab.adam import Adam
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.bars import BarModel
from mnnfab.tasks import Metrics, Task
from mnnfab.width_maps import WidthMap

Progress = Callable[[int, int, float], None]
"""Called after an epoch with its number, the number of epochs and the loss."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Args:
        epochs: passes over the training samples.
        batch_size: samples a step; a shorter last batch is averaged over its own size.
        learning_rate: Adam's, in units of the width map's latent value.
        seed: decides the order of the samples.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int


@dataclass(frozen=True)
class Epoch:
    """One line of the history, measured after the epoch's last step.

    Args:
        epoch: 0 is the untrained network.
        loss_train: mean loss over the training samples.
        loss_test: mean loss over the test samples, if there are any.
        metrics: what the task's judge says.
    """

    epoch: int
    loss_train: float
    loss_test: float | None
    metrics: Metrics


@dataclass(frozen=True, eq=False)
class Training:
    """What training leaves.

    Args:
        widths_mm: trained widths, (n_bonds,) mm.
        history: the untrained network and every epoch.
    """

    widths_mm: FloatArray
    history: tuple[Epoch, ...]


def gradient(
    model: BarModel,
    task: Task,
    per_width: FloatArray,
    widths_mm: FloatArray,
    rows: IntArray,
) -> FloatArray:
    """Return the exact gradient of the mean loss over `rows` in the widths, (n_bonds,) per mm.

    One factorisation and n_in + n_out solves, however many samples there are.

    Args:
        model: the bars.
        task: loads, targets and loss.
        per_width: stiffness per width, (n_bonds,) N/mm².
        widths_mm: (n_bonds,) mm.
        rows: the samples, as indices.
    """
    response = model.response(per_width * widths_mm)
    slope = task.flexibility_slope(response.flexibility, rows)
    return response.stiffness_gradient(slope) * per_width


def train(
    model: BarModel,
    task: Task,
    per_width: FloatArray,
    width_map: WidthMap,
    widths_initial_mm: FloatArray,
    schedule: Schedule,
    progress: Progress | None = None,
) -> Training:
    """Train the widths with Adam on mini-batches.

    Args:
        model: the bars.
        task: loads, targets and loss.
        per_width: stiffness per width, (n_bonds,) N/mm².
        width_map: keeps the widths within their limits.
        widths_initial_mm: where to start, (n_bonds,) mm.
        schedule: how long and how fast.
        progress: told of every epoch.
    """
    latent = width_map.latent(widths_initial_mm)
    widths = width_map.widths(latent)
    optimiser = Adam(len(latent), schedule.learning_rate)
    generator = np.random.default_rng(schedule.seed)
    history = [_measure(0, model, task, per_width, widths)]
    for epoch in range(1, schedule.epochs + 1):
        for rows in _batches(task.train_rows, schedule.batch_size, generator):
            slope = gradient(model, task, per_width, widths, rows) * width_map.slope(latent)
            latent = width_map.project(latent + optimiser.step(slope))
            widths = width_map.widths(latent)
        history.append(_measure(epoch, model, task, per_width, widths))
        if progress is not None:
            progress(epoch, schedule.epochs, history[-1].loss_train)
    return Training(widths_mm=widths, history=tuple(history))


def _batches(rows: IntArray, batch_size: int, generator: np.random.Generator) -> Iterator[IntArray]:
    if len(rows) <= batch_size:
        yield rows
        return
    order = generator.permutation(rows)
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def _measure(
    epoch: int, model: BarModel, task: Task, per_width: FloatArray, widths: FloatArray
) -> Epoch:
    flexibility = model.response(per_width * widths).flexibility
    return Epoch(
        epoch=epoch,
        loss_train=task.loss_value(flexibility, task.train_rows),
        loss_test=(task.loss_value(flexibility, task.test_rows) if task.test_rows.size else None),
        metrics=task.metrics(flexibility),
    )
