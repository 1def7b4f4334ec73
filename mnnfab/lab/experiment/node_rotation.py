"""Rotation of nodes under load, which limits the validity of linear theory.

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

#: Largest rotation of a node for which linear theory is used (rad).
MAX_ROTATION = 0.2


def node_rotations(task: Task, steps: tuple[Step, ...], continuum: Continuum) -> FloatArray:
    """Return the largest rotation of a node in each load step, (n_steps,) rad."""
    on_inputs, on_outputs = port_loads(task, steps)
    rotations = on_inputs @ _disc_rotations(continuum, continuum.fields)
    rotations = rotations + on_outputs @ _disc_rotations(continuum, continuum.adjoint_fields)
    max_rotations: FloatArray = np.abs(rotations).max(axis=1)
    return max_rotations


def _disc_rotations(continuum: Continuum, fields: FloatArray) -> FloatArray:
    """Return the mean rotation of every load disc for each field, (n_fields, n_nodes) rad/N."""
    discs, areas = continuum.mesh.disc, continuum.basis.dx
    inside = discs >= 0
    disc_areas = np.bincount(discs[inside], areas[inside].sum(axis=1))
    mean_rotations = []
    for field in np.ascontiguousarray(fields.T):
        gradients = continuum.gradient(field)
        rotation = ((gradients[1, 0] - gradients[0, 1]) / 2 * areas).sum(axis=1)
        mean_rotations.append(np.bincount(discs[inside], rotation[inside]) / disc_areas)
    return np.array(mean_rotations)


def with_limited_rotation(
    task: Task, steps: tuple[Step, ...], continuum: Continuum
) -> tuple[Step, ...]:
    """Return the load steps, with lighter weights where nodes rotate too far.

    Weights are whole grams, at least 1.
    """
    limited = []
    for step, rotation in zip(steps, node_rotations(task, steps, continuum).tolist(), strict=True):
        factor = min(1.0, MAX_ROTATION / rotation) if rotation > 0 else 1.0
        weights = _lighter(step.weights, factor)
        limited.append(replace(step, weights=weights) if factor < 1 else step)
    return tuple(limited)


def _lighter(weights: tuple[AppliedWeight, ...], factor: float) -> tuple[AppliedWeight, ...]:
    """Return weights in the same proportions, the heaviest of which is in whole grams."""
    heaviest = max((abs(weight.load_gf) for weight in weights), default=1.0)
    share = max(1.0, heaviest * factor // 1) / heaviest
    lighter = ((weight.port, round(weight.load_gf * share, 1)) for weight in weights)
    return tuple(AppliedWeight(port, load) for port, load in lighter if load)
