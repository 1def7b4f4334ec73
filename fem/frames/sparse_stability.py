"""Stability of large frames in the plane and out of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from fem.frames.dense_solver import SolvePoints
from fem.frames.frame import BeamFrame
from fem.frames.kernels.arrays import Points
from fem.frames.kernels.eigenvalues import material_forces, planar_material, space_material
from fem.frames.sparse_solver import SparseSolver
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import LostStateError

#: Relative accuracy of the smallest eigenvalue.
TOLERANCE = 1e-4

Solve = Callable[[Points], SolvePoints]


def sparse_planar_ratios(frame: BeamFrame, states: Points) -> FloatArray:
    """Return the smallest eigenvalue of each state in the plane, (n_samples,); see `stability`."""
    material = partial(planar_material, frame.chains, frame.planar)
    return _smallest(frame, states, frame.planar.dofs, material, SparseSolver(frame).planar_solve)


def sparse_out_of_plane(frame: BeamFrame, states: Points) -> tuple[IntArray, FloatArray]:
    """Return whether states are unstable out of the plane, 0 or 1, and the smallest ratios."""
    material = partial(space_material, frame.chains, frame.planar, frame.space)
    solve = SparseSolver(frame).space_solve
    ratios = _smallest(frame, states, frame.space.dofs, material, solve)
    return np.isnan(ratios).astype(np.int64), ratios


def _smallest(
    frame: BeamFrame,
    states: Points,
    dofs: IntArray,
    write_material: Callable[[Points, FloatArray], None],
    make_solve: Solve,
) -> FloatArray:
    ratios = np.full(len(states.nodes), np.nan)
    for sample, state in enumerate(zip(*states, strict=True)):
        with suppress(LostStateError):  # the state is unstable
            ratios[sample] = _mode(frame, Points(*state), dofs, write_material, make_solve)[0]
    return ratios


def sparse_mode(
    solver: SparseSolver, state: Points, *, out_of_plane: bool
) -> tuple[float, FloatArray]:
    """Return the smallest eigenvalue of a state and its mode, (n_points, 3).

    Raises:
        LostStateError: if the state is unstable.
    """
    frame = solver.frame
    if out_of_plane:
        material = partial(space_material, frame.chains, frame.planar, frame.space)
        return _mode(frame, state, frame.space.dofs, material, solver.space_solve)
    material = partial(planar_material, frame.chains, frame.planar)
    return _mode(frame, state, frame.planar.dofs, material, solver.planar_solve)


def _mode(
    frame: BeamFrame,
    state: Points,
    dofs: IntArray,
    write_material: Callable[[Points, FloatArray], None],
    make_solve: Solve,
) -> tuple[float, FloatArray]:
    """Return the smallest eigenvalue of a state and its mode x, with xᵀ M x = 1."""
    n_nodes, n_points = frame.n_nodes, frame.n_nodes + frame.n_interior
    free = np.concatenate([dofs.ravel() >= 0, np.ones(3 * frame.n_interior, dtype=bool)])

    material = np.zeros((len(frame.vectors), 3, 3, 3))

    def material_part(values: FloatArray) -> FloatArray:
        vector, image = np.zeros((2, n_points, 3))
        vector.reshape(-1)[free] = values
        material_forces(frame.chains, dofs, material, vector, image)
        forces: FloatArray = image.reshape(-1)[free]
        return forces

    size = int(free.sum())
    matrix = LinearOperator((size, size), material_part, dtype=np.float64)
    first = np.random.default_rng(0).standard_normal(size)
    write_material(state, material)
    solve = make_solve(state)

    def inverse(values: FloatArray) -> FloatArray:
        loads = np.zeros((n_points, 3))
        loads.reshape(-1)[free] = values
        solve(Points(loads[:n_nodes], loads[n_nodes:]))
        displacements: FloatArray = loads.reshape(-1)[free]
        return displacements

    found, shapes = eigsh(
        *(matrix, 1, matrix, 0.0),
        OPinv=LinearOperator((size, size), inverse, dtype=np.float64),
        v0=first,
        tol=TOLERANCE,
    )
    mode = np.zeros((n_points, 3))
    mode.reshape(-1)[free] = shapes[:, 0]
    return float(found[0]), mode
