"""The stiffness of every bond from how the joints moved, where the steps tell it.

ln k of every bond is fitted to the displacements of all free joints on bars, whose difference to
the continuum as designed is taken off first. What is known before (a print is within some tens of
per cent of its design) is a reading too, so that bonds which no step stretches stay there, and
say so: a bond is *told* if its interval is clearly narrower than what was known before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

from mnnfab.arrays import FloatArray
from mnnfab.bars import compatibility_matrix
from mnnfab.lab.steps import port_loads
from mnnfab.ports import unit_loads

if TYPE_CHECKING:
    from geometry.tiling import BoolArray
    from mnnfab.lab.measurement import Measurement
    from mnnfab.lab.prediction import Prediction
    from mnnfab.problem import Problem
    from mnnfab.tasks import Task

#: Standard deviation of ln k before anything was measured.
KNOWN_BEFORE = 0.3
#: A bond is told by data that leave less than this share of it.
TOLD_SHARE = 0.5
#: Larger networks would take too long, and seldom are measured whole.
MOST_BONDS = 600
#: What bars leave of a continuum whose widths have changed by some per cent, as a share of the
#: displacements, after the difference as designed was taken off.
LEFT_BY_BARS = 0.005


@dataclass(frozen=True, eq=False)
class BondStiffness:
    """Stiffness of every bond over that of its design.

    Args:
        ratio: (n_bonds,), about their common factor.
        sd: standard deviation of each, (n_bonds,).
        told: whether the data tell it, (n_bonds,).
        common: the factor that all bonds share.
    """

    ratio: FloatArray
    sd: FloatArray
    told: BoolArray
    common: float


def identify_bonds(
    problem: Problem,
    task: Task,
    widths_mm: FloatArray,
    measurement: Measurement,
    prediction: Prediction,
) -> BondStiffness:
    """Find the stiffness of every bond.

    Args:
        problem: the design.
        task: its ports.
        widths_mm: of the part, (n_bonds,).
        measurement: of it.
        prediction: of the same steps.
    """
    network, free = problem.network, problem.network.free_dofs
    design = problem.uncorrected.law.stiffness(widths_mm)
    bars, solid = (_flat(one, free) for one in (prediction.bars_mm, prediction.continuum_mm))
    softer = float(np.vdot(bars, solid) / np.vdot(bars, bars))
    moved = _flat(measurement.moved_mm, free)
    sizes = np.sqrt((moved**2).mean(axis=1, keepdims=True))
    left_by_bars = np.repeat(LEFT_BY_BARS * sizes, len(free), axis=1).ravel()
    root = np.linalg.cholesky(measurement.covariance_mm2(free) + np.diag(left_by_bars**2))
    stiffer = float(np.vdot(solid, solid) / np.vdot(solid, moved))
    own = design / softer * stiffer
    # Bars with this factor, and what the continuum does otherwise, scaled with it.
    wanted = moved - (solid - softer * bars) / stiffer
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    loads = on_inputs @ unit_loads(network, task.inputs).T
    loads = (loads + on_outputs @ unit_loads(network, task.outputs).T)[:, free]
    stretch = compatibility_matrix(network)[:, free].toarray()

    def solve(logarithms: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        stiffness = own * np.exp(logarithms)
        flexibility = np.linalg.inv(stretch.T @ (stiffness[:, None] * stretch))
        return stiffness, flexibility @ stretch.T, loads @ flexibility

    def off(logarithms: FloatArray) -> FloatArray:
        left = solve_triangular(root, (solve(logarithms)[2] - wanted).ravel(), lower=True)
        return np.concatenate([left, logarithms / KNOWN_BEFORE])

    def slopes(logarithms: FloatArray) -> FloatArray:
        stiffness, spread, found = solve(logarithms)
        pulled = found @ stretch.T  # elongations, (n_steps, n_bonds)
        rows = -spread[None] * (stiffness * pulled)[:, None, :]
        whitened = solve_triangular(root, rows.reshape(-1, len(stiffness)), lower=True)
        prior = np.eye(len(stiffness)) / KNOWN_BEFORE
        return np.vstack([whitened, prior])

    fit = least_squares(off, np.zeros(len(own)), jac=slopes)
    left = fit.fun[: wanted.size]
    misfit = max(1.0, float(np.sqrt((left**2).mean())))
    data = np.asarray(fit.jac)[: wanted.size] / misfit
    precision = data.T @ data + np.eye(len(own)) / KNOWN_BEFORE**2
    sds = np.sqrt(np.diag(np.linalg.inv(precision)))
    return BondStiffness(
        ratio=np.exp(fit.x),
        sd=np.exp(fit.x) * sds,
        told=sds < TOLD_SHARE * KNOWN_BEFORE,
        common=stiffer,
    )


def _flat(moved_mm: FloatArray, free: np.ndarray) -> FloatArray:
    flat: FloatArray = moved_mm.reshape(len(moved_mm), -1)[:, free]
    return flat
