"""In situ backpropagation from measurements: the gradient with its error bars.

For loads that some steps span, elongations of other loads are sums of those measured: with the
loads F (n_in, p) of the forward steps and H (n_out, q) of the adjoint ones,
dL/dk_b = Σ_pq X_pq e_bp a_bq, where F X Hᵀ = M and M = -(dL/dG)ᵀ. One weight at a time on every
port spans everything; the paper's two steps, a load and its adjoint, span what one sample needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geometry.tiling import BoolArray
from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.errors import InputError
from mnnfab.lab.experiment.steps import port_loads
from mnnfab.lab.measurement.measurement import Measurement
from mnnfab.model.response import FlexibilityMatrix, Response
from mnnfab.network.ports import dofs_of
from mnnfab.task.task import Task
from mnnfab.training.gradient_comparison import GradientAgreement, compare_gradients

N_DRAWS = 1000
#: Loads that leave more than this share of what the gradient needs unsaid do not span it. Whole
#: grams leave up to a few hundredths.
MOST_UNSPANNED = 0.15


@dataclass(frozen=True, eq=False)
class MeasuredGradient:
    """A gradient from measured elongations.

    Args:
        gradient: dL/dk, (n_bonds,) per N/mm.
        sd: standard deviation of each entry.
        half_width: of each entry's 95 % interval.
        unspanned: share of what the gradient needs that the hung loads do not span.
        loss: of the measured displacements.
        loss_sd: its standard deviation.
        flexibility: measured, (n_out, n_in) mm/N; of loads that were not hung, none.
    """

    gradient: FloatArray
    sd: FloatArray
    half_width: FloatArray
    unspanned: float
    loss: float
    loss_sd: float
    flexibility: FloatArray

    @property
    def below_noise(self) -> BoolArray:
        """Tell which entries' intervals hold zero, so that their sign is not known, (n_bonds,)."""
        found: BoolArray = np.abs(self.gradient) <= self.half_width
        return found

    def against(self, reference: FloatArray) -> GradientAgreement | None:
        """Compare with another gradient, (n_bonds,)."""
        return compare_gradients(reference, self.gradient)

    def covered(self, truth: FloatArray) -> BoolArray:
        """Tell which entries' intervals hold the truth, (n_bonds,)."""
        found: BoolArray = np.abs(self.gradient - truth) <= self.half_width
        return found


@dataclass(frozen=True, eq=False)
class _Hung:
    """The loads of the measured steps, and what follows from them.

    Args:
        forward: numbers of the forward steps.
        adjoint: of the adjoint steps.
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
    rows: IntArray,
    seed: int = 0,
    n_draws: int = N_DRAWS,
) -> MeasuredGradient:
    """Return the gradient of the mean loss over some samples, from measured elongations.

    Its errors are those of the joints and of large displacements, carried through everything by
    drawing other measurements, zero and loads' errors included; so is the bias of products of noisy
    numbers that share a zero.

    Args:
        where: for messages.
        measurement: with forward and adjoint steps.
        task: its loss.
        rows: the samples.
        seed: of the draws.
        n_draws: how many.

    Raises:
        InputError: if the steps do not span what the loss of these samples needs.
    """
    hung = _hung(where, measurement, task)
    _require_span(where, hung, task, rows)
    measured = measurement.moved_mm[None], measurement.elongations_mm[None]
    found, flexibility, losses = _gradients(task, rows, hung, measured)
    generator = np.random.default_rng([seed, 7])
    other = measurement.draws(n_draws, generator)
    drawn, _, drawn_losses = _gradients(task, rows, hung, other)
    bias = drawn.mean(axis=0) - found[0]
    sd = drawn.std(axis=0, ddof=1)
    return MeasuredGradient(
        gradient=found[0] - bias,
        sd=sd,
        half_width=measurement.noise.times * sd,
        unspanned=_unspanned(hung, task, flexibility[0], rows),
        loss=float(losses[0]),
        loss_sd=float(drawn_losses.std(ddof=1)),
        flexibility=flexibility[0],
    )


def measured_response(where: str, measurement: Measurement, task: Task) -> Response:
    """Return the response of a part to unit loads, where steps span all of its ports.

    Raises:
        InputError: if they do not.
    """
    hung = _hung(where, measurement, task)
    for name, pseudo, n_ports in (
        ("inputs", hung.from_inputs, len(task.inputs)),
        ("outputs", hung.from_outputs, len(task.outputs)),
    ):
        if np.linalg.matrix_rank(pseudo) < n_ports:
            raise InputError(where, f"loads that do not tell all {name} apart", "a step for each")
    stretched = measurement.elongations_mm
    moved = measurement.moved_mm.reshape(len(measurement.steps), -1)
    outputs = moved[hung.forward][:, dofs_of(task.outputs)]
    return Response(
        flexibility=outputs.T @ hung.from_inputs,
        elongations=stretched[hung.forward].T @ hung.from_inputs,
        adjoint_elongations=stretched[hung.adjoint].T @ hung.from_outputs,
    )


def reciprocity(measurement: Measurement, task: Task) -> float | None:
    """Return how far flexibilities by forward and adjoint steps differ, as a share (Betti).

    None where the steps do not tell both.
    """
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    forward, adjoint = np.flatnonzero(on_inputs.any(axis=1)), np.flatnonzero(on_outputs.any(axis=1))
    if np.linalg.matrix_rank(on_inputs) < len(task.inputs):
        return None
    if np.linalg.matrix_rank(on_outputs) < len(task.outputs):
        return None
    moved = measurement.moved_mm.reshape(len(measurement.steps), -1)
    one = moved[forward][:, dofs_of(task.outputs)].T @ np.linalg.pinv(on_inputs[forward].T)
    other = moved[adjoint][:, dofs_of(task.inputs)].T @ np.linalg.pinv(on_outputs[adjoint].T)
    return float(np.linalg.norm(one - other.T) / np.linalg.norm(one))


def _hung(where: str, measurement: Measurement, task: Task) -> _Hung:
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    forward = np.flatnonzero(on_inputs.any(axis=1))
    adjoint = np.flatnonzero(on_outputs.any(axis=1))
    for name, found in (("forward", forward), ("adjoint", adjoint)):
        if not found.size:
            raise InputError(where, f"no {name} step", "forward and adjoint steps for a gradient")
    return _Hung(
        forward,
        adjoint,
        frozen_floats(np.linalg.pinv(on_inputs[forward].T)),
        frozen_floats(np.linalg.pinv(on_outputs[adjoint].T)),
    )


def _require_span(where: str, hung: _Hung, task: Task, rows: IntArray) -> None:
    loads = task.loads_N[rows]
    left = loads - loads @ hung.from_inputs.T @ np.linalg.pinv(hung.from_inputs.T)
    if np.linalg.norm(left) > MOST_UNSPANNED * np.linalg.norm(loads):
        given = "forward steps that do not span the samples' loads"
        raise InputError(where, given, "a step for every input, or one with the sample's own loads")


def _unspanned(hung: _Hung, task: Task, flexibility: FloatArray, rows: IntArray) -> float:
    outputs = task.loads_N[rows] @ flexibility.T
    needed = -(task.loss_slope(outputs, rows).T @ task.loads_N[rows]).T
    on_inputs = np.linalg.pinv(hung.from_inputs) @ hung.from_inputs
    on_outputs = np.linalg.pinv(hung.from_outputs) @ hung.from_outputs
    left = np.linalg.norm(needed - on_inputs @ needed @ on_outputs.T)
    share = float(left / max(float(np.linalg.norm(needed)), 1e-300))
    if share > MOST_UNSPANNED:
        raise InputError(
            "adjoint steps",
            f"they leave {share:.0%} of what the gradient needs unsaid",
            "a step for every output, or one with the adjoint loads of the loss",
        )
    return share


def _gradients(
    task: Task,
    rows: IntArray,
    hung: _Hung,
    measured: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return gradients, flexibilities and losses of several measurements, (n, …) each."""
    moved, stretched = measured
    flat = moved.reshape(*moved.shape[:2], -1)
    outputs = flat[:, hung.forward][:, :, dofs_of(task.outputs)]
    flexibility = np.swapaxes(outputs, 1, 2) @ hung.from_inputs
    models = [FlexibilityMatrix(one) for one in flexibility]
    losses = np.array([task.loss_value(one, rows) for one in models])
    loads = task.loads_N[rows]
    slopes = np.array([task.loss_slope(one.outputs(loads), rows).T @ loads for one in models])
    needed = -np.swapaxes(slopes, 1, 2)
    mixed = hung.from_inputs @ needed @ hung.from_outputs.T
    gradients = np.einsum(
        "npq,npb,nqb->nb",
        mixed,
        stretched[:, hung.forward],
        stretched[:, hung.adjoint],
        optimize=True,
    )
    return gradients, flexibility, losses
