"""Predictions of an experiment: displacement of every node in every load step, with its spread.

Bar model and continuum model are linear and superpose the weights of a step. The rubber model is
the loaded part: equilibria under all weights of a step and its own weight, from the hanging part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import UnstableError
from mnnfab.lab.experiment.rubber_steps import lost_message, step_paths
from mnnfab.lab.experiment.steps import Step, port_loads
from mnnfab.model.model import Model
from mnnfab.random_streams import Stream, random_generator
from mnnfab.tolerance.print_sample import AsDrawnBars, sample_stiffness

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from mnnfab.model.bars import BarModel
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import PortProblem
    from mnnfab.task.task import Task

#: Number of print samples for the standard deviations.
N_PRINTS = 200


@dataclass(frozen=True, eq=False)
class NodeFields:
    """Displacement of every node under a unit load at every port.

    Args:
        forward: for the inputs, (2 n_nodes, n_in) mm/N; row 2 n + axis.
        adjoint: for the outputs, (2 n_nodes, n_out) mm/N.
    """

    forward: FloatArray
    adjoint: FloatArray

    def displacements_mm(self, task: Task, steps: Sequence[Step]) -> FloatArray:
        """Return the displacement of the nodes in each load step, (n_steps, n_nodes, 2) mm."""
        on_inputs, on_outputs = port_loads(task, steps)
        displacements = on_inputs @ self.forward.T + on_outputs @ self.adjoint.T
        return displacements.reshape(len(steps), -1, 2)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Predictions of bar model, continuum model and rubber model for some load steps.

    Args:
        part: the part.
        steps: load steps.
        bars_mm: displacement of the nodes by the uncorrected bar model, (n_steps, n_nodes, 2).
        continuum_mm: the same by the continuum model.
        sd_mm: standard deviation over print samples, with errors of widths, modulus, thickness and
            loads, about the continuum model, (n_steps, n_nodes, 2).
        continuum: response of the continuum model at the ports.
        bars: response of the bar model.
        fields: displacements of the continuum model under unit loads.
    """

    part: PortPart
    steps: tuple[Step, ...]
    bars_mm: FloatArray
    continuum_mm: FloatArray
    sd_mm: FloatArray
    continuum: Model
    bars: Model
    fields: NodeFields

    @property
    def loaded_mm(self) -> FloatArray:
        """Displacement of the nodes by the rubber model, (n_steps, n_nodes, 2).

        Steps without a stable equilibrium have that of the continuum model.
        """
        return self._loaded[0]

    @property
    def unstable(self) -> dict[str, str]:
        """Messages on load steps without a stable equilibrium, by their names."""
        return self._loaded[1]

    @cached_property
    def _loaded(self) -> tuple[FloatArray, dict[str, str]]:
        rubber, task = self.part.rubber, self.part.problem.task
        found, lost = self.continuum_mm.copy(), {}
        try:
            paths = step_paths(rubber, task, self.steps)
        except UnstableError as error:  # a print that hangs is measured whatever its model does
            return found, dict.fromkeys((step.name for step in self.steps), str(error))
        for row, (step, path) in enumerate(zip(self.steps, paths, strict=True)):
            if path.lost:
                lost[step.name] = lost_message(step, path.share)
            else:
                found[row] = rubber.node_displacements(path.end.field).reshape(-1, 2)
        return found, lost


def predict(part: PortPart, steps: tuple[Step, ...]) -> Prediction:
    """Return the predictions by bar model, print samples, continuum model and rubber model.

    Args:
        part: the part; a correction of its bar model is ignored.
        steps: load steps.
    """
    problem, widths_mm = part.problem.uncorrected, part.widths_mm
    task, continuum = problem.task, part.continuum
    model, stiffness = problem.bar_model(), problem.law.stiffness(widths_mm)
    bars, solid = bar_fields(model, stiffness), continuum_fields(continuum)
    scale = float(np.vdot(bars.forward, solid.forward) / np.vdot(bars.forward, bars.forward))
    printed = AsDrawnBars(
        model, widths_mm, stiffness / scale, problem.with_effective_joints.design.fabrication
    )
    return Prediction(
        part=part,
        steps=steps,
        bars_mm=bars.displacements_mm(task, steps),
        continuum_mm=solid.displacements_mm(task, steps),
        sd_mm=_spread(problem, printed, steps),
        continuum=continuum.response,
        bars=model.response(stiffness),
        fields=solid,
    )


def bar_fields(model: BarModel, stiffness: FloatArray) -> NodeFields:
    """Return the node displacements of the bar model with a stiffness, (n_bonds,) N/mm."""
    displacements = np.zeros((2 * model.network.n_nodes, len(model.inputs) + len(model.outputs)))
    displacements[model.network.free_dofs] = model.displacements(stiffness)
    return NodeFields(displacements[:, : len(model.inputs)], displacements[:, len(model.inputs) :])


def continuum_fields(continuum: Continuum) -> NodeFields:
    """Return the node displacements of the continuum model: the mean over each load disc."""
    readings = continuum.system.readings.T
    return NodeFields(readings @ continuum.fields, readings @ continuum.adjoint_fields)


def _spread(problem: PortProblem, printed: AsDrawnBars, steps: tuple[Step, ...]) -> FloatArray:
    """Return the standard deviation of every displacement over print samples."""
    errors, task = problem.print_errors, problem.task
    generator = random_generator(problem.design.schedule.seed, Stream.PREDICTION_SPREAD)
    on_inputs, on_outputs = port_loads(task, steps)
    mean = bar_fields(printed.model, printed.stiffness).displacements_mm(task, steps)
    squares = np.zeros_like(mean)
    for _ in range(N_PRINTS):
        stiffness = sample_stiffness(printed, errors, generator)
        fields = bar_fields(printed.model, stiffness)
        weights = [
            loads + (loads != 0) * errors.load_N * generator.standard_normal(loads.shape)
            for loads in (on_inputs, on_outputs)
        ]
        displacements = weights[0] @ fields.forward.T + weights[1] @ fields.adjoint.T
        squares += (displacements.reshape(mean.shape) - mean) ** 2
    spread: FloatArray = np.sqrt(squares / N_PRINTS)
    return spread
