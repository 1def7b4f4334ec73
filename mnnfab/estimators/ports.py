"""Choice of the ports: exchanges of nodes that lower the loss at fixed widths.

The flexibility matrix of all free nodes gives the outputs for any choice of ports, so that an
exchange costs one update of the displacements instead of a solution. Exchanges cover what widths
within their limits cannot: the ratio of the effects of two features, and their signs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.estimators.losses import FittedLoss
from mnnfab.network.network import Network
from mnnfab.network.ports import Port

#: Sweeps over all ports, at most.
SWEEPS = 4
#: Relative decrease of the loss below which an exchange, or a sweep, is not worth it.
WORTH = 1e-6
WORTH_A_SWEEP = 1e-3
#: Exchanges of a port that are evaluated: those of the smallest loss by a quadratic model.
TRIED = 16
#: Largest size of the arrays of the quadratic model; with more samples, a random part of the
#: exchanges is considered.
MOST_VALUES = 5_000_000


@dataclass(frozen=True)
class Ports:
    """Inputs and outputs of a network, each at a node of its own."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def free_nodes(network: Network) -> IntArray:
    """Return the nodes that are not fixed."""
    return np.setdiff1d(np.arange(network.n_nodes), network.fixed)


def random_ports(
    network: Network, n_inputs: int, n_outputs: int, generator: np.random.Generator
) -> Ports:
    """Return inputs in y and outputs in x at random nodes."""
    nodes = generator.permutation(free_nodes(network)).tolist()
    outputs = nodes[n_inputs : n_inputs + n_outputs]
    return Ports(
        tuple(Port(node, "y") for node in nodes[:n_inputs]),
        tuple(Port(node, "x") for node in outputs),
    )


class PortSearch:
    """Search for ports at fixed widths.

    Args:
        network: the network.
        compliance: displacements per load of the free degrees of freedom, (n_dofs, n_dofs) mm/N.
        loads: loads at the inputs, (n_rows, n_in) N.
        loss: loss of the displacements of the outputs under these loads.
    """

    def __init__(
        self, network: Network, compliance: FloatArray, loads: FloatArray, loss: FittedLoss
    ) -> None:
        """Select the columns of vertical loads."""
        self._free = free_nodes(network)
        self._vertical = compliance[:, 1::2]
        self._input_loads, self._loss = loads, loss

    def improved(
        self, ports: Ports, own: FloatArray, generator: np.random.Generator
    ) -> tuple[Ports, FloatArray]:
        """Return better ports and the parameters of the loss that suit them.

        Args:
            ports: ports to start from.
            own: parameters of the loss to start from.
            generator: random order of the exchanges.
        """
        self._start(ports, own)
        n_in, n_out = len(self._inputs), len(self._outputs)
        for _ in range(SWEEPS):
            before = self._value
            for number in generator.permutation(n_in + n_out).tolist():
                if number < n_in:
                    self._exchange_input(number, generator)
                else:
                    self._exchange_output(number - n_in, generator)
            if self._value > before - WORTH_A_SWEEP * abs(before):
                break
        return self._ports(), self._own

    def _start(self, ports: Ports, own: FloatArray) -> None:
        place = {node: number for number, node in enumerate(self._free.tolist())}
        self._inputs = np.array([place[port.node] for port in ports.inputs])
        self._outputs = np.array(
            [2 * place[port.node] + (port.axis == "y") for port in ports.outputs]
        )
        self._loads = np.zeros((len(self._input_loads), len(self._free)))
        self._loads[:, self._inputs] = self._input_loads
        self._own = own
        self._accept(self._vertical[self._outputs] @ self._loads.T)

    def _ports(self) -> Ports:
        inputs = self._free[self._inputs].tolist()
        outputs = self._free[self._outputs // 2].tolist()
        axes = self._outputs % 2
        return Ports(
            tuple(Port(node, "y") for node in inputs),
            tuple(Port(node, "y" if y else "x") for node, y in zip(outputs, axes, strict=True)),
        )

    def _accept(self, displacements: FloatArray) -> None:
        """Take displacements, (n_out, n_rows), and fit the parameters of the loss to them."""
        self._displacements = displacements
        self._own = self._loss.refitted(displacements.T, self._own)
        value, slope, _ = self._loss.value_and_gradients(displacements.T, self._own)
        self._value, self._slope = value, slope.T
        self._curvature = self._loss.curvature(displacements.T, self._own).T

    def _exchange_input(self, number: int, generator: np.random.Generator) -> None:
        """Exchange the loads of two nodes, of which one may be unloaded, if that is better."""
        node = self._inputs[number]
        taken = np.append(self._outputs // 2, node)
        others = self._some(np.setdiff1d(np.arange(len(self._free)), taken), generator)
        of_outputs = self._vertical[self._outputs]
        moved = (self._loads[:, [node]] - self._loads[:, others]).T
        change = of_outputs[:, others] - of_outputs[:, [node]]
        # Loss of every exchange by a quadratic model without mixed terms.
        linear, quadratic = self._slope @ moved.T, self._curvature @ (moved**2).T
        predicted = (linear * change + quadratic * change**2 / 2).sum(axis=0)
        tried = np.argsort(predicted, kind="stable")[:TRIED]
        trial = self._displacements[:, None] + change[:, tried, None] * moved[tried]
        best = self._best(trial)
        if best is None:
            return
        other = others[tried[best]]
        self._inputs[self._inputs == other] = node
        self._inputs[number] = other
        self._loads[:, [node, other]] = self._loads[:, [other, node]]
        self._accept(trial[:, best].copy())

    def _exchange_output(self, number: int, generator: np.random.Generator) -> None:
        """Move an output to another free place, or to the other axis, if that is better."""
        taken = np.append(self._inputs, np.delete(self._outputs, number) // 2)
        nodes = np.setdiff1d(np.arange(len(self._free)), taken)
        others = self._some(np.concatenate([2 * nodes, 2 * nodes + 1]), generator)
        outputs = self._vertical[others] @ self._loads.T
        change = outputs - self._displacements[number]
        predicted = change @ self._slope[number] + change**2 @ self._curvature[number] / 2
        tried = np.argsort(predicted, kind="stable")[:TRIED]
        shape = (len(self._outputs), len(tried), len(self._loads))
        trial = np.broadcast_to(self._displacements[:, None], shape).copy()
        trial[number] = outputs[tried]
        best = self._best(trial)
        if best is not None:
            self._outputs[number] = others[tried[best]]
            self._accept(trial[:, best].copy())

    def _some(self, choices: IntArray, generator: np.random.Generator) -> IntArray:
        """Return all choices, or as many as can be considered together."""
        most = max(TRIED, MOST_VALUES // len(self._loads))
        return choices if len(choices) <= most else generator.choice(choices, most, replace=False)

    def _best(self, trial: FloatArray) -> int | None:
        """Return which displacements, (n_out, n_trials, n_rows), are best; None if none is better.

        The outputs are the first axis in memory: NumPy reduces over them several times faster.
        """
        if not trial.shape[1]:
            return None
        values = self._loss.values(np.moveaxis(trial, 0, -1), self._own)
        best = int(values.argmin())
        return best if values[best] < self._value - WORTH * abs(self._value) else None
