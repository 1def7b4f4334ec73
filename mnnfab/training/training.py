"""Training of the bond widths for a task, from one or several starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError, ToolError
from mnnfab.io.display import curve_svg, table_html
from mnnfab.io.short_repr import short_repr
from mnnfab.model.model import PortModel
from mnnfab.task.metrics import Metrics, MetricValue, metric_label
from mnnfab.task.task import Task
from mnnfab.training.ensemble import make_member, run_ensemble
from mnnfab.training.optimisation import OptimisationRun, Schedule, Trainable
from mnnfab.training.width_maps import part_widths

log = logging.getLogger(__name__)

Progress = Callable[[int, int, float], bool | None]
"""Callback after an epoch, with its number, the number of epochs and the loss; the training ends
after this epoch if it returns True."""

#: A run whose loss fell by more than this fraction in its second half has not converged.
STILL_FALLING = 0.01
#: Losses that differ by less are equal, as a fraction and absolutely. Rounding errors depend on the
#: processor, and must not decide between restarts; a perfect fit has a loss of only such errors.
EQUAL, EQUAL_TO_ZERO = 1e-9, 1e-12


@dataclass(frozen=True)
class Epoch:
    """Entry of the training history, evaluated after the last step of an epoch.

    Args:
        epoch: number of the epoch; 0 is the untrained network.
        loss_train: mean loss over the training samples.
        loss_validation: mean loss over the validation samples; None if there are none.
        loss_test: mean loss over the test samples; None if there are none.
        metrics: metrics of the task.
    """

    epoch: int
    loss_train: float
    loss_validation: float | None
    loss_test: float | None
    metrics: Metrics


@dataclass(frozen=True)
class Restart:
    """Result of one restart.

    Args:
        number: number of the restart; 0 started at the given widths, the others at random ones.
        last: last epoch.
        stalled: True if it stalled: it does not beat the constant-prediction baseline on the
            training samples, and its loss no longer falls.
        kept: True if its widths were kept.
    """

    number: int
    last: Epoch
    stalled: bool
    kept: bool


@dataclass(frozen=True, eq=False)
class Training:
    """Result of a training.

    Args:
        widths_mm: trained widths, (n_bonds,) mm, rounded by `width_maps.part_widths`.
        history: training history of the kept run, from the untrained network to the last epoch,
            which is evaluated with the rounded widths.
        restarts: results of all restarts.
        widths_by_epoch_mm: width history, (n_epochs + 1, n_bonds) mm; None if the schedule does
            not record widths.
        stopped: True if a callback ended the training early.
        penalty: penalty on the constraints that is left; 0 if they are met, or without constraints.
    """

    widths_mm: FloatArray
    history: tuple[Epoch, ...]
    restarts: tuple[Restart, ...] = ()
    widths_by_epoch_mm: FloatArray | None = None
    stopped: bool = False
    penalty: float = 0.0

    __repr__ = short_repr

    @property
    def kept_restart(self) -> Restart | None:
        """The kept restart; None if the widths were given."""
        return next((restart for restart in self.restarts if restart.kept), None)

    def _repr_html_(self) -> str:
        """Show the loss history and the last metrics in a notebook."""
        if not self.history:
            return table_html(["widths"], [["given, not trained"]])
        losses = [epoch.loss_train for epoch in self.history]
        last = self.history[-1].metrics
        rows = [[metric_label(name), _shown(value)] for name, value in last.items()]
        return curve_svg(losses, "training loss") + table_html(["metric", "last"], rows)


def _shown(value: MetricValue) -> str:
    parts = value if isinstance(value, list) else [value]
    return ", ".join(f"{part:.4f}" for part in parts)


def train(
    trainable: Trainable,
    widths_initial_mm: FloatArray,
    schedule: Schedule,
    progress: Progress | None = None,
) -> Training:
    """Train the widths from one or several starts and keep the best run by validation loss.

    If all restarts stalled, further ones are started from random widths, up to
    `schedule.retries`. `Problem.trainable` returns the `Trainable` of a design.

    Args:
        trainable: model, task and width map.
        widths_initial_mm: initial widths, (n_bonds,) mm.
        schedule: training schedule.
        progress: called after every epoch; for runs that are trained together, after those of the
            first.

    Raises:
        InputError: if the initial widths are not one finite number per bond.
        ToolError: if the loss is not finite, or a stiffness matrix is not positive definite.
    """
    task = trainable.task
    latent = trainable.width_map.latent(_checked(widths_initial_mm, trainable))

    ended = False

    def on_epoch(_member: int, epoch: int, model: PortModel) -> bool:
        nonlocal ended
        if progress is not None and not ended:
            loss = task.loss_value(model, task.train_indices)
            ended = progress(epoch, schedule.epochs, loss) is True
        return ended

    def run(numbers: range) -> list[OptimisationRun]:
        members = [make_member(trainable, latent, schedule.seed, number) for number in numbers]
        return run_ensemble(trainable, members, schedule, on_epoch)

    training_runs = run(range(schedule.restarts))
    while len(training_runs) < schedule.restarts + schedule.retries:
        if ended or not all(
            is_stalled(task, training_run, schedule) for training_run in training_runs
        ):
            break
        log.info("training: all restarts stalled; another one from random widths")
        training_runs += run(range(len(training_runs), len(training_runs) + 1))
    return replace(_keep_best(trainable, training_runs, schedule), stopped=ended)


def _checked(widths_mm: FloatArray, trainable: Trainable) -> FloatArray:
    n_bonds = trainable.model.network.n_bonds
    widths = np.asarray(widths_mm, dtype=np.float64)
    if widths.shape != (n_bonds,) or not np.isfinite(widths).all():
        given = f"an array of shape {widths.shape}" if widths.shape != (n_bonds,) else "not finite"
        raise InputError("widths_initial_mm", given, f"{n_bonds} finite widths, one per bond")
    return widths


def measure(task: Task, model: PortModel, epoch: int) -> Epoch:
    """Return the losses and metrics of a model after an epoch."""

    def loss(rows: IntArray) -> float | None:
        return task.loss_value(model, rows) if rows.size else None

    return Epoch(
        epoch=epoch,
        loss_train=task.loss_value(model, task.train_indices),
        loss_validation=loss(task.split.validation),
        loss_test=loss(task.split.test),
        metrics=task.metrics(model),
    )


def is_stalled(task: Task, training_run: OptimisationRun, schedule: Schedule) -> bool:
    """Return True if a run does not beat the baseline and its loss no longer falls."""
    last, epochs = training_run.models[-1], len(training_run.models) - 1
    if schedule.epochs == 0 or task.primary_metric is None:
        return False
    if task.primary_metric.beats_training_baseline(task.metrics(last)):
        return False
    if epochs < schedule.epochs:  # L-BFGS-B has converged
        return True
    half = training_run.models[(len(training_run.models) - 1) // 2]
    before, after = (task.loss_value(found, task.train_indices) for found in (half, last))
    return after > (1.0 - STILL_FALLING) * before


def _first_of_the_best(losses: list[float]) -> int:
    """Return the index of the lowest loss; the first one of those that are equal to it."""
    lowest = np.nanmin(losses)
    return int(np.argmax(losses <= lowest + EQUAL * abs(lowest) + EQUAL_TO_ZERO))


def _keep_best(
    trainable: Trainable, training_runs: Sequence[OptimisationRun], schedule: Schedule
) -> Training:
    task = trainable.task
    rows = task.split.validation if task.split.validation.size else task.train_indices
    losses = [
        task.loss_value(training_run.models[-1], rows)
        + training_run.penalty
        + trainable.width_loss_at(part_widths(trainable.width_map, training_run.latent))
        for training_run in training_runs
    ]
    if not np.isfinite(losses).any():
        raise ToolError(
            "no training run ended with a finite loss; loads or targets may be too large"
        )
    best = _first_of_the_best(losses)
    width_map, latents = trainable.width_map, training_runs[best].latents
    return Training(
        widths_mm=part_widths(width_map, training_runs[best].latent),
        penalty=training_runs[best].penalty,
        widths_by_epoch_mm=None if latents is None else part_widths(width_map, latents),
        history=tuple(
            measure(task, model, epoch) for epoch, model in enumerate(training_runs[best].models)
        ),
        restarts=tuple(
            Restart(
                number=number,
                last=measure(task, training_run.models[-1], len(training_run.models) - 1),
                stalled=is_stalled(task, training_run, schedule),
                kept=number == best,
            )
            for number, training_run in enumerate(training_runs)
        ),
    )
