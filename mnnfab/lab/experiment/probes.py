"""Probes: small weights added to a load, both ways, and the size that is best for the camera.

Half the difference of the elongations with +h and -h is δe for the load h. Two errors decide the
size of h, relative to the gradient e δe of all bonds:

- of reading, proportional to 1 / h: the difference of two shots of sd σ a node, divided by h;
- of curvature, proportional to h²: what is even in h cancels, the cubic term remains.

For free sizes, the best one has a curvature error of 1/√2 times the reading error. It is chosen
among a few sizes for which the model has been solved, so that no expansion is needed.

Probes are taken on each output. A pair along ∂L/∂u of the outputs that a model expects needs fewer
load steps, but where ∂L/∂u is a difference of outputs, an error of its direction of 1 % is one of
the gradient of 3 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import ToolError
from mnnfab.lab.experiment.samples import RESOLUTION_GF
from mnnfab.lab.experiment.steps import Step, weights_on
from mnnfab.model.model import Model
from mnnfab.network.ports import AnyPort
from mnnfab.task.task import Task
from mnnfab.units import NEWTON_PER_GF

#: Expected noise of one coordinate of one node in one shot, mm: a twentieth of a pixel of 0.02 mm.
READING_SD_MM = 0.001
#: Shots of every load step, and of the part without weights.
SHOTS = 2
#: Heaviest weight of a probe that is tried, as shares of the heaviest weight of its load. Heavier
#: ones could make a part buckle out of its plane, which the models do not see.
SHARES = (1 / 16, 1 / 8, 1 / 4, 3 / 8, 1 / 2)


@dataclass(frozen=True)
class ProbeSize:
    """Size of the probes of a load, with the expected errors of the gradient relative to its norm.

    Args:
        size_gf: weight of a probe on each output.
        reading: random error by the noise of the photographs.
        curvature: systematic error by the size of the probes.
    """

    size_gf: float
    reading: float
    curvature: float

    @property
    def error(self) -> float:
        """Both errors together."""
        return float(np.hypot(self.reading, self.curvature))


def best_probe_size(
    task: Task,
    model: Model,
    loads_N: FloatArray,
    target: FloatArray,
    reading_sd_mm: float = READING_SD_MM,
) -> ProbeSize:
    """Return the size of probes on every output with the smallest error of the gradient.

    Args:
        task: task with the loss. If ∂L/∂u is zero under the loads, the errors are those of a
            gradient for each output.
        model: model of the part, loaded at the inputs and the outputs, in that order.
        loads_N: loads at the inputs, (n_in,).
        target: target of the outputs under these loads, (n_out,).
        reading_sd_mm: noise of one coordinate of one node in one shot.

    Raises:
        ToolError: if there is no equilibrium under the loads, or none with any probes.
    """
    each = np.eye(len(task.outputs))
    loads = np.hstack([np.tile(loads_N, (len(each), 1)), np.zeros_like(each)])
    state = model.solve(loads)
    slopes = task.loss.gradient(state.outputs_mm[:1], target[None])
    needed = slopes if slopes.any() else each
    elongations, exact = state.elongations_mm[:1], state.adjoint_elongations(each)
    heaviest_gf = float(np.abs(loads_N).max()) / NEWTON_PER_GF
    sizes = np.maximum(np.round(np.array(SHARES) * heaviest_gf, 1), RESOLUTION_GF)
    found = []
    for size_gf in np.unique(sizes).tolist():
        size_N = NEWTON_PER_GF * size_gf
        added = np.hstack([np.zeros((len(each), len(loads_N))), size_N * each])
        try:
            ends = [model.solve(loads + sign * added).elongations_mm for sign in (1.0, -1.0)]
        except ToolError:  # an unstable probe is too heavy
            continue
        change = (ends[0] - ends[1]) / (2 * size_N)
        whole = elongations * (needed @ exact)
        reading = _reading_sd(elongations, needed, exact, size_N, reading_sd_mm)
        curvature = elongations * (needed @ (change - exact))
        found.append(ProbeSize(size_gf, _share(reading, whole), _share(curvature, whole)))
    if not found:
        msg = "no stable equilibrium with small additional weights: lower the loads"
        raise ToolError(msg)
    return min(found, key=lambda size: size.error)


def _reading_sd(
    e: FloatArray, needed: FloatArray, exact: FloatArray, size_N: float, sd_mm: float
) -> FloatArray:
    """Return the standard deviation of the products e δe.

    An elongation has the errors of two nodes. δe is the sum over the outputs of ∂L/∂u times half a
    difference of two means of shots, divided by the load; e is the difference of such a mean from
    the unloaded part.
    """
    variance = 2 * sd_mm**2 / SHOTS
    change_sd = np.linalg.norm(needed, axis=1, keepdims=True) * np.sqrt(variance / 2) / size_N
    sd: FloatArray = np.hypot(e * change_sd, (needed @ exact) * np.sqrt(2 * variance))
    return sd


def _share(error: FloatArray, whole: FloatArray) -> float:
    return float(np.linalg.norm(error) / max(float(np.linalg.norm(whole)), 1e-300))


def probes_on(outputs: Sequence[AnyPort], forward: Step, size: ProbeSize) -> list[Step]:
    """Return the probes of a forward step: a weight on each output, both ways."""
    probes = []
    for port in outputs:
        for sign, end in ((1.0, "plus"), (-1.0, "minus")):
            weights = weights_on(port, sign * size.size_gf)
            probes.append(Step(f"{forward.name}-{port.code}-{end}", "probe", weights, forward))
    return probes
