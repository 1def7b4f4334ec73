"""Checks of ports against their network."""

from __future__ import annotations

from collections.abc import Sequence

from mnnfab.errors import InputError
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort, nodes_of


def check_ports(where: str, network: Network, ports: Sequence[AnyPort]) -> None:
    """Check that ports are in range, on free nodes and given only once.

    Raises:
        InputError: if a port is invalid; the message has its location in the list.
    """
    free = sorted(set(range(network.n_nodes)) - set(network.fixed.tolist()))
    for i, port in enumerate(ports):
        location = f"{where}[{i}]"
        for node in nodes_of([port]):
            _check_node(location, node, network.n_nodes, free)
        if port in ports[:i]:
            raise InputError(location, f"{port} is given twice", "each port once")


def _check_node(where: str, node: int, n_nodes: int, free: list[int]) -> None:
    if not 0 <= node < n_nodes:
        raise InputError(where, f"node {node} does not exist", f"nodes 0 to {n_nodes - 1}")
    if node not in free:
        given = f"node {node} is fixed and cannot move"
        raise InputError(where, given, f"a free node: {_short(free)}")


def _short(numbers: list[int]) -> str:
    names = ", ".join(map(str, numbers[:20]))
    return names + (" …" if len(numbers) > 20 else "")
