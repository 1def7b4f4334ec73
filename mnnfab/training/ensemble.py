"""Ensembles: optimisation runs of one task from different starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.losses.loss import SHARE, SOFTMAX, SQUARED
from mnnfab.model.bar_solvers import entries_of_bonds
from mnnfab.model.model import PortModel
from mnnfab.model.response import FlexibilityMatrix
from mnnfab.model.springs import SpringModel
from mnnfab.network.ports import are_dofs, dofs_of
from mnnfab.random_streams import Stream, random_generator
from mnnfab.training.compiled_arrays import (
    CLAMP,
    LOGISTIC,
    Bars,
    Limits,
    Samples,
    State,
)
from mnnfab.training.loss_terms import Penalty
from mnnfab.training.optimisation import (
    OptimisationRun,
    Schedule,
    Trainable,
    backtrack,
    epoch_order,
    train_adam,
    train_lbfgs,
)
from mnnfab.training.width_maps import Clamp, Logistic, part_widths

log = logging.getLogger(__name__)

MemberCallback = Callable[[int, int, PortModel], bool | None]
"""Callback after an epoch, with the index of a member, the epoch and the port model; it returns
the same as `EpochCallback`."""

#: Largest number of free degrees of freedom for the compiled step, which uses a dense matrix.
COMPILED_DOFS = 100
#: Number of NumPy steps that take as long as loading the compiled step. The choice must not depend
#: on whether it is loaded already, or the last bits of a result would depend on earlier runs.
COMPILED_STEPS = 12_000


@dataclass(frozen=True, eq=False)
class Member:
    """Start of one optimisation run of an ensemble.

    Args:
        latent: initial latent values, (n_bonds,).
        generator: random number generator of the sample order; the run advances it.
    """

    latent: FloatArray
    generator: np.random.Generator


def make_member(trainable: Trainable, latent: FloatArray, seed: int, number: int) -> Member:
    """Return the member with a number.

    Number 0 starts at the given latent values. The others depend only on the seed and their
    number, and are independent of the other members.
    """
    generator = random_generator(seed, Stream.RESTARTS, number)
    if number == 0:
        return Member(latent, generator)
    start = trainable.width_map.random_latent(generator, len(latent))
    if trainable.renew is not None:  # random widths may not carry the loads
        start, _ = backtrack(start, latent, trainable.renew().port_model)
    return Member(start, generator)


def run_ensemble(
    trainable: Trainable, members: Sequence[Member], schedule: Schedule, on_epoch: MemberCallback
) -> list[OptimisationRun]:
    """Train every member; `on_epoch` receives the index of the member and its epochs."""
    if schedule.optimizer == "l-bfgs-b":
        found = []
        for number, member in enumerate(members):
            own = _renewed(trainable)
            run = train_lbfgs(own, member.latent, schedule, partial(on_epoch, number))
            found.append(_finished(own, run))
        return found
    compiled = can_be_compiled(trainable) and _compilation_pays_off(
        trainable, len(members), schedule
    )
    log.info("training: %d restarts, %s steps", len(members), "compiled" if compiled else "NumPy")
    if compiled:
        runs = train_adam_compiled(trainable, members, schedule, on_epoch)
        return [_finished(trainable, run) for run in runs]
    found = []
    for number, member in enumerate(members):
        own, callback = _renewed(trainable), partial(on_epoch, number)
        run = train_adam(own, member.latent, schedule, member.generator, callback)
        found.append(_finished(own, run))
    return found


def _renewed(trainable: Trainable) -> Trainable:
    return trainable if trainable.renew is None else trainable.renew()


def _finished(trainable: Trainable, run: OptimisationRun) -> OptimisationRun:
    """Return a run whose last model has the rounded widths, with the penalty that is left.

    Its losses are those of the part.
    """
    widths = part_widths(trainable.width_map, run.latent)
    models = [*run.models[:-1], trainable.model.port_model(widths)]
    if trainable.penalty is None:
        return replace(run, models=models)
    return replace(run, models=models, penalty=_penalty_left(trainable, trainable.penalty, widths))


def _penalty_left(trainable: Trainable, penalty: Penalty, widths_mm: FloatArray) -> float:
    """Return the penalty of all training samples.

    A renewed penalty evaluates all of them; that of a training evaluates those near the limits.
    """
    rows = trainable.task.train_indices
    equilibrium = trainable.model.solve(widths_mm, trainable.task.loads_N.take(rows, axis=0))
    return (_renewed(trainable).penalty or penalty)(equilibrium, rows)[0]


def train_adam_compiled(
    trainable: Trainable, members: Sequence[Member], schedule: Schedule, on_epoch: MemberCallback
) -> list[OptimisationRun]:
    """Train by Adam with the compiled step, all members in one call per epoch.

    The results are those of `train_adam` up to rounding.

    Args:
        trainable: widths and loss of a small network, with a loss and a width map of this package.
        members: starts and random number generators.
        schedule: training schedule; the rule is the adjoint one.
        on_epoch: called after every epoch of the first member.

    Raises:
        ToolError: if a stiffness matrix is not positive definite.
    """
    from mnnfab.training.compiled import train_epoch

    bars, samples, limits = compiled_values(trainable)
    response_of = _spring_model(trainable).response
    latent = np.array([member.latent for member in members])
    state = State(latent, np.zeros_like(latent), np.zeros_like(latent))
    starts = (trainable.width_map.widths(member.latent) for member in members)
    flexibilities = [np.array([response_of(widths).flexibility for widths in starts])]
    latents = [latent.copy()]
    rows, size = trainable.task.train_indices, schedule.batch_size
    steps_per_epoch = -(-len(rows) // size)
    for epoch in range(1, schedule.epochs + 1):
        order = np.array([epoch_order(rows, size, member.generator) for member in members])
        step_settings = (size, schedule.learning_rate, (epoch - 1) * steps_per_epoch)
        found, definite = train_epoch(bars, samples, limits, state, order, step_settings)
        if not definite:
            msg = "the bar stiffness matrix is not positive definite; all widths must be positive"
            raise ToolError(msg)
        flexibilities.append(found)
        if schedule.keep_widths:
            latents.append(state.latent.copy())
        if on_epoch(0, epoch, FlexibilityMatrix(found[0])):
            break
    history, kept = np.array(flexibilities), np.array(latents)
    return [
        OptimisationRun(
            latent=state.latent[number],
            models=[FlexibilityMatrix(matrix) for matrix in history[:, number]],
            latents=kept[:, number] if schedule.keep_widths else None,
        )
        for number in range(len(members))
    ]


def can_be_compiled(trainable: Trainable) -> bool:
    """Return True if the compiled step supports the network, the loss and the width map."""
    return trainable.task.loss.compiled is not None and _supports_model_and_map(trainable)


def loss_prevents_compilation(trainable: Trainable, schedule: Schedule) -> bool:
    """Return True if only the loss prevents a long training from using the compiled step."""
    long = (
        _compilation_pays_off(trainable, schedule.restarts, schedule)
        and schedule.optimizer == "adam"
    )
    return long and trainable.task.loss.compiled is None and _supports_model_and_map(trainable)


def _supports_model_and_map(trainable: Trainable) -> bool:
    model = trainable.model
    springs = isinstance(model, SpringModel) and len(model.network.free_dofs) <= COMPILED_DOFS
    return (
        springs
        and not model.network.supports
        and are_dofs(trainable.task.inputs + trainable.task.outputs)
        and type(trainable.width_map) in _WIDTH_MAP_ARGUMENTS
        and trainable.width_errors_mm is None
        and not trainable.other_models
        and trainable.width_loss is None
    )


def _compilation_pays_off(trainable: Trainable, n_members: int, schedule: Schedule) -> bool:
    batches = -(-len(trainable.task.train_indices) // schedule.batch_size)
    steps = n_members * schedule.epochs * batches
    return schedule.rule == "adjoint" and steps >= COMPILED_STEPS


#: Number of each width map in the compiled step, and its parameter.
_WIDTH_MAP_ARGUMENTS: Mapping[type, Callable[..., tuple[int, float]]] = {
    Clamp: lambda _: (CLAMP, 0.0),
    Logistic: lambda limits: (LOGISTIC, limits.sharpness),
}


def compiled_values(trainable: Trainable) -> tuple[Bars, Samples, Limits]:
    """Return the arguments of the compiled step."""
    springs, task = _spring_model(trainable), trainable.task
    model = springs.bars
    dofs, cosines = entries_of_bonds(model.compatibility)
    free = model.network.free_dofs
    ports = np.searchsorted(free, dofs_of(model.inputs + model.outputs))
    width_map = trainable.width_map
    assert isinstance(width_map, Clamp | Logistic)
    loss = task.loss.compiled
    assert loss is not None, "the loss must have a compiled form"
    assert loss.number in {SOFTMAX, SHARE, SQUARED}, "the compiled step has no such loss"
    shape = (len(model.outputs), len(model.inputs))
    additive = np.zeros(shape) if model.additive is None else np.array(model.additive)
    kind, sharpness = _WIDTH_MAP_ARGUMENTS[type(width_map)](width_map)
    return (
        Bars(dofs, cosines, np.array(springs.law.coefficients), ports, additive, len(free)),
        Samples(np.array(task.loads_N), np.array(task.targets), loss.number, loss.scale_mm),
        Limits(kind, width_map.width_min_mm, width_map.width_max_mm, sharpness),
    )


def _spring_model(trainable: Trainable) -> SpringModel:
    assert isinstance(trainable.model, SpringModel), "the compiled step requires springs"
    return trainable.model
