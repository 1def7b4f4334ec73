"""In situ backpropagation on a linear part: the gradient from measured elongations, with errors.

`mnnfab.lab.measurement.loaded_gradient` has that of the loaded part. Here the part is linear, so
elongations under any load in the span of the load steps are linear combinations of the measured
ones, and the in situ rule holds for these: with the loads F (n_in, p) of the forward steps and
H (n_out, q) of the adjoint steps, dL/dk_b = -Σ_q (Σ_p X_qp e_bp) a_bq, where H X Fᵀ = dL/dG. One
weight at a time on every port spans all loads; the two steps of the paper, a load and its
adjoint, span those of one sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geometry.tiling import BoolArray
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.errors import InputError
from mnnfab.lab.experiment.steps import port_loads
from mnnfab.lab.measurement.measurement import Measurement
from mnnfab.model.model import PortModel, in_situ_gradient
from mnnfab.model.response import FlexibilityMatrix, Response
from mnnfab.network.ports import read_ports
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.task import Task
from mnnfab.training.gradient_comparison import GradientAgreement, compare_gradients

N_DRAWS = 1000
#: Largest unspanned share of the loads that a gradient needs. Rounding to whole grams leaves up
#: to a few hundredths.
MAX_UNSPANNED_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class MeasuredGradient:
    """Gradient from measured elongations.

    Args:
        gradient: dL/dk, (n_bonds,) per N/mm.
        sd: standard deviation of each entry.
        half_width: half-width of the 95 % interval of each entry.
        unspanned: share of the loads needed by the gradient that the load steps do not span.
        loss: loss of the measured displacements.
        loss_sd: its standard deviation.
        flexibility: measured flexibility matrix, (n_out, n_in) mm/N; zero for loads outside of the
            span of the load steps; None for a gradient of the loaded part.
    """

    gradient: FloatArray
    sd: FloatArray
    half_width: FloatArray
    unspanned: float
    loss: float
    loss_sd: float
    flexibility: FloatArray | None = None

    @property
    def sign_undetermined(self) -> BoolArray:
        """Mask of the entries whose interval contains zero (sign not known), (n_bonds,)."""
        mask: BoolArray = np.abs(self.gradient) <= self.half_width
        return mask

    def compare_with(self, reference: FloatArray) -> GradientAgreement | None:
        """Return the agreement with another gradient, (n_bonds,)."""
        return compare_gradients(reference, self.gradient)

    def contains(self, truth: FloatArray) -> BoolArray:
        """Return a mask of the entries whose interval contains the true value, (n_bonds,)."""
        mask: BoolArray = np.abs(self.gradient - truth) <= self.half_width
        return mask

    def standard_errors_from(self, reference: FloatArray) -> FloatArray:
        """Return the difference from another gradient in standard errors, (n_bonds,)."""
        distances: FloatArray = (self.gradient - reference) / self.sd
        return distances


@dataclass(frozen=True, eq=False)
class _LoadBasis:
    """Load steps of a measurement as a basis of port loads.

    Args:
        forward: indices of the forward load steps.
        adjoint: indices of the adjoint load steps.
        from_inputs: F⁺, (p, n_in) per N.
        from_outputs: H⁺, (q, n_out) per N.
    """

    forward: IntArray
    adjoint: IntArray
    from_inputs: FloatArray
    from_outputs: FloatArray


def measured_gradient(
    where: str,
    measurement: Measurement,
    task: Task,
    sample_indices: IntArray,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> MeasuredGradient:
    """Return the gradient of the mean loss over some samples, from measured elongations.

    Errors are propagated by Monte Carlo: measurements are resampled with the position noise in
    the reference and loaded photographs and the error due to geometric nonlinearity. The bias due
    to the common reference reading is estimated from the same draws and subtracted.

    Args:
        where: location named in error messages.
        measurement: with forward and adjoint load steps.
        task: the task with its loss.
        sample_indices: sample indices.
        seed: seed of the draws.
        n_draws: number of draws.

    Raises:
        InputError: if the load steps do not span the loads that the gradient needs.
    """
    load_basis = _load_basis(where, measurement, task)
    _require_span(where, load_basis, task, sample_indices)
    measured = measurement.displacements_mm[None], measurement.elongations_mm[None]
    gradients, flexibility, losses = _gradients(task, sample_indices, load_basis, measured)
    generator = random_generator(seed, Stream.MEASURED_GRADIENT)
    draws = measurement.draws(n_draws, generator)
    drawn_gradients, _, drawn_losses = _gradients(task, sample_indices, load_basis, draws)
    bias = drawn_gradients.mean(axis=0) - gradients[0]
    sd = drawn_gradients.std(axis=0, ddof=1)
    return MeasuredGradient(
        gradient=gradients[0] - bias,
        sd=sd,
        half_width=measurement.noise.student_t_factor * sd,
        unspanned=_unspanned(load_basis, task, FlexibilityMatrix(flexibility[0]), sample_indices),
        loss=float(losses[0]),
        loss_sd=float(drawn_losses.std(ddof=1)),
        flexibility=flexibility[0],
    )


def measured_response(where: str, measurement: Measurement, task: Task) -> Response:
    """Return the response of a part to unit loads, from load steps that span all ports.

    Raises:
        InputError: if they do not span all ports.
    """
    load_basis = _load_basis(where, measurement, task)
    for name, pseudo, n_ports in (
        ("inputs", load_basis.from_inputs, len(task.inputs)),
        ("outputs", load_basis.from_outputs, len(task.outputs)),
    ):
        if np.linalg.matrix_rank(pseudo) < n_ports:
            raise InputError(where, f"loads that do not span all {name}", "a load step per port")
    elongations = measurement.elongations_mm
    displacements = measurement.displacements_mm.reshape(len(measurement.steps), -1)
    outputs = read_ports(task.outputs, displacements[load_basis.forward])
    return Response(
        flexibility=outputs.T @ load_basis.from_inputs,
        elongations=elongations[load_basis.forward].T @ load_basis.from_inputs,
        adjoint_elongations=elongations[load_basis.adjoint].T @ load_basis.from_outputs,
    )


def reciprocity(measurement: Measurement, task: Task) -> float | None:
    """Return the relative difference between forward and adjoint flexibility matrices (Betti).

    None if the load steps do not determine both.
    """
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    forward, adjoint = (_rows_of(measurement, role) for role in ("forward", "adjoint"))
    if np.linalg.matrix_rank(on_inputs[forward]) < len(task.inputs):
        return None
    if np.linalg.matrix_rank(on_outputs[adjoint]) < len(task.outputs):
        return None
    displacements = measurement.displacements_mm.reshape(len(measurement.steps), -1)
    forward_flexibility = read_ports(task.outputs, displacements[forward]).T @ np.linalg.pinv(
        on_inputs[forward].T
    )
    adjoint_flexibility = read_ports(task.inputs, displacements[adjoint]).T @ np.linalg.pinv(
        on_outputs[adjoint].T
    )
    return float(
        np.linalg.norm(forward_flexibility - adjoint_flexibility.T)
        / np.linalg.norm(forward_flexibility)
    )


def _load_basis(where: str, measurement: Measurement, task: Task) -> _LoadBasis:
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    forward, adjoint = (_rows_of(measurement, role) for role in ("forward", "adjoint"))
    for name, indices in (("forward", forward), ("adjoint", adjoint)):
        if not indices.size:
            raise InputError(where, f"no {name} load step", "forward and adjoint load steps")
    return _LoadBasis(
        forward,
        adjoint,
        frozen_floats(np.linalg.pinv(on_inputs[forward].T)),
        frozen_floats(np.linalg.pinv(on_outputs[adjoint].T)),
    )


def _rows_of(measurement: Measurement, role: str) -> IntArray:
    """Return the rows of the load steps of a role."""
    return np.flatnonzero([step.role == role for step in measurement.steps])


def _require_span(where: str, load_basis: _LoadBasis, task: Task, sample_indices: IntArray) -> None:
    loads = task.loads_N[sample_indices]
    residual = loads - loads @ load_basis.from_inputs.T @ np.linalg.pinv(load_basis.from_inputs.T)
    if np.linalg.norm(residual) > MAX_UNSPANNED_SHARE * np.linalg.norm(loads):
        given = "forward load steps that do not span the loads of the samples"
        raise InputError(where, given, "one load step per input, or one with the sample's loads")


def _unspanned(
    load_basis: _LoadBasis, task: Task, model: PortModel, sample_indices: IntArray
) -> float:
    loads = task.loads_N[sample_indices]
    needed = (task.output_gradient(model.outputs(loads), sample_indices).T @ loads).T
    on_inputs = np.linalg.pinv(load_basis.from_inputs) @ load_basis.from_inputs
    on_outputs = np.linalg.pinv(load_basis.from_outputs) @ load_basis.from_outputs
    residual = np.linalg.norm(needed - on_inputs @ needed @ on_outputs.T)
    share = float(residual / max(float(np.linalg.norm(needed)), 1e-300))
    if share > MAX_UNSPANNED_SHARE:
        raise InputError(
            "adjoint load steps",
            f"they do not span {share:.0%} of the loads that the gradient needs",
            "one load step per output, or one with the adjoint loads of the loss",
        )
    return share


def _gradients(
    task: Task,
    sample_indices: IntArray,
    load_basis: _LoadBasis,
    measured: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return gradients, flexibility matrices and losses of several measurements, (n, …) each."""
    displacements, elongations = measured
    node_displacements = displacements.reshape(*displacements.shape[:2], -1)
    outputs = read_ports(task.outputs, node_displacements[:, load_basis.forward])
    flexibility = np.swapaxes(outputs, 1, 2) @ load_basis.from_inputs
    models = [FlexibilityMatrix(model) for model in flexibility]
    losses = np.array([task.loss_value(model, sample_indices) for model in models])
    loads = task.loads_N[sample_indices]
    needed = np.array(
        [task.output_gradient(model.outputs(loads), sample_indices).T @ loads for model in models]
    )
    coefficients = load_basis.from_outputs @ needed @ load_basis.from_inputs.T
    forward = coefficients @ elongations[:, load_basis.forward]
    adjoint = elongations[:, load_basis.adjoint]
    gradients = in_situ_gradient(np.swapaxes(forward, 1, 2), np.swapaxes(adjoint, 1, 2))
    return gradients, flexibility, losses
