"""Training of a network for a loss: ports by exchanges, widths by L-BFGS-B, in turns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

from mnnfab.arrays import FloatArray
from mnnfab.estimators.losses import FittedLoss
from mnnfab.estimators.ports import Ports, PortSearch, random_ports
from mnnfab.model.bars import BarModel
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.training.width_maps import Clamp

#: Largest number of unknowns for which the flexibility matrix of all nodes is computed; the ports
#: of larger networks are chosen at random.
SEARCHED_DOFS = 2000
#: Most rounds of exchanges and training after the first, and the decrease of the loss, relative,
#: that a round must bring for another one.
ROUNDS, WORTH_A_ROUND = 3, 1e-3
#: A placement is screened by a training of this fraction of the iterations.
SCREENING = 10


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars whose widths depend on latent values.

    Args:
        network: the network.
        per_width: stiffness of each bond per width, (n_bonds,) N/mm per mm.
        widths: map from latent values to widths.
    """

    network: Network
    per_width: FloatArray
    widths: Clamp

    def stiffness(self, latent: FloatArray) -> FloatArray:
        """Return the stiffness of every bond, (n_bonds,) N/mm."""
        stiffness: FloatArray = self.per_width * self.widths.widths(latent)
        return stiffness

    def compliance(self, latent: FloatArray) -> FloatArray:
        """Return displacements per load of the free degrees of freedom, (n_dofs, n_dofs) mm/N."""
        node = next(
            iter(np.setdiff1d(np.arange(self.network.n_nodes), self.network.fixed).tolist())
        )
        model = BarModel(self.network, (Port(node, "x"),), (Port(node, "y"),))
        matrix = model.stiffness_matrix(self.stiffness(latent)).toarray()
        compliance: FloatArray = cho_solve(cho_factor(matrix), np.eye(len(matrix)))
        return compliance


@dataclass(frozen=True, eq=False)
class Fit:
    """A network in training.

    Args:
        ports: its ports.
        latent: latent values of the widths, (n_bonds,).
        own: parameters of the loss.
        loss: the loss, scaled to the displacements at the start.
        loss_value: loss after the last training; infinite before the first.
        iterations: iterations of all trainings.
    """

    ports: Ports
    latent: FloatArray
    own: FloatArray
    loss: FittedLoss
    loss_value: float = np.inf
    iterations: int = 0

    def model(self, bars: Bars) -> BarModel:
        """Return the bar model with the ports."""
        return BarModel(bars.network, self.ports.inputs, self.ports.outputs)


@dataclass(frozen=True)
class Effort:
    """How long networks are trained.

    Args:
        placements: number of random choices of ports; the best after a short training is kept.
        max_iter: maximum number of iterations of each training.
    """

    placements: int
    max_iter: int


def fit_network(
    bars: Bars, loads: FloatArray, loss: FittedLoss, effort: Effort, generator: np.random.Generator
) -> Fit:
    """Return the best network found.

    Args:
        bars: network and width limits.
        loads: loads at the inputs, (n_rows, n_in) N.
        loss: loss of the displacements of the outputs under these loads.
        effort: number of starts and iterations.
        generator: random numbers of the starts and the exchanges.
    """
    screened = []
    for _ in range(effort.placements):
        start = _random_start(bars, loads, loss, generator)
        better = _with_better_ports(start, bars, loads, generator)
        screened.append(_trained(better, bars, loads, effort.max_iter // SCREENING))
    best = min(screened, key=lambda fit: fit.loss_value)
    best = _trained(best, bars, loads, effort.max_iter)
    for _ in range(ROUNDS):
        better = _with_better_ports(best, bars, loads, generator)
        trained = _trained(better, bars, loads, effort.max_iter)
        gain = best.loss_value - trained.loss_value
        best = trained if gain > 0 else best
        if gain <= WORTH_A_ROUND * abs(best.loss_value):
            break
    return best


def _random_start(
    bars: Bars, loads: FloatArray, loss: FittedLoss, generator: np.random.Generator
) -> Fit:
    ports = random_ports(bars.network, loads.shape[1], loss.n_outputs, generator)
    latent = generator.uniform(0.3, 0.7, bars.network.n_bonds)
    model = BarModel(bars.network, ports.inputs, ports.outputs)
    fitted = loss.scaled_to(model.response(bars.stiffness(latent)).outputs(loads))
    return Fit(ports, latent, fitted.start, fitted)


def _with_better_ports(
    fit: Fit, bars: Bars, loads: FloatArray, generator: np.random.Generator
) -> Fit:
    """Return the network with ports that lower the loss at its widths."""
    if len(bars.network.free_dofs) > SEARCHED_DOFS:
        return fit
    search = PortSearch(bars.network, bars.compliance(fit.latent), loads, fit.loss)
    ports, own = search.improved(fit.ports, fit.own, generator)
    return replace(fit, ports=ports, own=own)


def _trained(fit: Fit, bars: Bars, loads: FloatArray, iterations: int) -> Fit:
    """Minimise the loss by L-BFGS-B over the widths and the parameters of the loss."""
    model, loss, n_bonds = fit.model(bars), fit.loss, bars.network.n_bonds
    per_latent = bars.per_width * bars.widths.derivative(fit.latent)

    def value_and_gradient(values: FloatArray) -> tuple[float, FloatArray]:
        equilibrium = model.response(bars.stiffness(values[:n_bonds])).solve(loads)
        found = loss.value_and_gradients(equilibrium.outputs_mm, values[n_bonds:])
        value, in_displacements, own = found
        gradient = equilibrium.stiffness_gradient(in_displacements) * per_latent
        return value, np.concatenate([gradient, own])

    found = minimize(
        value_and_gradient,
        np.concatenate([fit.latent, fit.own]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * n_bonds + list(loss.bounds),
        options={"maxiter": max(1, iterations)},
    )
    values = np.asarray(found.x)
    return replace(
        fit,
        latent=values[:n_bonds],
        own=values[n_bonds:],
        loss_value=float(found.fun),
        iterations=fit.iterations + int(found.nit),
    )
