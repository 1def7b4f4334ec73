"""Optimisation runs: training of the latent values from one start, by Adam or L-BFGS-B."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from typing import Literal, Protocol, TypeVar, get_args

import numpy as np
from scipy.optimize import OptimizeResult, minimize

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError, LostStateError
from mnnfab.io.short_repr import short_repr
from mnnfab.model.model import PortModel, WidthEquilibrium, WidthModel
from mnnfab.task.task import Task
from mnnfab.training.adam import Adam
from mnnfab.training.learning_rules import RULES, loaded_equilibrium
from mnnfab.training.loss_terms import Penalty, WidthLoss
from mnnfab.training.width_maps import WidthMap

#: Largest number of bonds for which the width history is recorded; single bonds cannot be
#: distinguished in larger figures.
MAX_BONDS = 500
#: Largest number of recorded widths during training, n_bonds × (epochs + 1).
MAX_WIDTHS = 5_000_000

#: Status of L-BFGS-B after a line search that failed, and how often it is started again then.
LINE_SEARCH_FAILED, MAX_RESTARTS = 2, 10
#: Largest number of times that a step is halved after which a sample has no stable state.
MAX_HALVINGS = 10

log = logging.getLogger(__name__)

T = TypeVar("T")

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
        other_models: the model with other moduli, over which the loss is averaged too.
        penalty: penalty that is added to the loss of the model itself; None without constraints.
        width_loss: loss of the nominal widths alone, which is added too; None without one.
        renew: function that returns the same without the memory of earlier steps, for each of
            several runs; None if there is no memory.
    """

    model: WidthModel
    task: Task
    width_map: WidthMap
    width_errors_mm: FloatArray | None = None
    other_models: tuple[WidthModel, ...] = ()
    penalty: Penalty | None = None
    width_loss: WidthLoss | None = None
    renew: Callable[[], Trainable] | None = None

    __repr__ = short_repr

    def _scenarios(self, latent: FloatArray) -> Iterable[tuple[WidthModel, FloatArray]]:
        """Return each model with the widths of each print sample, (n_bonds,) mm."""
        drawn = self.width_map.widths(latent)
        prints = [drawn] if self.width_errors_mm is None else drawn + self.width_errors_mm
        return product((self.model, *self.other_models), prints)

    def port_model(self, latent: FloatArray) -> PortModel:
        """Return the port model for the nominal widths.

        A part must carry all loads of its task: those of validation and test samples too.

        Raises:
            LostStateError: if a sample has no stable state, in any scenario.
        """
        model = self.model.port_model(self.width_map.widths(latent))
        lost = np.flatnonzero(np.isnan(model.outputs(self.task.loads_N)).any(axis=1))
        if lost.size:
            msg = (
                f"sample {lost[0]} has no stable state in the plane ({lost.size} of "
                f"{len(self.task.loads_N)} samples): smaller loads, wider or shorter bonds, or a "
                "stiffer material"
            )
            raise LostStateError(msg)
        if self.penalty is not None:  # other scenarios of a model that may have no states
            loads = self.task.loads_N.take(self.task.train_indices, axis=0)
            for other, widths in islice(self._scenarios(latent), 1, None):
                other.solve(widths, loads)
        return model

    def gradient(
        self, latent: FloatArray, indices: IntArray, rule: RuleName = "adjoint"
    ) -> FloatArray:
        """Return the gradient of the mean loss over `indices` in the latent values, (n_bonds,).

        Raises:
            LostStateError: if a sample has no stable state.
        """
        chain = self.width_map.derivative(latent)
        if self.penalty is not None:
            slopes = self._exact(self._equilibria(latent, indices), indices, chain)[1]
            return self._with_widths(latent, slopes)[1]
        gradients = [
            RULES[rule].width_gradient(model, self.task, widths, indices, chain)
            for model, widths in self._scenarios(latent)
        ]
        slopes = gradients[0] if len(gradients) == 1 else np.mean(gradients, axis=0)
        return self._with_widths(latent, slopes)[1]

    def loss_and_gradient(self, latent: FloatArray, indices: IntArray) -> tuple[float, FloatArray]:
        """Return the mean loss over `indices` and its exact gradient, from one factorisation.

        Raises:
            LostStateError: if a sample has no stable state.
        """
        equilibria = self._equilibria(latent, indices)
        losses = [self.task.loss_of(one.outputs_mm, loads, indices) for one, loads in equilibria]
        penalty, slopes = self._exact(equilibria, indices, self.width_map.derivative(latent))
        of_widths, gradient = self._with_widths(latent, slopes)
        return float(np.mean(losses)) + penalty + of_widths, gradient

    def width_loss_at(self, widths_mm: FloatArray) -> float:
        """Return the loss of widths alone; 0 without one."""
        return 0.0 if self.width_loss is None else self.width_loss(widths_mm)[0]

    def _with_widths(self, latent: FloatArray, slopes: FloatArray) -> tuple[float, FloatArray]:
        """Return the loss of the widths alone, and the gradient of the whole loss, (n_bonds,).

        Args:
            latent: latent values.
            slopes: derivative of the other parts in each width, times that of the width map.
        """
        if self.width_loss is None:
            return 0.0, self.width_map.pulled_back(slopes)
        value, by_widths = self.width_loss(self.width_map.widths(latent))
        slopes = slopes + by_widths * self.width_map.derivative(latent)
        return value, self.width_map.pulled_back(slopes)

    def _equilibria(
        self, latent: FloatArray, indices: IntArray
    ) -> list[tuple[WidthEquilibrium, FloatArray]]:
        """Return the equilibria of all scenarios, and their loads."""
        return [
            loaded_equilibrium(model, self.task, widths, indices)
            for model, widths in self._scenarios(latent)
        ]

    def _exact(
        self,
        equilibria: list[tuple[WidthEquilibrium, FloatArray]],
        indices: IntArray,
        chain: FloatArray,
    ) -> tuple[float, FloatArray]:
        """Return the penalty, and the exact gradient of the mean loss with the penalty."""
        gradients = [
            self.task.width_gradient(one, indices, chain, loads) for one, loads in equilibria
        ]
        if self.penalty is None:
            return 0.0, np.mean(gradients, axis=0)
        penalty, by_widths = self.penalty(equilibria[0][0], indices)
        return penalty, np.mean(gradients, axis=0) + by_widths * chain


@dataclass(frozen=True, eq=False)
class OptimisationRun:
    """An optimisation run from one start.

    Args:
        latent: final latent values, (n_bonds,).
        models: port models before the first and after each epoch, n_epochs + 1 in total. All
            losses and metrics are computed from them.
        latents: latent values at the same epochs, (n_epochs + 1, n_bonds), if the schedule
            records widths.
        penalty: penalty on the constraints at the end; 0 if they are met.
    """

    latent: FloatArray
    models: Sequence[PortModel]
    latents: FloatArray | None = None
    penalty: float = 0.0


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
    latent, safe, width_map = start, start, trainable.width_map
    optimiser = Adam(len(latent), schedule.learning_rate)
    models, latents = [trainable.port_model(latent)], [latent]
    for epoch in range(1, schedule.epochs + 1):
        order = epoch_order(trainable.task.train_indices, schedule.batch_size, generator)
        for indices in _batches(order, schedule.batch_size):
            gradient_at = partial(trainable.gradient, indices=indices, rule=schedule.rule)
            latent, gradient = backtrack(latent, safe, gradient_at)
            latent = width_map.project(latent + optimiser.step(gradient))
        latent, found = backtrack(latent, safe, trainable.port_model)
        models.append(found)
        safe = latent
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
    objective, left = _BarrierObjective(trainable), iterations
    latent, restarts = start, 0
    while True:
        found = minimize(
            objective,
            latent,
            args=(trainable.task.train_indices,),
            jac=True,
            method="L-BFGS-B",
            bounds=[trainable.width_map.latent_limits] * len(start),
            callback=on_iteration,
            options={"maxiter": left, "ftol": 1e-12, "gtol": 1e-9},
        )
        latent, left = np.asarray(found.x), left - int(found.nit)
        # A line search that ends at a barrier.
        again = trainable.penalty is not None and found.status == LINE_SEARCH_FAILED
        if not again or not left or not found.nit or restarts == MAX_RESTARTS:
            return latent, float(found.fun)
        restarts += 1


def backtrack(
    latent: FloatArray, safe: FloatArray, evaluate: Callable[[FloatArray], T]
) -> tuple[FloatArray, T]:
    """Return latent values at which all samples have stable states, and what was evaluated there.

    The step from safe values is halved until all samples have stable states.

    Raises:
        LostStateError: if a sample has none at the safe values either.
    """
    for _ in range(MAX_HALVINGS):
        try:
            return latent, evaluate(latent)
        except LostStateError as error:
            log.info("the step is halved: %s", error)
        latent = (safe + latent) / 2
    return safe, evaluate(safe)


class _BarrierObjective:
    """Loss and gradient of a trainable, with a barrier where samples have no stable states.

    The barrier is a paraboloid about the last values with all states, which is higher than the
    loss there: the line search then tries a shorter step.
    """

    def __init__(self, trainable: Trainable) -> None:
        self._trainable = trainable
        self._last: tuple[FloatArray, float] | None = None

    def __call__(self, latent: FloatArray, indices: IntArray) -> tuple[float, FloatArray]:
        try:
            value, gradient = self._trainable.loss_and_gradient(latent, indices)
        except LostStateError as error:
            if self._last is None:
                raise
            log.info("the step is shortened: %s", error)
            safe, value = self._last
            step, height = latent - safe, 1.0 + abs(value)
            return value + height, 2 * height * step / (step @ step)
        self._last = latent.copy(), value
        return value, gradient


def epoch_order(indices: IntArray, batch_size: int, generator: np.random.Generator) -> IntArray:
    """Return the samples in random order, or in the given order if they are a single batch."""
    return indices if len(indices) <= batch_size else generator.permutation(indices)


def _kept(latents: list[FloatArray], schedule: Schedule) -> FloatArray | None:
    return np.array(latents) if schedule.keep_widths else None


def _batches(order: IntArray, batch_size: int) -> Iterator[IntArray]:
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
