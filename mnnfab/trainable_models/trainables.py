"""The trainable of a problem: its widths on the model that the design names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mnnfab.loaded_part.requirements import requirements_of
from mnnfab.model.springs import SpringModel
from mnnfab.problem.problem import PortProblem, Problem, require_ports, require_trainable
from mnnfab.trainable_models.modulus_loss import modulus_loss
from mnnfab.training.optimisation import Trainable
from mnnfab.training.training import Progress, Training, train


def trainable_of(problem: Problem) -> Trainable:
    """Return the trainable of a problem.

    Raises:
        InputError: if the design has no ports, or the initial widths do not suit the width map.
    """
    problem = require_ports(problem)
    trainable = replace(problem.trainable(), width_loss=modulus_loss(problem))
    moduli = problem.design.tolerance.train_over_modulus
    if problem.design.schedule.model == "bars":
        return replace(trainable, other_models=_softened(problem, moduli))
    from mnnfab.trainable_models.constraints import LoadedConstraints
    from mnnfab.trainable_models.loaded_frame import loaded_frame_model

    model, *others = (loaded_frame_model(problem, factor) for factor in (1.0, *moduli))
    penalty = LoadedConstraints(
        model.model,
        problem.task.loads_N,
        requirements_of(problem),
        every=problem.design.schedule.optimizer == "l-bfgs-b",
    )
    return replace(
        trainable,
        model=model,
        other_models=tuple(others),
        penalty=penalty,
        renew=partial(trainable_of, problem),
    )


def _softened(problem: PortProblem, moduli: Sequence[float]) -> tuple[SpringModel, ...]:
    """Return the bar model with factors on Young's modulus."""
    springs = problem.spring_model()
    additive = springs.bars.additive
    return tuple(
        SpringModel(
            replace(springs.bars, additive=None if additive is None else additive / factor),
            springs.law.softened(1 / factor),
        )
        for factor in moduli
    )


def train_problem(problem: Problem, progress: Progress | None = None) -> Training:
    """Train the widths, or return those that the design gives.

    If all restarts stalled, further ones are started from random widths, unless initial widths
    are given; see `Training.restarts`.

    Raises:
        InputError: if the design has no task with a metric, or the initial widths do not suit the
            width map.
        LostStateError: if a sample has no stable state with the initial widths.
    """
    if problem.given_widths_mm is not None:
        return Training(widths_mm=problem.given_widths_mm, history=())
    trainable = trainable_of(require_trainable(problem))
    return train(trainable, problem.start_widths_mm, problem.schedule, progress)
