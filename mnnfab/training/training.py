"""The trainer: bond widths that lower a task's loss, by the exact adjoint gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.errors import InputError, ToolError
from mnnfab.io.display import curve_svg, table_html
from mnnfab.model.model import PortModel
from mnnfab.task.metrics import Metrics, MetricValue
from mnnfab.task.task import Task
from mnnfab.training.ensemble import make_member, run_ensemble
from mnnfab.training.optimisation import OptimisationRun, Schedule, Trainable

Progress = Callable[[int, int, float], bool | None]
"""Called after an epoch with its number, the number of epochs and the loss; where it returns
True, the training ends with the epochs that it has."""

#: A loss that fell by more than this share in the second half of a training will fall on.
STILL_FALLING = 0.01


@dataclass(frozen=True)
class Epoch:
    """One line of the history, measured after the epoch's last step.

    Args:
        epoch: 0 is the untrained network.
        loss_train: mean loss over the training samples.
        loss_validation: the same over the validation samples, if there are any.
        loss_test: the same over the test samples, if there are any.
        metrics: what the task's judge says.
    """

    epoch: int
    loss_train: float
    loss_validation: float | None
    loss_test: float | None
    metrics: Metrics


@dataclass(frozen=True)
class Restart:
    """How one training of several ended.

    Args:
        number: 0 started where the design says, the others at random widths.
        last: its last epoch.
        stuck: whether it answers the training samples no better than by ignoring them, and
            its loss has stopped falling.
        chosen: whether its widths were kept.
    """

    number: int
    last: Epoch
    stuck: bool
    chosen: bool


@dataclass(frozen=True, eq=False)
class Training:
    """What training leaves.

    Args:
        widths_mm: trained widths, (n_bonds,) mm.
        history: the untrained network and every epoch, of the training that was kept.
        restarts: how all of them ended.
        widths_by_epoch_mm: the widths at every line of the history, (n_epochs + 1, n_bonds)
            mm, if the schedule keeps them.
        stopped: whether a callback ended it early.
    """

    widths_mm: FloatArray
    history: tuple[Epoch, ...]
    restarts: tuple[Restart, ...] = ()
    widths_by_epoch_mm: FloatArray | None = None
    stopped: bool = False

    @property
    def chosen(self) -> Restart | None:
        """The training that was kept; none if the widths were given."""
        return next((restart for restart in self.restarts if restart.chosen), None)

    def _repr_html_(self) -> str:
        """Show the course of the loss and the last metrics in a notebook."""
        if not self.history:
            return table_html(["widths"], [["given, not trained"]])
        losses = [epoch.loss_train for epoch in self.history]
        last = self.history[-1].metrics
        rows = [[name.replace("_", " "), _shown(value)] for name, value in last.items()]
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
    """Train the widths from one start or several, and keep the best by validation.

    If every training got stuck, another one is started from random widths, up to
    `schedule.retries` times. `Problem.trainable` makes a `Trainable` of a design.

    Args:
        trainable: bars, task and width map.
        widths_initial_mm: where to start, (n_bonds,) mm.
        schedule: how long, how fast, from how many starts.
        progress: told of every epoch; of those that run together, of the first one's.

    Raises:
        InputError: if there is not one finite width a bond to start from.
        ToolError: if the loss left the numbers, or a stiffness matrix is not positive definite.
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
        training_runs += run(range(len(training_runs), len(training_runs) + 1))
    return replace(_keep_best(trainable, training_runs, schedule), stopped=ended)


def _checked(widths_mm: FloatArray, trainable: Trainable) -> FloatArray:
    n_bonds = trainable.model.network.n_bonds
    widths = np.asarray(widths_mm, dtype=np.float64)
    if widths.shape != (n_bonds,) or not np.isfinite(widths).all():
        given = f"an array of shape {widths.shape}" if widths.shape != (n_bonds,) else "not finite"
        raise InputError("widths_initial_mm", given, f"{n_bonds} finite widths, one a bond")
    return widths


def measure(task: Task, model: PortModel, epoch: int) -> Epoch:
    """Return losses and metrics of a network."""

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
    """Return whether a training has learned nothing and is not about to."""
    last, epochs = training_run.models[-1], len(training_run.models) - 1
    if schedule.epochs == 0 or task.primary_metric is None:
        return False
    if task.primary_metric.beats_training_baseline(task.metrics(last)):
        return False
    if epochs < schedule.epochs:  # quasi-Newton steps end where the loss falls no more
        return True
    half = training_run.models[(len(training_run.models) - 1) // 2]
    before, after = (task.loss_value(found, task.train_indices) for found in (half, last))
    return after > (1.0 - STILL_FALLING) * before


def _keep_best(
    trainable: Trainable, training_runs: Sequence[OptimisationRun], schedule: Schedule
) -> Training:
    task = trainable.task
    rows = task.split.validation if task.split.validation.size else task.train_indices
    losses = [task.loss_value(training_run.models[-1], rows) for training_run in training_runs]
    if not np.isfinite(losses).any():
        raise ToolError("the training ended without a finite loss: are loads or targets too large?")
    best = int(np.nanargmin(losses))
    widths, latents = trainable.width_map.widths, training_runs[best].latents
    return Training(
        widths_mm=frozen_floats(widths(training_runs[best].latent)),
        widths_by_epoch_mm=None if latents is None else frozen_floats(widths(latents)),
        history=tuple(
            measure(task, model, epoch) for epoch, model in enumerate(training_runs[best].models)
        ),
        restarts=tuple(
            Restart(
                number=number,
                last=measure(task, training_run.models[-1], len(training_run.models) - 1),
                stuck=is_stalled(task, training_run, schedule),
                chosen=number == best,
            )
            for number, training_run in enumerate(training_runs)
        ),
    )
