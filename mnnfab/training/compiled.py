"""Compiled training step for small networks, with many restarts in one call.

It implements `LinearEquilibrium.stiffness_gradient`, the losses, the width maps and `Adam` in one
function, because for a network of the paper's size the calls between them take longer than the
arithmetic. numba compiles it at the first use and caches it on disk.
"""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.compiling.decorator import compiled
from mnnfab.losses.loss import SHARE, SQUARED, TINY_MM
from mnnfab.training.adam import DECAY_MEAN, DECAY_SQUARE, EPSILON
from mnnfab.training.compiled_arrays import (
    CLAMP,
    LOGISTIC,
    Bars,
    Limits,
    Samples,
    State,
)


@compiled
def train_epoch(
    bars: Bars,
    samples: Samples,
    limits: Limits,
    state: State,
    order: IntArray,
    schedule: tuple[int, float, int],
) -> tuple[FloatArray, bool]:
    """Run all steps of one epoch for every restart.

    Args:
        bars: the network.
        samples: data and loss.
        limits: the width map.
        state: state of the optimiser, changed in place.
        order: sample order of each restart, (n_restarts, n_train).
        schedule: batch size, learning rate and number of previous steps.

    Returns:
        Flexibility matrices after the epoch, (n_restarts, n_out, n_in) mm/N, and True if all
        stiffness matrices were positive definite.
    """
    batch_size, rate, steps_before = schedule
    n_in, n_out = samples.loads_N.shape[1], samples.targets.shape[1]
    n_ports, n_bonds = len(bars.ports), len(bars.law)
    matrix = np.empty((bars.n_dofs, bars.n_dofs))
    fields = np.empty((bars.n_dofs, n_ports))
    elongations = np.empty((n_bonds, n_ports))
    gradient = np.empty(n_bonds)
    flexibilities = np.empty((len(order), n_out, n_in))
    definite = True
    for member in range(len(order)):
        steps = steps_before
        latent = state.latent[member]
        for start in range(0, order.shape[1], batch_size):
            rows = order[member, start : start + batch_size]
            definite &= _respond(
                bars, _stiffness(bars, limits, latent), matrix, fields, elongations
            )
            flexibility_gradient = _flexibility_gradient(bars, samples, fields, rows)
            _stiffness_gradient(flexibility_gradient, elongations, gradient)
            steps += 1
            _adam(bars, limits, gradient, state, member, (rate, steps))
        definite &= _respond(bars, _stiffness(bars, limits, latent), matrix, fields, elongations)
        flexibilities[member] = _flexibility(bars, fields, n_in, n_out)
    return flexibilities, definite


@compiled
def _stiffness(bars: Bars, limits: Limits, latent: FloatArray) -> FloatArray:
    span = limits.width_max_mm - limits.width_min_mm
    stiffness = np.zeros(len(latent))
    for bond in range(len(latent)):
        share = latent[bond]
        if limits.kind == LOGISTIC:
            share = 1.0 / (1.0 + np.exp(-limits.sharpness * share))
        width = limits.width_min_mm + span * share
        for power in range(bars.law.shape[1] - 1, -1, -1):
            stiffness[bond] = (stiffness[bond] + bars.law[bond, power]) * width
    return stiffness


@compiled
def _respond(
    bars: Bars,
    stiffness: FloatArray,
    matrix: FloatArray,
    fields: FloatArray,
    elongations: FloatArray,
) -> bool:
    """Solve D fields = unit loads, and compute elongations = C fields.

    Returns:
        True if D is positive definite.
    """
    _assemble(bars, stiffness, matrix)
    fields[:] = 0.0
    for port in range(len(bars.ports)):
        fields[bars.ports[port], port] = 1.0
    definite = _eliminate(matrix, fields)
    if definite:
        _substitute_back(matrix, fields)
        _elongate(bars, fields, elongations)
    return definite


@compiled
def _eliminate(matrix: FloatArray, fields: FloatArray) -> bool:
    """Replace the upper triangle of D by U with UᵀU = D, and the loads F by Uᵀ⁻¹ F.

    The diagonal holds the reciprocals of that of U.

    Returns:
        True if D is positive definite.
    """
    n_dofs, n_ports = fields.shape
    for j in range(n_dofs):
        if not matrix[j, j] > 0.0:
            return False
        scale = 1.0 / np.sqrt(matrix[j, j])
        for q in range(j, n_dofs):
            matrix[j, q] *= scale
        for port in range(n_ports):
            fields[j, port] *= scale
        for i in range(j + 1, n_dofs):
            factor = matrix[j, i]
            if factor != 0.0:  # many entries within the band of a lattice stay zero
                for q in range(i, n_dofs):
                    matrix[i, q] -= factor * matrix[j, q]
                for port in range(n_ports):
                    fields[i, port] -= factor * fields[j, port]
        matrix[j, j] = scale
    return True


@compiled
def _substitute_back(matrix: FloatArray, fields: FloatArray) -> None:
    n_dofs, n_ports = fields.shape
    for j in range(n_dofs - 1, -1, -1):
        for i in range(j + 1, n_dofs):
            factor = matrix[j, i]
            if factor != 0.0:
                for port in range(n_ports):
                    fields[j, port] -= factor * fields[i, port]
        for port in range(n_ports):
            fields[j, port] *= matrix[j, j]


@compiled
def _assemble(bars: Bars, stiffness: FloatArray, matrix: FloatArray) -> None:
    """Fill the upper triangle of D = Σ_b k_b c_b c_bᵀ."""
    matrix[:] = 0.0
    for bond in range(len(stiffness)):
        for p in range(4):
            i = bars.dofs[bond, p]
            if i >= 0:
                pull = stiffness[bond] * bars.cosines[bond, p]
                for q in range(4):
                    j = bars.dofs[bond, q]
                    if j >= i:
                        matrix[i, j] += pull * bars.cosines[bond, q]


@compiled
def _elongate(bars: Bars, fields: FloatArray, elongations: FloatArray) -> None:
    elongations[:] = 0.0
    for bond in range(len(elongations)):
        for p in range(4):
            i = bars.dofs[bond, p]
            if i >= 0:
                for port in range(fields.shape[1]):
                    elongations[bond, port] += bars.cosines[bond, p] * fields[i, port]


@compiled
def _flexibility(bars: Bars, fields: FloatArray, n_in: int, n_out: int) -> FloatArray:
    flexibility = np.empty((n_out, n_in))
    for output in range(n_out):
        for port in range(n_in):
            own = fields[bars.ports[n_in + output], port]
            flexibility[output, port] = own + bars.additive[output, port]
    return flexibility


@compiled
def _flexibility_gradient(
    bars: Bars, samples: Samples, fields: FloatArray, rows: IntArray
) -> FloatArray:
    """Return dL/dG of the mean loss over `rows`, (n_out, n_in)."""
    n_in, n_out = samples.loads_N.shape[1], samples.targets.shape[1]
    flexibility_gradient = np.zeros((n_out, n_in))
    displacements, output_gradient = np.empty(n_out), np.empty(n_out)
    for row in rows:
        for output in range(n_out):
            dof = bars.ports[n_in + output]
            total = 0.0
            for port in range(n_in):
                whole = fields[dof, port] + bars.additive[output, port]
                total += whole * samples.loads_N[row, port]
            displacements[output] = total
        _output_gradient(samples, displacements, samples.targets[row], output_gradient)
        for output in range(n_out):
            for port in range(n_in):
                flexibility_gradient[output, port] += (
                    output_gradient[output] * samples.loads_N[row, port] / len(rows)
                )
    return flexibility_gradient


@compiled
def _output_gradient(
    samples: Samples, displacements: FloatArray, targets: FloatArray, output_gradient: FloatArray
) -> None:
    """Write the derivative of the loss of one sample, as in `mnnfab.losses.kinds`."""
    n_out = len(displacements)
    if samples.loss == SQUARED:
        for o in range(n_out):
            output_gradient[o] = (displacements[o] - targets[o]) * (2.0 / samples.scale_mm**2)
        return
    if samples.loss == SHARE:
        total = 0.0
        for o in range(n_out):
            total += max(abs(displacements[o]), TINY_MM)
        for o in range(n_out):
            size = max(abs(displacements[o]), TINY_MM)
            output_gradient[o] = np.sign(displacements[o]) * (1.0 / total - targets[o] / size)
        return
    largest = 0.0
    for o in range(n_out):
        largest = max(largest, abs(displacements[o]))
    total = 0.0
    for o in range(n_out):
        output_gradient[o] = np.exp((abs(displacements[o]) - largest) / samples.scale_mm)
        total += output_gradient[o]
    for o in range(n_out):
        share = output_gradient[o] / total - targets[o]
        output_gradient[o] = np.sign(displacements[o]) * share / samples.scale_mm


@compiled
def _stiffness_gradient(
    flexibility_gradient: FloatArray, elongations: FloatArray, gradient: FloatArray
) -> None:
    """Write dL/dk_b = -Σ_oi (dL/dG_oi) A_bo E_bi to `gradient`."""
    n_out, n_in = flexibility_gradient.shape
    for bond in range(len(gradient)):
        total = 0.0
        for o in range(n_out):
            forward = 0.0
            for i in range(n_in):
                forward += flexibility_gradient[o, i] * elongations[bond, i]
            total += forward * elongations[bond, n_in + o]
        gradient[bond] = -total


@compiled
def _adam(
    bars: Bars,
    limits: Limits,
    gradient: FloatArray,
    state: State,
    member: int,
    schedule: tuple[float, int],
) -> None:
    """Perform one step of Adam in the latent values of one restart."""
    rate, steps = schedule
    span = limits.width_max_mm - limits.width_min_mm
    mean_share = 1.0 - DECAY_MEAN**steps
    square_share = 1.0 - DECAY_SQUARE**steps
    for bond in range(len(gradient)):
        z = state.latent[member, bond]
        latent_gradient = gradient[bond] * span
        share = z
        if limits.kind == LOGISTIC:
            share = 1.0 / (1.0 + np.exp(-limits.sharpness * z))
            latent_gradient *= limits.sharpness * share * (1.0 - share)
        width = limits.width_min_mm + span * share
        derivative = 0.0
        for power in range(bars.law.shape[1] - 1, -1, -1):
            derivative = derivative * width + (power + 1) * bars.law[bond, power]
        latent_gradient *= derivative
        mean = DECAY_MEAN * state.mean[member, bond] + (1.0 - DECAY_MEAN) * latent_gradient
        square = (
            DECAY_SQUARE * state.square[member, bond]
            + (1.0 - DECAY_SQUARE) * latent_gradient * latent_gradient
        )
        state.mean[member, bond], state.square[member, bond] = mean, square
        z -= rate / mean_share * mean / (np.sqrt(square / square_share) + EPSILON)
        if limits.kind == CLAMP:
            z = min(max(z, 0.0), 1.0)
        state.latent[member, bond] = z
