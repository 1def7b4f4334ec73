"""Uncondensed matrices of frames, assembled in NumPy: a peer of the compiled elimination."""

from __future__ import annotations

import numpy as np

from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.kernels.planar_elements import planar_chain
from fem.frames.kernels.space_elements import space_chain
from mnnfab.arrays import FloatArray, IntArray


def point_numbers(frame: BeamFrame, chain: int) -> IntArray:
    """Numbers of the points of a chain: nodes first, then interior points."""
    first, last = frame.offsets[chain : chain + 2]
    inner = frame.n_nodes + np.arange(first - chain, last - chain - 1)
    return np.array([frame.ends[chain, 0], *inner, frame.ends[chain, 1]])


def planar_system(
    frame: BeamFrame, state: Points, stress: float = 1.0
) -> tuple[float, FloatArray, FloatArray]:
    """Strain energy, internal forces and tangent of all degrees of freedom, three per point."""
    forces = Points(*frame.no_loads)
    energy, matrix = 0.0, _zeros(frame)
    for chain in range(frame.n_chains):
        blocks = _blocks(frame, chain)
        energy += planar_chain(frame.chains, frame.planar, chain, state, blocks, forces, stress)
        _add(frame, chain, blocks, matrix)
    return energy, -np.concatenate([forces.nodes.ravel(), forces.interior.ravel()]), matrix


def space_matrix(frame: BeamFrame, state: Points, stress: float = 1.0) -> FloatArray:
    """Stiffness matrix out of the plane of all degrees of freedom, three per point."""
    matrix = _zeros(frame)
    for chain in range(frame.n_chains):
        blocks = _blocks(frame, chain)
        space_chain(frame.chains, frame.planar, frame.space, chain, state, blocks, stress)
        _add(frame, chain, blocks, matrix)
    return matrix


def free_dofs(frame: BeamFrame, *, out: bool = False) -> IntArray:
    """Degrees of freedom that are not held, three per point."""
    held = np.zeros((frame.n_nodes + frame.n_interior, 3), dtype=bool)
    held[: frame.n_nodes] = frame.held_out if out else frame.held
    return np.flatnonzero(~held)


def _zeros(frame: BeamFrame) -> FloatArray:
    return np.zeros((3 * (frame.n_nodes + frame.n_interior),) * 2)


def _blocks(frame: BeamFrame, chain: int) -> FloatArray:
    return np.zeros((int(np.diff(frame.offsets)[chain]), 3, 3, 3))


def _add(frame: BeamFrame, chain: int, blocks: FloatArray, matrix: FloatArray) -> None:
    points = point_numbers(frame, chain)
    for block, i, j in zip(blocks, points[:-1], points[1:], strict=True):
        first, last = 3 * i + np.arange(3), 3 * j + np.arange(3)
        matrix[np.ix_(first, first)] += block[0]
        matrix[np.ix_(first, last)] += block[1]
        matrix[np.ix_(last, first)] += block[1].T
        matrix[np.ix_(last, last)] += block[2]
