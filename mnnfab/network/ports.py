"""Ports: the degrees of freedom where loads are applied and displacements are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.network.network import Network

Axis = Literal["x", "y"]


@dataclass(frozen=True)
class Port:
    """One degree of freedom of a node: x points right, y points up.

    >>> Port(10, "y").dof
    21
    """

    node: int
    axis: Axis

    @property
    def dof(self) -> int:
        """Number of the degree of freedom, 2·node + axis."""
        return 2 * self.node + "xy".index(self.axis)

    def __str__(self) -> str:
        """Return the name of the port for messages."""
        return f"node {self.node} {self.axis}"


def dofs_of(ports: Sequence[Port]) -> IntArray:
    """Return the degrees of freedom of `ports`, (n_ports,)."""
    return np.array([port.dof for port in ports], dtype=np.int64)


def unit_loads(network: Network, ports: Sequence[Port]) -> FloatArray:
    """Return unit loads, one column per port, (2 n_nodes, n_ports) N."""
    loads = np.zeros((2 * network.n_nodes, len(ports)))
    loads[dofs_of(ports), np.arange(len(ports))] = 1.0
    return loads


def check_ports(where: str, network: Network, ports: Sequence[Port]) -> None:
    """Check that ports are in range, on free nodes and given only once.

    Raises:
        InputError: if a port is invalid; the message has its location in the list.
    """
    free = sorted(set(range(network.n_nodes)) - set(network.fixed.tolist()))
    for i, port in enumerate(ports):
        location = f"{where}[{i}]"
        if not 0 <= port.node < network.n_nodes:
            raise InputError(
                location, f"node {port.node} does not exist", f"nodes 0 to {network.n_nodes - 1}"
            )
        if port.node not in free:
            raise InputError(
                location,
                f"node {port.node} is fixed and cannot move",
                f"a free node: {_short(free)}",
            )
        if port in ports[:i]:
            raise InputError(location, f"{port} is given twice", "each port once")


def _short(numbers: list[int]) -> str:
    names = ", ".join(map(str, numbers[:20]))
    return names + (" …" if len(numbers) > 20 else "")
