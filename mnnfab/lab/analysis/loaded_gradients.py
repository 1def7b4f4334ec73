"""Gradients of the models at the loaded state of an experiment, and the error of its probes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import ToolError
from mnnfab.lab.experiment.samples import HungSamples, hung_samples
from mnnfab.lab.measurement.loaded_gradient import probe_gradient

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.lab.analysis.prediction import Prediction
    from mnnfab.lab.measurement.gradient import MeasuredGradient
    from mnnfab.model.model import Model
    from mnnfab.task.task import Task


def loaded_model_gradients(prediction: Prediction) -> dict[str, FloatArray]:
    """Return the gradients of the models under the loads with probes, by model name.

    Bars and continuum are linear; rubber is the loaded part, and is missing if a load has no stable
    equilibrium.
    """
    task = prediction.part.problem.task
    samples = hung_samples(task, prediction.steps)
    models: list[tuple[str, Model]] = [
        ("bars", prediction.bars),
        ("continuum", prediction.continuum),
        ("rubber", prediction.part.rubber),
    ]
    gradients = {}
    for name, model in models:
        try:
            gradients[name] = _gradient(task, model, samples)
        except ToolError:  # the unstable load step is a finding of its own
            continue
    return gradients


def _gradient(task: Task, model: Model, samples: HungSamples) -> FloatArray:
    equilibrium = model.solve(samples.loads_N)
    slopes = samples.output_gradient(task, equilibrium.outputs_mm)
    return equilibrium.stiffness_gradient(slopes)


def with_probe_errors(
    gradient: MeasuredGradient, prediction: Prediction, models: dict[str, FloatArray]
) -> MeasuredGradient:
    """Return a measured gradient whose errors include that of the finite size of the probes.

    It is the difference of the rubber model's own gradient by the same probes from its exact one.
    Without stable equilibria it is not known, and the gradient is returned as it is.
    """
    if prediction.unstable or "rubber" not in models:
        return gradient
    task, network = prediction.part.problem.task, prediction.part.problem.network
    zero = prediction.part.rubber.hanging_nodes
    by_probes = probe_gradient(task, network, prediction.steps, zero, prediction.loaded_mm)
    error = np.abs(by_probes - models["rubber"])
    factor = gradient.half_width / gradient.sd
    sd = np.hypot(gradient.sd, error)
    return replace(gradient, sd=sd, half_width=factor * sd)
