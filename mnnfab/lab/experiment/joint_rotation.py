"""Rotation of joints under load, which limits the validity of linear theory.

A weight beside its node, in an eyelet that did not fit below the node, rotates the hub. In linear
theory the rotation grows without limit, in a real part it does not; lighter weights keep both in
agreement.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.lab.experiment.steps import AppliedWeight, Step, port_loads

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from mnnfab.arrays import FloatArray
    from mnnfab.task.task import Task

#: Largest rotation of a joint for which linear theory is used (rad).
FARTHEST_TURN = 0.2


def joint_rotations(task: Task, steps: tuple[Step, ...], continuum: Continuum) -> FloatArray:
    """Return the largest rotation of a joint in each load step, (n_steps,) rad."""
    on_inputs, on_outputs = port_loads(task, steps)
    turns = on_inputs @ _turns(continuum, continuum.fields)
    turns = turns + on_outputs @ _turns(continuum, continuum.adjoint_fields)
    farthest: FloatArray = np.abs(turns).max(axis=1)
    return farthest


def _turns(continuum: Continuum, fields: FloatArray) -> FloatArray:
    """Return the mean rotation of every load disc for each field, (n_fields, n_nodes) rad/N."""
    discs, areas = continuum.mesh.disc, continuum.basis.dx
    inside = discs >= 0
    sizes = np.bincount(discs[inside], areas[inside].sum(axis=1))
    found = []
    for field in np.ascontiguousarray(fields.T):
        slopes = continuum.gradient(field)
        rotation = ((slopes[1, 0] - slopes[0, 1]) / 2 * areas).sum(axis=1)
        found.append(np.bincount(discs[inside], rotation[inside]) / sizes)
    return np.array(found)


def limit_rotation(task: Task, steps: tuple[Step, ...], continuum: Continuum) -> tuple[Step, ...]:
    """Return the load steps, with lighter weights where joints rotate too far.

    Weights are whole grams, at least 1.
    """
    lighter = []
    for step, turn in zip(steps, joint_rotations(task, steps, continuum).tolist(), strict=True):
        factor = min(1.0, FARTHEST_TURN / turn) if turn > 0 else 1.0
        hung = tuple(
            AppliedWeight(
                one.port, float(np.sign(one.load_gf)) * max(1.0, abs(one.load_gf * factor) // 1)
            )
            for one in step.hung
        )
        lighter.append(replace(step, hung=hung) if factor < 1 else step)
    return tuple(lighter)
