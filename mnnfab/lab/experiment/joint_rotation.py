"""How far joints turn under loads: where they turn far, linear theory no longer holds.

A weight that hangs beside its node, in an eyelet that found no room below it, turns the hub. Linear
theory turns without end, a part does not; lighter weights keep both together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.lab.experiment.steps import Hung, Step, port_loads

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from mnnfab.arrays import FloatArray
    from mnnfab.task.task import Task

#: Joints that turn farther than this (rad) are no matter of linear theory.
FARTHEST_TURN = 0.2


def turns_of(task: Task, steps: tuple[Step, ...], continuum: Continuum) -> FloatArray:
    """Return how far the joint that turns most turns in each step, (n_steps,) rad."""
    on_inputs, on_outputs = port_loads(task, steps)
    turns = on_inputs @ _turns(continuum, continuum.fields)
    turns = turns + on_outputs @ _turns(continuum, continuum.adjoint_fields)
    farthest: FloatArray = np.abs(turns).max(axis=1)
    return farthest


def _turns(continuum: Continuum, fields: FloatArray) -> FloatArray:
    """Return the mean rotation of every load disc in some fields, (n_fields, n_nodes) rad/N."""
    discs, areas = continuum.mesh.disc, continuum.basis.dx
    inside = discs >= 0
    sizes = np.bincount(discs[inside], areas[inside].sum(axis=1))
    found = []
    for field in np.ascontiguousarray(fields.T):
        slopes = continuum.gradient(field)
        rotation = ((slopes[1, 0] - slopes[0, 1]) / 2 * areas).sum(axis=1)
        found.append(np.bincount(discs[inside], rotation[inside]) / sizes)
    return np.array(found)


def lighter_where_turning(
    task: Task, steps: tuple[Step, ...], continuum: Continuum
) -> tuple[Step, ...]:
    """Return steps of which those that turn a joint far hang less, in whole grams, 1 at least."""
    lighter = []
    for step, turn in zip(steps, turns_of(task, steps, continuum).tolist(), strict=True):
        factor = min(1.0, FARTHEST_TURN / turn) if turn > 0 else 1.0
        hung = tuple(
            Hung(one.port, float(np.sign(one.load_gf)) * max(1.0, abs(one.load_gf * factor) // 1))
            for one in step.hung
        )
        lighter.append(replace(step, hung=hung) if factor < 1 else step)
    return tuple(lighter)
