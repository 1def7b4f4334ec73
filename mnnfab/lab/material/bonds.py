"""Identification of the stiffness of every bond from measured displacements.

ln k of every bond is fitted to the displacements of all free joints by the bar model, after
subtracting its difference to the continuum model of the design. A Gaussian prior (a printed part is
within some tens of per cent of its design) regularises the fit: bonds that no load step stretches
keep the design value. A bond is *identifiable* if its interval is clearly narrower than the prior.
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
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import PortProblem

#: Prior standard deviation of ln k.
KNOWN_BEFORE = 0.3
#: A bond is identifiable if its standard deviation is below this share of the prior one.
TOLD_SHARE = 0.5
#: Largest network whose bonds are identified; larger ones take too long and are rarely measured
#: completely.
MOST_BONDS = 600
#: Error of the bar model against the continuum model for widths changed by some per cent, as a
#: share of the displacements, after subtracting the difference of the design.
LEFT_BY_BARS = 0.005


@dataclass(frozen=True, eq=False)
class BondStiffness:
    """Stiffness of every bond relative to its design.

    Args:
        ratio: (n_bonds,), relative to the common factor.
        sd: standard deviation of each ratio, (n_bonds,).
        told: mask of the bonds that are identifiable from the data, (n_bonds,).
        common: the factor common to all bonds.
    """

    ratio: FloatArray
    sd: FloatArray
    told: BoolArray
    common: float


@dataclass(frozen=True, eq=False)
class _Bars:
    """Bar model whose displacements are fitted.

    Args:
        stiffness: initial values, (n_bonds,) N/mm.
        loads: loads of every load step on the free degrees of freedom, (n_steps, n_free) N.
        stretch: compatibility matrix, elongations by displacements, (n_bonds, n_free).
        wanted_mm: target displacements, (n_steps, n_free).
        root: Cholesky factor of the covariance of the targets, lower triangular.
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
        """Return the whitened residuals of the displacements, followed by those of the prior."""
        off = self.loads @ self._flexibility(logarithms)[1] - self.wanted_mm
        whitened = solve_triangular(self.root, off.ravel(), lower=True)
        return np.concatenate([whitened, logarithms / KNOWN_BEFORE])

    def slopes(self, logarithms: FloatArray) -> FloatArray:
        """Return the Jacobian of `left`.

        A change of stiffness acts as a pair of forces at the ends of the bond, in proportion to its
        elongation.
        """
        stiffness, flexibility = self._flexibility(logarithms)
        pulled = self.loads @ flexibility @ self.stretch.T  # elongations, (n_steps, n_bonds)
        rows = -(flexibility @ self.stretch.T)[None] * (stiffness * pulled)[:, None, :]
        whitened = solve_triangular(self.root, rows.reshape(-1, len(stiffness)), lower=True)
        return np.vstack([whitened, np.eye(len(stiffness)) / KNOWN_BEFORE])


def identify_bonds(
    part: PortPart,
    measurement: Measurement,
    prediction: Prediction,
) -> BondStiffness:
    """Return the stiffness of every bond relative to its design.

    Args:
        part: the part.
        measurement: measurement of the part.
        prediction: predictions for the same load steps.
    """
    problem = part.problem
    free = problem.network.free_dofs
    bars, solid = (_flat(one, free) for one in (prediction.bars_mm, prediction.continuum_mm))
    moved = _flat(measurement.moved_mm, free)
    softer = float(np.vdot(bars, solid) / np.vdot(bars, bars))
    stiffer = float(np.vdot(solid, solid) / np.vdot(solid, moved))
    sizes = np.sqrt((moved**2).mean(axis=1))
    left_by_bars = np.diag((LEFT_BY_BARS * np.repeat(sizes, len(free))) ** 2)
    fitted = _Bars(
        stiffness=problem.uncorrected.law.stiffness(part.widths_mm) / softer * stiffer,
        loads=_loads(problem, measurement)[:, free],
        stretch=compatibility_matrix(problem.network)[:, free].toarray(),
        # Measured displacements less the difference between continuum model and scaled bar model.
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


def _loads(problem: PortProblem, measurement: Measurement) -> FloatArray:
    """Return the loads of every load step, (n_steps, 2 n_nodes) N."""
    task = problem.task
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    loads: FloatArray = on_inputs @ unit_loads(problem.network, task.inputs).T
    return loads + on_outputs @ unit_loads(problem.network, task.outputs).T


def _flat(moved_mm: FloatArray, free: np.ndarray) -> FloatArray:
    flat: FloatArray = moved_mm.reshape(len(moved_mm), -1)[:, free]
    return flat
