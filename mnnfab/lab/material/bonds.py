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

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.lab.experiment.steps import port_loads
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.ports import unit_loads

if TYPE_CHECKING:
    from geometry.tiling import BoolArray
    from mnnfab.lab.analysis.prediction import Prediction
    from mnnfab.lab.measurement.measurement import Measurement
    from mnnfab.problem.problem import Problem
    from mnnfab.task.task import Task

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


@dataclass(frozen=True, eq=False)
class _Bars:
    """Bars whose displacements are fitted.

    Args:
        stiffness: where the fit begins, (n_bonds,) N/mm.
        loads: of every step on the free degrees of freedom, (n_steps, n_free) N.
        stretch: elongations of their displacements, (n_bonds, n_free).
        wanted_mm: what they should do, (n_steps, n_free).
        root: of the covariance of that, lower triangular.
    """

    stiffness: FloatArray
    loads: FloatArray
    stretch: FloatArray
    wanted_mm: FloatArray
    root: FloatArray

    def _flexibility(self, logarithms: FloatArray) -> tuple[FloatArray, FloatArray]:
        stiffness = self.stiffness * np.exp(logarithms)
        matrix = self.stretch.T @ (stiffness[:, None] * self.stretch)
        return stiffness, frozen_floats(np.linalg.inv(matrix))

    def left(self, logarithms: FloatArray) -> FloatArray:
        """Return what is left over in standard deviations, and what was known before."""
        off = self.loads @ self._flexibility(logarithms)[1] - self.wanted_mm
        whitened = solve_triangular(self.root, off.ravel(), lower=True)
        return np.concatenate([whitened, logarithms / KNOWN_BEFORE])

    def slopes(self, logarithms: FloatArray) -> FloatArray:
        """Return its derivative: a stiffer bond pulls its ends by what it is stretched."""
        stiffness, flexibility = self._flexibility(logarithms)
        pulled = self.loads @ flexibility @ self.stretch.T  # elongations, (n_steps, n_bonds)
        rows = -(flexibility @ self.stretch.T)[None] * (stiffness * pulled)[:, None, :]
        whitened = solve_triangular(self.root, rows.reshape(-1, len(stiffness)), lower=True)
        return np.vstack([whitened, np.eye(len(stiffness)) / KNOWN_BEFORE])


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
    free = problem.network.free_dofs
    bars, solid = (_flat(one, free) for one in (prediction.bars_mm, prediction.continuum_mm))
    moved = _flat(measurement.moved_mm, free)
    softer = float(np.vdot(bars, solid) / np.vdot(bars, bars))
    stiffer = float(np.vdot(solid, solid) / np.vdot(solid, moved))
    sizes = np.sqrt((moved**2).mean(axis=1))
    left_by_bars = np.diag((LEFT_BY_BARS * np.repeat(sizes, len(free))) ** 2)
    fitted = _Bars(
        stiffness=problem.uncorrected.law.stiffness(widths_mm) / softer * stiffer,
        loads=_loads(problem, task, measurement)[:, free],
        stretch=compatibility_matrix(problem.network)[:, free].toarray(),
        # Bars with this factor, without what the continuum does otherwise.
        wanted_mm=moved - (solid - softer * bars) / stiffer,
        root=frozen_floats(np.linalg.cholesky(measurement.covariance_mm2(free) + left_by_bars)),
    )
    start = np.zeros(problem.network.n_bonds)
    fit = least_squares(fitted.left, start, jac=fitted.slopes)
    misfit = max(1.0, float(np.sqrt((fit.fun[: moved.size] ** 2).mean())))
    data = np.asarray(fit.jac)[: moved.size] / misfit
    precision = data.T @ data + np.eye(len(start)) / KNOWN_BEFORE**2
    sds = np.sqrt(np.diag(np.linalg.inv(precision)))
    ratio = np.exp(fit.x)
    return BondStiffness(ratio, ratio * sds, sds < TOLD_SHARE * KNOWN_BEFORE, stiffer)


def _loads(problem: Problem, task: Task, measurement: Measurement) -> FloatArray:
    """Return the loads of every step, (n_steps, 2 n_nodes) N."""
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    loads: FloatArray = on_inputs @ unit_loads(problem.network, task.inputs).T
    return loads + on_outputs @ unit_loads(problem.network, task.outputs).T


def _flat(moved_mm: FloatArray, free: np.ndarray) -> FloatArray:
    flat: FloatArray = moved_mm.reshape(len(moved_mm), -1)[:, free]
    return flat
