"""The loaded frame as a model for training: corrected, and with a start for every sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from fem.frames.model import LoadedFrame, require_stable
from fem.frames.network_frame import NetworkFrames
from fem.frames.width_model import FrameWidthModel, WidthFrameEquilibrium
from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError, UnstableError
from mnnfab.network.network import Network
from mnnfab.trainable_models.sample_states import LoadTable, SampleStates

if TYPE_CHECKING:
    from mnnfab.model.surrogate import FrameCorrection
    from mnnfab.problem.problem import PortProblem
    from mnnfab.task.task import Task


#: Difference of loads that counts as none, relative to the largest load.
SAME_LOADS = 1e-9


@dataclass(frozen=True, eq=False)
class LoadedFrameModel:
    """Frames with large rotations as a `WidthModel` of the samples of a task.

    Args:
        model: frames for any widths.
        differences_mm: outputs of the rubber model minus those of the frame for each sample,
            (n_samples, n_out), which are added to the outputs; other loads have those of the
            nearest sample.
        states: last state of each sample.
    """

    model: FrameWidthModel
    differences_mm: FloatArray
    states: SampleStates

    @property
    def network(self) -> Network:
        """Nodes and bonds."""
        return self.model.network

    def port_model(self, widths_mm: FloatArray) -> SampleOutputs:
        """Return the outputs of all samples of the task for widths (n_bonds,) mm.

        Samples without a stable state have NaN. Later states start from these: the widths are
        those of an accepted step. (Where several states are stable, a trial step may lead to
        another one, from which the way back is not the same.)
        """
        table = self.states.table
        samples = np.arange(len(table.loads_N))
        frame = self.model.port_model(widths_mm)
        try:
            if self.states.points is None and not self._carries_largest(frame):
                return SampleOutputs(table, np.full_like(self.differences_mm, np.nan))
            found = frame.states(table.loads_N, self.states.start(samples))
        except UnstableError:  # the part does not carry its own weight
            return SampleOutputs(table, np.full_like(self.differences_mm, np.nan))
        self.states.store(np.flatnonzero(found.converged), found.points, frame.unloaded.points)
        outputs = frame.outputs_mm(found) + self.differences_mm
        return SampleOutputs(table, np.where(found.converged[:, None], outputs, np.nan))

    def _carries_largest(self, frame: LoadedFrame) -> bool:
        """Return whether the sample with the largest loads has a stable state.

        It is tried alone at first: all load steps of all samples would take minutes.
        """
        loads = self.states.table.loads_N
        largest = int(np.abs(loads).sum(axis=1).argmax())
        return bool(frame.states(loads[[largest]]).converged[0])

    def solve(self, widths_mm: FloatArray, loads_N: FloatArray) -> CorrectedEquilibrium:
        """Return the equilibria of widths (n_bonds,) mm under loads (n_samples, n_in) N.

        Raises:
            LostStateError: if a sample has no stable state in the plane, or it is not found.
            UnstableError: if the part does not carry its own weight.
        """
        frame = self.model.port_model(widths_mm)
        samples = self.states.table.nearest(loads_N)
        found = frame.states(loads_N, self.states.start(samples))
        require_stable(found)
        return CorrectedEquilibrium(frame, found, widths_mm, self.differences_mm[samples])

    def stiffness_matrix(self, widths_mm: FloatArray) -> sparse.csr_array:
        """Return the stiffness matrix at rest on the free displacements of the nodes, N/mm."""
        return self.model.stiffness_matrix(widths_mm)


@dataclass(frozen=True, eq=False)
class CorrectedEquilibrium(WidthFrameEquilibrium):
    """Equilibria of a frame whose outputs are corrected by the rubber model.

    Args:
        differences_mm: differences that are added to the outputs, (n_samples, n_out).
    """

    differences_mm: FloatArray

    @property
    def outputs_mm(self) -> FloatArray:
        """Displacements of the outputs, (n_samples, n_out)."""
        return super().outputs_mm + self.differences_mm


@dataclass(frozen=True, eq=False)
class SampleOutputs:
    """Outputs of all samples of a task: a `PortModel` for their loads alone.

    Args:
        table: loads of the samples.
        outputs_mm: outputs, (n_samples, n_out); NaN without a stable state.
    """

    table: LoadTable
    outputs_mm: FloatArray

    def outputs(self, loads_N: FloatArray) -> FloatArray:
        """Return the displacements of the outputs, (n, n_out) mm, for loads of samples, (n, n_in).

        Raises:
            InputError: if loads are not those of a sample.
        """
        samples = self.table.nearest(loads_N)
        distance = np.abs(loads_N - self.table.loads_N[samples]).max(initial=0.0)
        if distance > SAME_LOADS * np.abs(self.table.loads_N).max():
            given = f"loads that differ by {distance:g} N from those of the nearest sample"
            raise InputError("SampleOutputs", given, "loads of the samples of the task")
        return self.outputs_mm[samples]


def loaded_frame_model(problem: PortProblem, modulus_factor: float = 1.0) -> LoadedFrameModel:
    """Return the loaded frame of a problem as a model for training.

    Args:
        problem: problem, whose surrogate has the correction of the frame.
        modulus_factor: factor on Young's modulus.
    """
    task, correction = problem.task, problem.surrogate.frame
    modulus = modulus_factor * problem.material.youngs_modulus_MPa
    frames = NetworkFrames(
        problem.network,
        problem.material.model_copy(update={"youngs_modulus_MPa": modulus}),
        problem.with_effective_joints.design.fabrication,
        hub_stiffness=1.0 if correction is None else correction.hub_stiffness,
    )
    table = LoadTable(_all_loads(task))
    return LoadedFrameModel(
        FrameWidthModel(frames, task.inputs, task.outputs, weight=True),
        # Displacements, and with them the differences, are about 1 / modulus as large.
        _differences(task, correction, table) / modulus_factor,
        SampleStates(table),
    )


def _all_loads(task: Task) -> FloatArray:
    """Return the loads of all samples, followed by those before rounding if they are rounded."""
    if task.exact_loads_N is None:
        return task.loads_N
    return np.concatenate([task.loads_N, task.exact_loads_N])


def _differences(task: Task, correction: FrameCorrection | None, table: LoadTable) -> FloatArray:
    """Return the difference of each row of the table, (n_rows, n_out) mm."""
    if correction is None:
        return np.zeros((len(table.loads_N), len(task.outputs)))
    return correction.differences_mm[np.arange(len(table.loads_N)) % len(task.loads_N)]
