"""The training samples that the forward steps of an experiment stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.lab.experiment.steps import Step
from mnnfab.task.task import Task
from mnnfab.units import NEWTON_PER_GF

#: Resolution of the weights of load cases and probes, gf.
RESOLUTION_GF = 0.1


@dataclass(frozen=True, eq=False)
class HungSamples:
    """Forward steps with probes, and their samples. Samples of one load share a step.

    Args:
        loads_N: loads of the forward steps at the inputs, (n_forward, n_in).
        step: forward step of each sample, (n_samples,).
        targets: target of each sample, (n_samples, n_out).
    """

    loads_N: FloatArray
    step: IntArray
    targets: FloatArray

    def loss(self, task: Task, outputs_mm: FloatArray) -> float:
        """Return the mean loss of the samples for outputs of the steps, (n_forward, n_out) mm."""
        return task.loss.value(outputs_mm[self.step], self.targets)

    def output_gradient(self, task: Task, outputs_mm: FloatArray) -> FloatArray:
        """Return the derivative of the mean loss in the outputs of the steps, per mm."""
        gradient = np.zeros_like(outputs_mm)
        own = task.loss.gradient(outputs_mm[self.step], self.targets)
        np.add.at(gradient, self.step, own)
        return gradient


def hung_samples(task: Task, steps: Sequence[Step]) -> HungSamples:
    """Return the samples of the forward steps that have probes, in the order of the steps.

    The samples of a step are the training samples whose loads, rounded to `RESOLUTION_GF`, are
    those of the step; if there is none, as for the mean of a class, those with the nearest loads.
    """
    probed = {step.added_to.name for step in steps if step.added_to is not None}
    forward = [step for step in steps if step.name in probed]
    loads = np.array([step.loads_on(task.inputs) for step in forward])
    loads = loads.reshape(len(forward), len(task.inputs))
    indices = task.train_indices
    exact = task.loads_N[indices]
    rows, targets = [], []
    for row, own in enumerate(loads):
        distances = np.abs(exact - own).max(axis=1)
        limit = max(0.51 * RESOLUTION_GF * NEWTON_PER_GF, float(distances.min()) * (1 + 1e-9))
        found = indices[distances <= limit]
        rows += [row] * len(found)
        targets.append(task.targets[found])
    return HungSamples(loads, np.array(rows, dtype=np.int64), np.concatenate(targets))
