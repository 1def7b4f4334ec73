"""Ensembles: many trainings of one task from different starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.model.bar_solvers import entries_of_bonds
from mnnfab.model.model import PortModel
from mnnfab.model.response import FlexibilityMatrix
from mnnfab.model.springs import SpringModel
from mnnfab.network.ports import dofs_of
from mnnfab.random_streams import Stream, random_generator
from mnnfab.training.compiled_arrays import (
    CLAMP,
    LOGISTIC,
    Bars,
    Limits,
    Samples,
    State,
)
from mnnfab.training.optimisation import (
    OptimisationRun,
    Schedule,
    Trainable,
    epoch_order,
    train_adam,
    train_lbfgs,
)
from mnnfab.training.width_maps import Clamp, Logistic

MemberCallback = Callable[[int, int, PortModel], bool | None]
"""Called after an epoch with the place of a member, its epoch and the model of its ports; returns
the same as `EpochCallback`."""

#: The compiled step has a dense matrix: beyond this many free degrees of freedom, not for it.
COMPILED_DOFS = 100
#: Loading the compiled step takes as long as this many steps of NumPy. (Whether it is loaded
#: already must not matter: the last bits of a result would depend on what ran before.)
COMPILED_STEPS = 12_000


@dataclass(frozen=True, eq=False)
class Member:
    """One training of an ensemble.

    Args:
        latent: where it starts, (n_bonds,).
        generator: decides the order of its samples; used up by the training.
    """

    latent: FloatArray
    generator: np.random.Generator


def make_member(trainable: Trainable, latent: FloatArray, seed: int, number: int) -> Member:
    """Return a member by its number.

    Number 0 starts where the design says; every other one depends on the seed and its own
    number alone, so that it is the same in any company.
    """
    generator = random_generator(seed, Stream.RESTARTS, number)
    if number == 0:
        return Member(latent, generator)
    return Member(trainable.width_map.random_latent(generator, len(latent)), generator)


def run_ensemble(
    trainable: Trainable, members: Sequence[Member], schedule: Schedule, on_epoch: MemberCallback
) -> list[OptimisationRun]:
    """Train every member; `tell` is told which one, and of its epochs."""
    if schedule.optimizer == "l-bfgs-b":
        return [
            train_lbfgs(trainable, member.latent, schedule, partial(on_epoch, place))
            for place, member in enumerate(members)
        ]
    if can_be_compiled(trainable) and _is_long(trainable, len(members), schedule):
        return train_adam_compiled(trainable, members, schedule, on_epoch)
    return [
        train_adam(trainable, member.latent, schedule, member.generator, partial(on_epoch, place))
        for place, member in enumerate(members)
    ]


def train_adam_compiled(
    trainable: Trainable, members: Sequence[Member], schedule: Schedule, on_epoch: MemberCallback
) -> list[OptimisationRun]:
    """Train by Adam with the compiled step, all members in one call an epoch.

    The same numbers as `train_adam` gives, to rounding.

    Args:
        trainable: a small network, with a loss and a width map of this package.
        members: starts and random numbers.
        schedule: how long and how fast; the rule is the adjoint one.
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
    steps_an_epoch = -(-len(rows) // size)
    for epoch in range(1, schedule.epochs + 1):
        order = np.array([epoch_order(rows, size, member.generator) for member in members])
        pace = (size, schedule.learning_rate, (epoch - 1) * steps_an_epoch)
        found, rigid = train_epoch(bars, samples, limits, state, order, pace)
        if not rigid:
            raise ToolError("the bar stiffness matrix is not positive definite: is a width zero?")
        flexibilities.append(found)
        if schedule.keep_widths:
            latents.append(state.latent.copy())
        if on_epoch(0, epoch, FlexibilityMatrix(found[0])):
            break
    history, kept = np.array(flexibilities), np.array(latents)
    return [
        OptimisationRun(
            latent=state.latent[place],
            models=[FlexibilityMatrix(matrix) for matrix in history[:, place]],
            latents=kept[:, place] if schedule.keep_widths else None,
        )
        for place in range(len(members))
    ]


def can_be_compiled(trainable: Trainable) -> bool:
    """Return whether there is a compiled step for the network, the loss and the width map."""
    return trainable.task.loss.compiled is not None and _but_for_the_loss(trainable)


def is_slowed_by_loss(trainable: Trainable, schedule: Schedule) -> bool:
    """Return whether only the loss keeps a long training from the compiled step."""
    long = _is_long(trainable, schedule.restarts, schedule) and schedule.optimizer == "adam"
    return long and trainable.task.loss.compiled is None and _but_for_the_loss(trainable)


def _but_for_the_loss(trainable: Trainable) -> bool:
    model = trainable.model
    springs = isinstance(model, SpringModel) and len(model.network.free_dofs) <= COMPILED_DOFS
    return springs and type(trainable.width_map) in _MAPS and trainable.width_errors_mm is None


def _is_long(trainable: Trainable, n_members: int, schedule: Schedule) -> bool:
    batches = -(-len(trainable.task.train_indices) // schedule.batch_size)
    steps = n_members * schedule.epochs * batches
    return schedule.rule == "adjoint" and steps >= COMPILED_STEPS


_MAPS: Mapping[type, Callable[..., tuple[int, float]]] = {
    Clamp: lambda _: (CLAMP, 0.0),
    Logistic: lambda limits: (LOGISTIC, limits.sharpness),
}


def compiled_values(trainable: Trainable) -> tuple[Bars, Samples, Limits]:
    """Return the values that the compiled step takes."""
    springs, task = _spring_model(trainable), trainable.task
    model = springs.bars
    dofs, cosines = entries_of_bonds(model.compatibility)
    free = model.network.free_dofs
    ports = np.searchsorted(free, dofs_of(model.inputs + model.outputs))
    width_map = trainable.width_map
    assert isinstance(width_map, Clamp | Logistic)
    loss = task.loss.compiled
    assert loss is not None, "can_be_compiled has looked"
    shape = (len(model.outputs), len(model.inputs))
    additive = np.zeros(shape) if model.additive is None else np.array(model.additive)
    kind, sharpness = _MAPS[type(width_map)](width_map)
    return (
        Bars(dofs, cosines, np.array(springs.law.coefficients), ports, additive, len(free)),
        Samples(np.array(task.loads_N), np.array(task.targets), loss.number, loss.scale_mm),
        Limits(kind, width_map.width_min_mm, width_map.width_max_mm, sharpness),
    )


def _spring_model(trainable: Trainable) -> SpringModel:
    assert isinstance(trainable.model, SpringModel), "the compiled step is for springs"
    return trainable.model
