"""Courses: from one start to trained latent values, by one optimiser in one way of computing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.model.model import PortModel, WidthModel
from mnnfab.task.task import Task
from mnnfab.training.adam import Adam
from mnnfab.training.learning_rules import RULES
from mnnfab.training.width_maps import WidthMap

#: Beyond this many bonds nobody could see what happens to one of them.
MOST_BONDS = 500
#: Widths kept while training (n_bonds × epochs), before some are chosen for the record.
MOST_WIDTHS = 5_000_000

Optimizer = Literal["adam", "l-bfgs-b"]
RuleName = Literal["adjoint", "coupled-learning", "finite-differences"]
EpochCallback = Callable[[int, PortModel], bool | None]
"""Called after an epoch with its number and what the ports do; returns
whether the training shall end there."""


class IterationCallback(Protocol):
    """Told of every iteration; SciPy wants the argument to have this very name."""

    def __call__(self, intermediate_result: OptimizeResult) -> None:
        """Take note of it."""
        ...


@dataclass(frozen=True)
class Schedule:
    """How long, how fast and by which rule to train.

    Args:
        epochs: passes over the training samples; for L-BFGS-B the most iterations.
        batch_size: samples a step; a shorter last batch is averaged over its own size.
            L-BFGS-B takes all samples at once.
        learning_rate: Adam's, in units of the width map's latent value.
        seed: decides the order of the samples and the starts of restarts.
        optimizer: Adam, or bounded quasi-Newton steps with SciPy's L-BFGS-B.
        rule: where the gradient comes from.
        restarts: trainings from different starts, of which the best is kept.
        retries: if all of them got stuck, so many more are started from random widths.
        keep_widths: whether the widths after every epoch are kept too.

    Raises:
        InputError: if one of them cannot be used.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int
    optimizer: Optimizer = "adam"
    rule: RuleName = "adjoint"
    restarts: int = 1
    retries: int = 3
    keep_widths: bool = False

    def __post_init__(self) -> None:
        """Check all of them."""
        for name, least in (("epochs", 0), ("batch_size", 1), ("restarts", 1), ("retries", 0)):
            if not getattr(self, name) >= least:
                given = f"{getattr(self, name)}"
                raise InputError(f"schedule, {name}", given, f"a whole number from {least}")
        if not 0 < self.learning_rate < np.inf:
            given = f"{self.learning_rate}"
            raise InputError("schedule, learning_rate", given, "a finite number above 0")
        for name, known in (("optimizer", get_args(Optimizer)), ("rule", tuple(RULES))):
            if getattr(self, name) not in known:
                given = f'"{getattr(self, name)}"'
                raise InputError(f"schedule, {name}", given, ", ".join(known))


def can_record_widths(n_bonds: int, epochs: int) -> bool:
    """Return whether the widths of every epoch of a training can be kept and shown."""
    return n_bonds <= MOST_BONDS and n_bonds * (epochs + 1) <= MOST_WIDTHS


@dataclass(frozen=True, eq=False)
class Trainable:
    """What is trained: widths of bars for a task, by way of latent values.

    Args:
        model: of the network, for any widths.
        task: loads, targets and loss.
        width_map: keeps the widths within their limits.
        width_errors_mm: of prints whose mean loss is lowered, (n_prints, n_bonds); none if
            it is that of the part as drawn.
    """

    model: WidthModel
    task: Task
    width_map: WidthMap
    width_errors_mm: FloatArray | None = None

    def _prints(self, latent: FloatArray) -> FloatArray:
        """Return the widths of every print that is trained for, (n_prints, n_bonds) mm."""
        drawn = self.width_map.widths(latent)
        return drawn[None] if self.width_errors_mm is None else drawn + self.width_errors_mm

    def port_model(self, latent: FloatArray) -> PortModel:
        """Return what the ports of the part as drawn do."""
        return self.model.port_model(self.width_map.widths(latent))

    def gradient(
        self, latent: FloatArray, indices: IntArray, rule: RuleName = "adjoint"
    ) -> FloatArray:
        """Return the gradient of the mean loss over `indices` in the latent values, (n_bonds,)."""
        chain = self.width_map.slope(latent)
        gradients = [
            RULES[rule].width_slope(self.model, self.task, widths, indices, chain)
            for widths in self._prints(latent)
        ]
        return gradients[0] if len(gradients) == 1 else np.mean(gradients, axis=0)

    def loss_and_gradient(self, latent: FloatArray, indices: IntArray) -> tuple[float, FloatArray]:
        """Return the mean loss over `indices` and its exact gradient, from one factorisation."""
        losses, gradients, chain = [], [], self.width_map.slope(latent)
        for widths in self._prints(latent):
            equilibrium = self.model.solve(widths, self.task.loads_N[indices])
            outputs = equilibrium.outputs_mm
            losses.append(self.task.loss.value(outputs, self.task.targets[indices]))
            slope = self.task.loss_slope(outputs, indices)
            gradients.append(equilibrium.width_slope(slope, chain))
        return float(np.mean(losses)), np.mean(gradients, axis=0)


@dataclass(frozen=True, eq=False)
class OptimisationRun:
    """One training, whole.

    Args:
        latent: where it ended, (n_bonds,).
        models: what the ports did before it and after each epoch, n_epochs + 1 of them.
            Every loss and metric follows from these.
        latents: the latent values at the same times, (n_epochs + 1, n_bonds), if the
            schedule keeps widths.
    """

    latent: FloatArray
    models: Sequence[PortModel]
    latents: FloatArray | None = None


def train_adam(
    trainable: Trainable,
    start: FloatArray,
    schedule: Schedule,
    generator: np.random.Generator,
    on_epoch: EpochCallback,
) -> OptimisationRun:
    """Train by Adam on mini-batches.

    Args:
        trainable: what is trained.
        start: latent values, (n_bonds,).
        schedule: how long, how fast, by which rule.
        generator: decides the order of the samples.
        on_epoch: called after every epoch.
    """
    latent, width_map = start, trainable.width_map
    optimiser = Adam(len(latent), schedule.learning_rate)
    models, latents = [trainable.port_model(latent)], [latent]
    for epoch in range(1, schedule.epochs + 1):
        order = epoch_order(trainable.task.train_indices, schedule.batch_size, generator)
        for indices in _batches(order, schedule.batch_size):
            slope = trainable.gradient(latent, indices, schedule.rule)
            latent = width_map.project(latent + optimiser.step(slope))
        models.append(trainable.port_model(latent))
        if schedule.keep_widths:
            latents.append(latent)
        if on_epoch(epoch, models[-1]):
            break
    return OptimisationRun(latent, models, _kept(latents, schedule))


def train_lbfgs(
    trainable: Trainable, start: FloatArray, schedule: Schedule, on_epoch: EpochCallback
) -> OptimisationRun:
    """Train by L-BFGS-B on all training samples at once.

    Args:
        trainable: what is trained.
        start: latent values, (n_bonds,).
        schedule: `epochs` limits the iterations.
        on_epoch: called after every iteration.
    """
    models, latents = [trainable.port_model(start)], [start]

    def on_iteration(intermediate_result: OptimizeResult) -> None:
        models.append(trainable.port_model(intermediate_result.x))
        if schedule.keep_widths:
            latents.append(np.array(intermediate_result.x))
        if on_epoch(len(models) - 1, models[-1]):
            raise StopIteration  # SciPy's way to end an optimisation from within

    if schedule.epochs == 0:  # SciPy makes one iteration all the same
        return OptimisationRun(start, models, _kept(latents, schedule))
    latent, _ = minimise_loss(trainable, start, schedule.epochs, on_iteration)
    return OptimisationRun(latent, models, _kept(latents, schedule))


def minimise_loss(
    trainable: Trainable,
    start: FloatArray,
    iterations: int,
    on_iteration: IterationCallback | None = None,
) -> tuple[FloatArray, float]:
    """Lower the mean loss of all training samples by SciPy's L-BFGS-B, within the limits.

    Args:
        trainable: what is trained.
        start: latent values, (n_bonds,).
        iterations: at the most.
        on_iteration: called after every iteration.

    Returns:
        Latent values, (n_bonds,), and their loss.
    """
    found = minimize(
        trainable.loss_and_gradient,
        start,
        args=(trainable.task.train_indices,),
        jac=True,
        method="L-BFGS-B",
        bounds=[trainable.width_map.latent_limits] * len(start),
        callback=on_iteration,
        options={"maxiter": iterations, "ftol": 1e-12, "gtol": 1e-9},
    )
    return np.asarray(found.x), float(found.fun)


def epoch_order(indices: IntArray, batch_size: int, generator: np.random.Generator) -> IntArray:
    """Return the samples in the order of an epoch; one batch needs no order."""
    return indices if len(indices) <= batch_size else generator.permutation(indices)


def _kept(latents: list[FloatArray], schedule: Schedule) -> FloatArray | None:
    return np.array(latents) if schedule.keep_widths else None


def _batches(order: IntArray, batch_size: int) -> Iterator[IntArray]:
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
