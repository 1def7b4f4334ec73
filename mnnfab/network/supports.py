"""Supports that hold one direction of a node: rollers, and springs to the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.errors import InputError
from mnnfab.network.ports import Port, port_vectors

#: Stiffness of a rigid support in nonlinear models, over that of a square of the material.
RIGID = 1e6


@dataclass(frozen=True)
class Support:
    """A support of one node in one direction; the node is free to rotate and to move across.

    >>> str(Support(Port(3, "y"))), str(Support(Port(4, 30.0), 0.2))
    ('node 3 y', 'node 4 at 30° by 0.2 N/mm')

    Args:
        port: node and direction.
        stiffness_N_per_mm: stiffness of a spring to the ground; None for a rigid support.
    """

    port: Port
    stiffness_N_per_mm: float | None = None

    @property
    def is_rigid(self) -> bool:
        """Whether the direction is held."""
        return self.stiffness_N_per_mm is None

    def __str__(self) -> str:
        """Return the support for messages."""
        spring = "" if self.is_rigid else f" by {self.stiffness_N_per_mm:g} N/mm"
        return f"{self.port}{spring}"


def rigid_vectors(n_nodes: int, supports: Sequence[Support]) -> FloatArray:
    """Return the directions that are held, as functions of all displacements, (2 n_nodes, m)."""
    held = [support.port for support in supports if support.is_rigid]
    vectors: FloatArray = port_vectors(n_nodes, held).toarray()
    return vectors


def spring_vectors(n_nodes: int, supports: Sequence[Support]) -> tuple[FloatArray, FloatArray]:
    """Return the directions of the springs, (2 n_nodes, m), and their stiffnesses, (m,) N/mm."""
    springs = [support for support in supports if not support.is_rigid]
    vectors: FloatArray = port_vectors(n_nodes, [spring.port for spring in springs]).toarray()
    return vectors, np.array([spring.stiffness_N_per_mm for spring in springs], dtype=np.float64)


def ground_stiffness(
    n_nodes: int, supports: Sequence[Support], rigid_N_per_mm: float
) -> FloatArray:
    """Return the stiffness of every node to the ground, (n_nodes, 2, 2) N/mm.

    For nonlinear models, in which rigid supports are stiff springs.

    Args:
        n_nodes: number of nodes.
        supports: the supports.
        rigid_N_per_mm: stiffness of the rigid ones; `rigid_stiffness` has a suitable one.
    """
    ground = np.zeros((n_nodes, 2, 2))
    for support in supports:
        stiffness = support.stiffness_N_per_mm
        vector = np.array(support.port.vector)
        size = rigid_N_per_mm if stiffness is None else stiffness
        ground[support.port.node] += size * np.outer(vector, vector)
    return ground


def rigid_stiffness(youngs_modulus_MPa: float, thickness_mm: float) -> float:
    """Return the stiffness of a rigid support in nonlinear models, N/mm.

    It is a million times that of a square of the material, so the node moves by about a millionth
    of what the part does.
    """
    return RIGID * youngs_modulus_MPa * thickness_mm


def check_supports(n_nodes: int, fixed: Sequence[int], supports: Sequence[Support]) -> None:
    """Check that supports are at free nodes, and that no node is held twice in one direction.

    Raises:
        InputError: if a support is invalid; the message has its place in the list.
    """
    held: dict[int, list[tuple[float, float]]] = {}
    for number, support in enumerate(supports):
        where, node = f"network, supports[{number}]", support.port.node
        if not 0 <= node < n_nodes:
            raise InputError(where, f"node {node} does not exist", f"nodes 0 to {n_nodes - 1}")
        if node in fixed:
            given = f"node {node} is fixed in all directions"
            raise InputError(where, given, "a node that is not fixed")
        if not support.is_rigid:
            continue
        directions = held.setdefault(node, [])
        directions.append(support.port.vector)
        if np.linalg.matrix_rank(np.array(directions), tol=1e-6) < len(directions):
            given = f"node {node} is held already along {support.port.axis_name}"
            raise InputError(where, given, "two directions of a node, or fewer")
