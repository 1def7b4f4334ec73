"""Smallest eigenvalues of planar states with their modes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from fem.frames.dense_solver import DenseSolver
from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.solvers import MAX_DENSE
from fem.frames.sparse_solver import SparseSolver
from fem.frames.sparse_stability import sparse_mode
from fem.frames.stability import lanczos_memory
from mnnfab.arrays import FloatArray
from mnnfab.errors import LostStateError

#: Steps of Lanczos's method: modes need more of them than eigenvalues, and fewer from a start.
COLD_STEPS, WARM_STEPS = 24, 8


@dataclass(frozen=True, eq=False)
class Mode:
    """The mode of the smallest eigenvalue of a state.

    Args:
        ratio: smallest μ with K x = μ M x; see `stability.planar_ratios`.
        points: x, with xᵀ M x = 1.
        start: start for the mode of a similar state, (n_points, 3); None for a large frame.
    """

    ratio: float
    points: Points
    start: FloatArray | None = None


class Modes(Protocol):
    """Smallest eigenvalues and modes of the states of a frame."""

    def smallest(self, state: Points, start: FloatArray | None = None) -> Mode:
        """Return the mode of the smallest eigenvalue of a state; see `make_modes`.

        Args:
            state: displacements in the plane.
            start: `Mode.start` of a similar state, if there is one.
        """
        ...


def make_modes(frame: BeamFrame, *, out_of_plane: bool) -> Modes:
    """Return the modes of a frame in the plane or out of it, by its size."""
    part = frame.space if out_of_plane else frame.planar
    kind = DenseModes if part.n_free <= MAX_DENSE else SparseModes
    return kind(frame, out_of_plane=out_of_plane)


class SparseModes:
    """Modes of the states of a large frame; those of unstable states take a dense factor."""

    def __init__(self, frame: BeamFrame, *, out_of_plane: bool) -> None:
        """Store the frame."""
        self._frame, self._out_of_plane = frame, out_of_plane
        self._solver = SparseSolver(frame)

    def smallest(self, state: Points, start: FloatArray | None = None) -> Mode:
        """Return the mode of the smallest eigenvalue of a state; it may be negative."""
        try:
            ratio, mode = sparse_mode(self._solver, state, out_of_plane=self._out_of_plane)
        except LostStateError:
            dense = DenseModes(self._frame, out_of_plane=self._out_of_plane)
            return replace(dense.smallest(state), start=None)
        del start  # the factorisation takes most of the time
        n_nodes = self._frame.n_nodes
        return Mode(ratio, Points(mode[:n_nodes], mode[n_nodes:]))


class DenseModes:
    """Modes of the states of a small frame.

    Args:
        frame: a frame of at most `MAX_DENSE` degrees of freedom.
        out_of_plane: whether the modes are out of the plane.
    """

    def __init__(self, frame: BeamFrame, *, out_of_plane: bool) -> None:
        """Allocate the memory of the method."""
        held = frame.held_out if out_of_plane else frame.held
        self._vectors, _ = lanczos_memory(held, frame.n_interior, 1, COLD_STEPS)
        self._first = self._vectors[0].copy()
        solver = DenseSolver(frame)
        self._project = solver.space_projection if out_of_plane else solver.planar_projection
        self._n_nodes = frame.n_nodes

    def smallest(self, state: Points, start: FloatArray | None = None) -> Mode:
        """Return the mode of the smallest eigenvalue of a state; it may be negative."""
        n_steps = (len(self._vectors) - 1) // 2
        if start is not None:
            n_steps = min(n_steps, WARM_STEPS)
        vectors, projected = self._vectors[: 2 * n_steps + 1], np.zeros((n_steps, n_steps))
        vectors[0] = self._first if start is None else start
        self._project(state, vectors, projected)
        inverse, shapes = np.linalg.eigh(projected)
        place = 0 if inverse[0] < 0 else -1
        shape = shapes[:, place]
        mode: FloatArray = np.tensordot(shape, vectors[:n_steps], axes=1)
        loads: FloatArray = np.tensordot(shape, vectors[n_steps : 2 * n_steps], axes=1)  # M x
        points = Points(mode[: self._n_nodes], mode[self._n_nodes :])
        return Mode(float(1.0 / inverse[place]), points, loads)
