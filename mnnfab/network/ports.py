"""Ports: displacements that are read, and the loads that do work on them.

A port is a linear function of the displacements of the nodes. A unit load at a port is the set of
nodal forces that does work on its displacement: the same coefficients. A load on the average of
some nodes is therefore shared by them, and one on a difference is a pair of opposite forces.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from scipy import sparse

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError

Axis = Literal["x", "y"]

#: Largest difference of the coefficients of ports that are the same.
SAME = 1e-12
_VECTORS: dict[object, tuple[float, float]] = {"x": (1.0, 0.0), "y": (0.0, 1.0)}


@dataclass(frozen=True)
class Port:
    """The displacement of one node along an axis: x points right, y points up.

    >>> Port(10, "y").vector, str(Port(10, 30.0))
    ((0.0, 1.0), 'node 10 at 30°')

    Args:
        node: number of the node.
        axis: "x", "y", or an angle from x, counter-clockwise, degrees.
        name: name for people; node and axis if empty.
    """

    node: int
    axis: Axis | float
    name: str = field(default="", compare=False)

    @property
    def vector(self) -> tuple[float, float]:
        """Unit vector of the axis."""
        if isinstance(self.axis, str):
            return _VECTORS[self.axis]
        return math.cos(math.radians(self.axis)), math.sin(math.radians(self.axis))

    @property
    def terms(self) -> tuple[tuple[float, Port], ...]:
        """Factors and ports whose sum this is: itself."""
        return ((1.0, self),)

    @property
    def axis_name(self) -> str:
        """Name of the axis in tables: "x", "y" or the angle in degrees."""
        return self.axis if isinstance(self.axis, str) else f"{self.axis:g}"

    @property
    def code(self) -> str:
        """Short name for files and steps, such as "10y"."""
        return f"{self.node}{self.axis_name.replace('-', 'm')}"

    def __str__(self) -> str:
        """Return the name of the port for messages."""
        axis = self.axis if isinstance(self.axis, str) else f"at {self.axis:g}°"
        return self.name or f"node {self.node} {axis}"


@dataclass(frozen=True)
class PortSum:
    """A sum of displacements of nodes times factors: a difference, an average, a rotation.

    >>> gap = PortSum(((1.0, Port(7, "x")), (-1.0, Port(4, "x"))))
    >>> str(gap), gap.noise_factor
    ('node 7 x - node 4 x', 1.4142135623730951)

    Args:
        terms: factors and ports.
        name: name for people; the sum as text if empty.
    """

    terms: tuple[tuple[float, Port], ...]
    name: str = field(default="", compare=False)

    @property
    def noise_factor(self) -> float:
        """Standard deviation of the sum per standard deviation of a reading."""
        return noise_factor(self)

    @property
    def code(self) -> str:
        """Short name for files and steps, such as "gap" or "7x-4x"."""
        terms = "-".join(term.code for _, term in self.terms)
        return (re.sub(r"[^A-Za-z0-9]+", "-", self.name).strip("-") or terms)[:30]

    def __str__(self) -> str:
        """Return the name of the port for messages."""
        return self.name or _sum_text(self.terms)


AnyPort: TypeAlias = Port | PortSum
"""A port of one node, or a sum over several."""


def nodes_of(ports: Sequence[AnyPort]) -> list[int]:
    """Return the nodes of ports in their order, each once.

    >>> nodes_of([Port(3, "x"), PortSum(((0.5, Port(1, "y")), (0.5, Port(3, "y"))))])
    [3, 1]
    """
    return list(dict.fromkeys(term.node for port in ports for _, term in port.terms))


def displacement_name(port: AnyPort) -> str:
    """Return the name of the displacement of a port: "u_y of node 10", or the name of a sum."""
    if isinstance(port, Port) and isinstance(port.axis, str) and not port.name:
        return f"u_{port.axis} of node {port.node}"
    return f"displacement of {port}"


def same_port(one: AnyPort, other: AnyPort) -> bool:
    """Return whether two ports read the same displacement, however they are written.

    >>> same_port(Port(3, "y"), Port(3, 90.0))
    True
    """
    n_nodes = 1 + max(nodes_of([one, other]))
    difference = port_vectors(n_nodes, [one]) - port_vectors(n_nodes, [other])
    return bool(abs(difference).max() < SAME)


def are_dofs(ports: Sequence[AnyPort]) -> bool:
    """Return whether each port is one degree of freedom: a node along x or y."""
    return all(isinstance(port, Port) and isinstance(port.axis, str) for port in ports)


def dofs_of(ports: Sequence[AnyPort]) -> IntArray:
    """Return the degrees of freedom 2 · node + axis of ports along x or y, (n_ports,).

    >>> dofs_of([Port(10, "y")]).tolist()
    [21]

    Raises:
        InputError: if a port is not along an axis, or a sum.
    """
    for port in ports:
        if not are_dofs([port]):
            raise InputError("port", str(port), "one node along x or y")
    terms = [port.terms[0][1] for port in ports]
    return np.array([2 * term.node + (term.axis == "y") for term in terms], dtype=np.int64)


def noise_factor(port: AnyPort) -> float:
    """Return the standard deviation of a port per standard deviation of a reading.

    Every node is read on its own, with the same error in all directions.
    """
    share: dict[int, np.ndarray] = {}
    for factor, term in port.terms:
        share[term.node] = share.get(term.node, np.zeros(2)) + factor * np.array(term.vector)
    return float(np.sqrt(sum(float(vector @ vector) for vector in share.values())))


def port_vectors(n_nodes: int, ports: Sequence[AnyPort]) -> sparse.csc_array:
    """Return ports as functions of the displacements of the nodes, (2 n_nodes, n_ports).

    A column is also the nodal forces of a unit load at its port.
    """
    terms = [
        (2 * term.node + axis, column, factor * part)
        for column, port in enumerate(ports)
        for factor, term in port.terms
        for axis, part in enumerate(term.vector)
        if part
    ]
    rows, columns, values = zip(*terms, strict=True) if terms else ((), (), ())
    shape = (2 * n_nodes, len(ports))
    entries = np.array(values, dtype=np.float64)
    indices = np.array(rows, dtype=np.int64), np.array(columns, dtype=np.int64)
    return sparse.csc_array(sparse.coo_array((entries, indices), shape=shape))


def read_ports(ports: Sequence[AnyPort], displacements: FloatArray) -> FloatArray:
    """Return the displacements of ports, (…, n_ports) mm.

    Args:
        ports: the ports.
        displacements: displacements of the nodes, (…, 2 n_nodes) mm; NaN where they are not known.
    """
    vectors = port_vectors(displacements.shape[-1] // 2, ports)
    rows = displacements.reshape(-1, displacements.shape[-1])
    read: FloatArray = np.asarray(rows @ vectors)
    return read.reshape(*displacements.shape[:-1], len(ports))


def port_sd(port: AnyPort, sd_mm: FloatArray) -> float:
    """Return the standard deviation of a port, mm, of independent displacements.

    Args:
        port: the port.
        sd_mm: standard deviation of the displacements of the nodes, (n_nodes, 2) mm.
    """
    vector = port_vectors(len(sd_mm), [port]).toarray()[:, 0]
    return float(np.linalg.norm(vector * sd_mm.ravel()))


def unit_loads(n_nodes: int, ports: Sequence[AnyPort]) -> FloatArray:
    """Return unit loads, one column per port, (2 n_nodes, n_ports) N."""
    loads: FloatArray = port_vectors(n_nodes, ports).toarray()
    return loads


def _sum_text(terms: tuple[tuple[float, Port], ...]) -> str:
    """Return a sum as text; an average of many nodes by its nodes alone."""
    factors, axes = {factor for factor, _ in terms}, {term.axis for _, term in terms}
    if len(terms) > 1 and factors == {1 / len(terms)} and len(axes) == 1:
        axis = str(terms[0][1]).split(" ", 2)[2]
        return f"mean of nodes {', '.join(str(term.node) for _, term in terms)} {axis}"
    parts = []
    for factor, term in terms:
        size = "" if abs(factor) == 1 else f"{abs(factor):g} "
        parts.append(f"{'-' if factor < 0 else '+'} {size}{term}")
    text = " ".join(parts)
    return text[2:] if text.startswith("+ ") else text
