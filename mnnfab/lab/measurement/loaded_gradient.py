"""In situ backpropagation on the loaded part: the gradient from probes, with its error bars.

For a network of springs at any equilibrium, dL/dk_b = -e_b δe_b: e_b is the elongation under the
loads of a sample, δe_b its change by small additional loads ∂L/∂u at the outputs
(`mnnfab.model.model.in_situ_gradient`). The probes of a forward step have the loads H, (n_probes,
n_out), and change the elongations by ΔE, (n_probes, n_bonds). With the weights c = ∂L/∂u H⁺, of
least norm, c H = ∂L/∂u and δe = c ΔE. For probes in pairs of opposite signs this is the central
difference: what is even in the probe cancels, and so does the forward step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.lab.experiment.samples import HungSamples, hung_samples
from mnnfab.lab.experiment.steps import Step, base_rows, port_loads
from mnnfab.lab.measurement.gradient import MAX_UNSPANNED_SHARE, N_DRAWS, MeasuredGradient
from mnnfab.lab.measurement.measurement import Measurement, bond_lengths
from mnnfab.model.model import in_situ_gradient
from mnnfab.network.network import Network
from mnnfab.network.ports import read_ports
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.task import Task


@dataclass(frozen=True, eq=False)
class _Probed:
    """A forward step with its probes.

    Args:
        forward: row of the forward step.
        probes: rows of its probes.
        loads: loads of the probes, (n_probes, n_out) N.
    """

    forward: int
    probes: IntArray
    loads: FloatArray

    def unspanned(self, needed: FloatArray) -> FloatArray:
        """Return the part of loads at the outputs, (…, n_out) N, that the probes do not span."""
        left: FloatArray = needed - needed @ np.linalg.pinv(self.loads) @ self.loads
        return left

    def change(self, elongations: FloatArray, needed: FloatArray) -> FloatArray:
        """Return the elongations by small loads at the outputs.

        Args:
            elongations: measured elongations, (n, n_steps, n_bonds).
            needed: loads at the outputs, (n, n_out) N.
        """
        changes = elongations[:, self.probes] - elongations[:, [self.forward]]
        weights = needed @ np.linalg.pinv(self.loads)
        found: FloatArray = (weights[:, None] @ changes)[:, 0]
        return found


def loaded_gradient(
    where: str, measurement: Measurement, task: Task, seed: int = 0, n_draws: int = N_DRAWS
) -> MeasuredGradient:
    """Return the gradient of the mean loss over the samples whose loads have probes.

    Errors are propagated by Monte Carlo from the noise of all photographs, and the bias by common
    photographs is subtracted; errors by the size of the probes are not included.

    Args:
        where: location named in error messages.
        measurement: with probes.
        task: the task with its loss.
        seed: seed of the draws.
        n_draws: number of draws.

    Raises:
        InputError: if there is no probe, or the probes do not span ∂L/∂u of the measured outputs.
    """
    samples = hung_samples(task, measurement.steps)
    probed = _probed_steps(task, measurement.steps)
    if not probed:
        raise InputError(where, "no probe", "probes of the forward load steps")
    measured = measurement.displacements_mm[None], measurement.elongations_mm[None]
    (gradient,), (loss,), needed = _gradients(task, samples, probed, measured)
    generator = random_generator(seed, Stream.MEASURED_GRADIENT)
    draws = measurement.draws(n_draws, generator)
    drawn, drawn_losses, _ = _gradients(task, samples, probed, draws)
    sd = drawn.std(axis=0, ddof=1)
    # Only one-sided probes have a bias, by the error of the forward step in both factors.
    bias = _products(probed, draws[1], needed).mean(axis=0) - gradient
    return MeasuredGradient(
        gradient=gradient - bias,
        sd=sd,
        half_width=measurement.noise.student_t_factor * sd,
        unspanned=_unspanned(probed, needed[0]),
        loss=float(loss),
        loss_sd=float(drawn_losses.std(ddof=1)),
    )


def probe_gradient(
    task: Task,
    network: Network,
    steps: Sequence[Step],
    zero_mm: FloatArray,
    displacements_mm: FloatArray,
) -> FloatArray:
    """Return the gradient by the probes of known displacements, (n_bonds,) per N/mm.

    Args:
        task: the task with its loss.
        network: nodes and bonds.
        steps: load steps, with probes.
        zero_mm: nodes of the unloaded part, (n_nodes, 2).
        displacements_mm: displacements of the nodes, (n_steps, n_nodes, 2).
    """
    elongations = bond_lengths(network, zero_mm + displacements_mm) - bond_lengths(network, zero_mm)
    samples, probed = hung_samples(task, steps), _probed_steps(task, steps)
    gradients, _, _ = _gradients(task, samples, probed, (displacements_mm[None], elongations[None]))
    gradient: FloatArray = gradients[0]
    return gradient


def _probed_steps(task: Task, steps: Sequence[Step]) -> list[_Probed]:
    """Return the forward steps with probes, in their order."""
    _, on_outputs = port_loads(task, steps)
    bases = base_rows(steps)
    probed = []
    for row in np.unique(bases[bases >= 0]).tolist():
        own = np.flatnonzero(bases == row)
        probed.append(_Probed(row, own, on_outputs[own]))
    return probed


def _unspanned(probed: list[_Probed], needed: FloatArray) -> float:
    """Return the share of ∂L/∂u, (n_forward, n_out), that the probes do not span.

    Raises:
        InputError: if it is too large.
    """
    left = [step.unspanned(loads) for step, loads in zip(probed, needed, strict=True)]
    share = float(np.linalg.norm(left) / max(float(np.linalg.norm(needed)), 1e-300))
    if share > MAX_UNSPANNED_SHARE:
        given = f"they do not span {share:.0%} of the loads ∂L/∂u of the measured outputs"
        raise InputError("probes", given, "probes of each output, or along ∂L/∂u")
    return share


def _gradients(
    task: Task,
    samples: HungSamples,
    probed: list[_Probed],
    measured: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return gradients, losses and ∂L/∂u of the forward steps for several measurements."""
    displacements, elongations = measured
    nodes = displacements.reshape(*displacements.shape[:2], -1)
    outputs = read_ports(task.outputs, nodes[:, [step.forward for step in probed]])
    losses = np.array([samples.loss(task, u) for u in outputs])
    needed = np.array([samples.output_gradient(task, u) for u in outputs])
    return _products(probed, elongations, needed), losses, needed


def _products(probed: list[_Probed], elongations: FloatArray, needed: FloatArray) -> FloatArray:
    """Return the gradients for given ∂L/∂u of the forward steps, (n, n_bonds)."""
    gradients = np.zeros((len(elongations), elongations.shape[2]))
    for number, step in enumerate(probed):
        change = step.change(elongations, needed[:, number])
        gradients += in_situ_gradient(elongations[:, step.forward, :, None], change[..., None])
    return gradients
