"""The samples that the rubber model solves: the critical ones, or all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints
from mnnfab.task.reading import class_probabilities

if TYPE_CHECKING:
    from fem.loaded_states import LoadedStates
    from mnnfab.loaded_part.sweep import Sweep
    from mnnfab.printed_part.part import PortPart
    from mnnfab.task.task import Task

#: Samples that the rubber model solves: those nearest to instability, those with the largest
#: strain, and those with the smallest margin of the metric.
N_UNSTABLE, N_STRAINED, N_MARGINAL = 3, 1, 3


@dataclass(frozen=True, eq=False)
class RubberSamples:
    """Samples that both models solved, for the error of the frame.

    Args:
        samples: the samples, as indices, (n,).
        states: their states by the rubber model.
        rubber_mm: outputs by the rubber model, (n, n_out); NaN where lost.
        frame_mm: outputs by the calibrated frame, (n, n_out); NaN where lost.
    """

    samples: IntArray
    states: LoadedStates
    rubber_mm: FloatArray
    frame_mm: FloatArray

    @property
    def difference(self) -> float | None:
        """Norm of the difference over the norm of the rubber's outputs; None if all are lost."""
        both = np.isfinite(self.rubber_mm).all(axis=1) & np.isfinite(self.frame_mm).all(axis=1)
        size = np.linalg.norm(self.rubber_mm[both])
        difference = np.linalg.norm((self.frame_mm - self.rubber_mm)[both])
        return float(difference / size) if size else None


def solve_samples(part: PortPart, sweep: Sweep, factors: FloatArray) -> RubberSamples:
    """Solve the critical samples of a swept task, or all of them if the design asks for it.

    Args:
        part: the part.
        sweep: all samples over the load factor.
        factors: load factors of linear buckling out of the plane by the frame, (n_samples,).

    Raises:
        UnstableError: if the part does not carry its own weight.
        ToolError: if the solver fails or memory is insufficient.
    """
    task, section = part.problem.task, part.problem.design.check
    # The compensation of the loaded frame has solved all samples already.
    if section.thorough or part.problem.design.schedule.model == "frame":
        samples, found = np.arange(len(task.loads_N)), part.sample_states
    else:
        samples = critical_samples(task, sweep, factors, section.resolution_mm)
        found = part.rubber.states(task.loads_N[samples])
    return RubberSamples(
        samples=samples,
        states=found,
        rubber_mm=found.outputs_mm(task.outputs),
        frame_mm=frozen_floats(sweep.at(1.0).outputs_mm[samples]),
    )


def critical_samples(
    task: Task, sweep: Sweep, factors: FloatArray, resolution_mm: float
) -> IntArray:
    """Return the samples nearest to instability, the most strained and the least certain ones.

    Where the sweep ended before a sample became unstable, `factors` of linear buckling decide.
    """
    states = sweep.at(1.0)
    stability = np.where(states.stable_in_plane, sweep.stability, np.inf)
    strains = np.nan_to_num(states.strains, nan=-1.0)
    chosen = [np.lexsort((factors, stability))[:N_UNSTABLE]]
    chosen.append(np.argsort(-strains, kind="stable")[:N_STRAINED])
    if task.target_kind == "classes":
        probabilities = class_probabilities(task, states.outputs_mm, resolution_mm)
        chosen.append(np.argsort(np.abs(probabilities - 0.5), kind="stable")[:N_MARGINAL])
    elif task.target_kind is not None:
        errors = np.nan_to_num(_errors(task, states.outputs_mm), nan=-1.0)
        chosen.append(np.argsort(-errors, kind="stable")[:N_MARGINAL])
    return frozen_ints(np.unique(np.concatenate(chosen)))


def _errors(task: Task, outputs_mm: FloatArray) -> FloatArray:
    """Return the largest error of each sample, (n_samples,): in mm, or in tolerances of bands."""
    if task.bands is not None:
        deviations: FloatArray = task.bands.deviations(task.measures(outputs_mm)).max(axis=1)
        return deviations
    errors: FloatArray = np.abs(outputs_mm - task.targets).max(axis=1)
    return errors
