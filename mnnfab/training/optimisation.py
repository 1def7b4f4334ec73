"""Optimisation runs: training of the latent values from one start, by Adam or L-BFGS-B."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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

#: Largest number of bonds for which the width history is recorded; single bonds cannot be
#: distinguished in larger figures.
MAX_BONDS = 500
#: Largest number of recorded widths during training, n_bonds × (epochs + 1).
MAX_WIDTHS = 5_000_000

Optimizer = Literal["adam", "l-bfgs-b"]
RuleName = Literal["adjoint", "coupled-learning", "finite-differences"]
EpochCallback = Callable[[int, PortModel], bool | None]
"""Callback after an epoch, with its number and the port model; the training ends if it returns
True."""


class IterationCallback(Protocol):
    """Callback of every iteration. SciPy requires this name of the argument."""

    def __call__(self, intermediate_result: OptimizeResult) -> None:
        """Process an iteration."""
        ...


@dataclass(frozen=True)
class Schedule:
    """Training schedule: number of epochs, learning rate, optimiser and learning rule.

    Args:
        epochs: passes over the training samples; maximum number of iterations for L-BFGS-B.
        batch_size: samples per step; a shorter last batch is averaged over its own size.
            L-BFGS-B uses all samples in each step.
        learning_rate: learning rate of Adam, in units of the latent values of the width map.
        seed: seed of the sample order and of the starts of the restarts.
        optimizer: Adam, or the bounded quasi-Newton method L-BFGS-B of SciPy.
        rule: learning rule that gives the gradient.
        restarts: number of optimisation runs from different starts, the best of which is kept.
        retries: number of further runs from random widths if all restarts stalled.
        keep_widths: True to record the widths after every epoch.

    Raises:
        InputError: if a value is not valid.
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
        """Validate all values."""
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
    """Return True if the widths of every epoch can be recorded and displayed."""
    return n_bonds <= MAX_BONDS and n_bonds * (epochs + 1) <= MAX_WIDTHS


@dataclass(frozen=True, eq=False)
class Trainable:
    """The bond widths of a model as functions of trainable latent values, and their loss.

    Args:
        model: model of the network, for any widths.
        task: loads, targets and loss.
        width_map: map that keeps the widths within their limits.
        width_errors_mm: width errors of the print samples over which the loss is averaged,
            (n_prints, n_bonds); None to use the nominal widths.
    """

    model: WidthModel
    task: Task
    width_map: WidthMap
    width_errors_mm: FloatArray | None = None

    def _prints(self, latent: FloatArray) -> Iterable[FloatArray]:
        """Return the widths of each print sample, (n_bonds,) mm; one sample if nominal."""
        drawn = self.width_map.widths(latent)
        return [drawn] if self.width_errors_mm is None else drawn + self.width_errors_mm

    def port_model(self, latent: FloatArray) -> PortModel:
        """Return the port model for the nominal widths."""
        return self.model.port_model(self.width_map.widths(latent))

    def gradient(
        self, latent: FloatArray, indices: IntArray, rule: RuleName = "adjoint"
    ) -> FloatArray:
        """Return the gradient of the mean loss over `indices` in the latent values, (n_bonds,)."""
        chain = self.width_map.derivative(latent)
        gradients = [
            RULES[rule].width_gradient(self.model, self.task, widths, indices, chain)
            for widths in self._prints(latent)
        ]
        return gradients[0] if len(gradients) == 1 else np.mean(gradients, axis=0)

    def loss_and_gradient(self, latent: FloatArray, indices: IntArray) -> tuple[float, FloatArray]:
        """Return the mean loss over `indices` and its exact gradient, from one factorisation."""
        losses, gradients, chain = [], [], self.width_map.derivative(latent)
        for widths in self._prints(latent):
            equilibrium = self.model.solve(widths, self.task.loads_N.take(indices, axis=0))
            targets = self.task.targets.take(indices, axis=0)
            losses.append(self.task.loss.value(equilibrium.outputs_mm, targets))
            gradients.append(self.task.width_gradient(equilibrium, indices, chain))
        return float(np.mean(losses)), np.mean(gradients, axis=0)


@dataclass(frozen=True, eq=False)
class OptimisationRun:
    """An optimisation run from one start.

    Args:
        latent: final latent values, (n_bonds,).
        models: port models before the first and after each epoch, n_epochs + 1 in total. All
            losses and metrics are computed from them.
        latents: latent values at the same epochs, (n_epochs + 1, n_bonds), if the schedule
            records widths.
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
        trainable: widths and loss.
        start: initial latent values, (n_bonds,).
        schedule: training schedule.
        generator: random number generator of the sample order.
        on_epoch: called after every epoch.
    """
    latent, width_map = start, trainable.width_map
    optimiser = Adam(len(latent), schedule.learning_rate)
    models, latents = [trainable.port_model(latent)], [latent]
    for epoch in range(1, schedule.epochs + 1):
        order = epoch_order(trainable.task.train_indices, schedule.batch_size, generator)
        for indices in _batches(order, schedule.batch_size):
            gradient = trainable.gradient(latent, indices, schedule.rule)
            latent = width_map.project(latent + optimiser.step(gradient))
        models.append(trainable.port_model(latent))
        if schedule.keep_widths:
            latents.append(latent)
        if on_epoch(epoch, models[-1]):
            break
    return OptimisationRun(latent, models, _kept(latents, schedule))


def train_lbfgs(
    trainable: Trainable, start: FloatArray, schedule: Schedule, on_epoch: EpochCallback
) -> OptimisationRun:
    """Train by L-BFGS-B on all training samples in each step.

    Args:
        trainable: widths and loss.
        start: initial latent values, (n_bonds,).
        schedule: training schedule; `epochs` is the maximum number of iterations.
        on_epoch: called after every iteration.
    """
    models, latents = [trainable.port_model(start)], [start]

    def on_iteration(intermediate_result: OptimizeResult) -> None:
        models.append(trainable.port_model(intermediate_result.x))
        if schedule.keep_widths:
            latents.append(np.array(intermediate_result.x))
        if on_epoch(len(models) - 1, models[-1]):
            raise StopIteration  # ends the optimisation of SciPy

    if schedule.epochs == 0:  # SciPy performs one iteration even for maxiter = 0
        return OptimisationRun(start, models, _kept(latents, schedule))
    latent, _ = minimise_loss(trainable, start, schedule.epochs, on_iteration)
    return OptimisationRun(latent, models, _kept(latents, schedule))


def minimise_loss(
    trainable: Trainable,
    start: FloatArray,
    iterations: int,
    on_iteration: IterationCallback | None = None,
) -> tuple[FloatArray, float]:
    """Minimise the mean loss of all training samples by L-BFGS-B within the width limits.

    Args:
        trainable: widths and loss.
        start: initial latent values, (n_bonds,).
        iterations: maximum number of iterations.
        on_iteration: called after every iteration.

    Returns:
        Final latent values, (n_bonds,), and their loss.
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
    """Return the samples in random order, or in the given order if they are a single batch."""
    return indices if len(indices) <= batch_size else generator.permutation(indices)


def _kept(latents: list[FloatArray], schedule: Schedule) -> FloatArray | None:
    return np.array(latents) if schedule.keep_widths else None


def _batches(order: IntArray, batch_size: int) -> Iterator[IntArray]:
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
