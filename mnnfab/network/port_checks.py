"""Checks of ports against their network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.network.network import Network
from mnnfab.network.ports import SAME, AnyPort, nodes_of, port_vectors
from mnnfab.network.supports import rigid_vectors

#: Part of a port that supports leave free, below which it cannot move.
HELD = 1e-9


def check_ports(where: str, network: Network, ports: Sequence[AnyPort]) -> None:
    """Check that ports are in range, can move, and are given only once, as are their names.

    Raises:
        InputError: if a port is invalid; the message has its location in the list.
    """
    free = sorted(set(range(network.n_nodes)) - set(network.fixed.tolist()))
    for i, port in enumerate(ports):
        for node in nodes_of([port]):
            _check_node(f"{where}[{i}]", node, network.n_nodes, free)
    names = [port.name for port in ports]
    for i, name in enumerate(names):
        if name and name in names[:i]:
            raise InputError(f"{where}[{i}].name", f'"{name}" twice', "a name of its own")
    vectors = port_vectors(network.n_nodes, ports).toarray()
    held = rigid_vectors(network.n_nodes, network.supports)
    for i, port in enumerate(ports):
        location, own = f"{where}[{i}]", vectors[:, i]
        if np.abs(own).max() < SAME:
            raise InputError(location, f"{port} is zero for all motions", "a displacement")
        if _left(own, held) < HELD * float(np.linalg.norm(own)):
            raise InputError(location, f"{port} is held by supports", "a direction that can move")
        if (np.abs(vectors[:, :i] - own[:, None]).max(axis=0) < SAME).any():
            raise InputError(location, f"{port} is given twice", "each port once")


def _left(vector: FloatArray, held: FloatArray) -> float:
    """Return the size of what is left of a vector across the directions that are held."""
    if not held.shape[1]:
        return float(np.linalg.norm(vector))
    along, *_ = np.linalg.lstsq(held, vector, rcond=None)
    return float(np.linalg.norm(vector - held @ along))


def _check_node(where: str, node: int, n_nodes: int, free: list[int]) -> None:
    if not 0 <= node < n_nodes:
        raise InputError(where, f"node {node} does not exist", f"nodes 0 to {n_nodes - 1}")
    if node not in free:
        given = f"node {node} is fixed and cannot move"
        raise InputError(where, given, f"a free node: {_short(free)}")


def _short(numbers: list[int]) -> str:
    names = ", ".join(map(str, numbers[:20]))
    return names + (" …" if len(numbers) > 20 else "")
