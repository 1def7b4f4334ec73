"""Load steps of a round: training loads, and probes on every output added both ways.

Probes on single outputs span ∂L/∂u of any outputs, so the loss of the outputs as they are measured
can be used, not that of outputs which a model expects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError, ToolError
from mnnfab.lab.experiment.plan import tenths, weights_at
from mnnfab.lab.experiment.probes import best_probe_size, probes_on
from mnnfab.lab.experiment.steps import ZERO, Step
from mnnfab.random_streams import Stream, random_generator

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.model.model import Model
    from mnnfab.task.task import Task

#: Largest number of loads of a round; a task with more has a random batch in each round.
MAX_LOADS = 12


def round_steps(task: Task, model: Model, seed: int, number: int) -> tuple[Step, ...]:
    """Return the load steps of a round, with the zero.

    Args:
        task: the task.
        model: model that predicts the errors of probes, loaded at the inputs and the outputs, in
            that order.
        seed: seed of the design.
        number: number of the round.

    Raises:
        InputError: if a load has no stable equilibrium.
    """
    steps = [ZERO]
    for row, grams, target in _round_loads(task, seed, number):
        forward = Step(f"load-{row}", "forward", weights_at(task.inputs, grams))
        try:
            size = best_probe_size(task, model, forward.loads_on(task.inputs), target)
        except ToolError as error:
            given = f"load {row} of the task: {error}"
            raise InputError("session", given, "loads that the part carries") from error
        steps += [forward, *probes_on(task.outputs, forward, size)]
    return tuple(steps)


def _round_loads(task: Task, seed: int, number: int) -> list[tuple[int, FloatArray, FloatArray]]:
    """Return the different loads of a round: number, loads, (n_in,) gf, and mean target."""
    indices = task.train_indices
    loads, members = np.unique(tenths(task.loads_N[indices]), axis=0, return_inverse=True)
    rows = np.flatnonzero(loads.any(axis=1))
    if len(rows) > MAX_LOADS:
        generator = random_generator(seed, Stream.SESSION_BATCH, number)
        rows = np.sort(generator.choice(rows, MAX_LOADS, replace=False))
    targets = task.targets[indices]
    return [(row, loads[row], targets[members == row].mean(axis=0)) for row in rows.tolist()]
