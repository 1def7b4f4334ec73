"""Identification of the stiffness of every bond from measured displacements.

ln k of every bond is fitted to the displacements of all free nodes by the bar model, after
subtracting its difference to the continuum model of the design. A Gaussian prior (a printed part is
within some tens of per cent of its design) regularises the fit: bonds that no load step stretches
keep the design value. A bond is *identifiable* if its interval is clearly narrower than the prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import block_diag, solve_triangular
from scipy.optimize import least_squares

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.lab.experiment.steps import port_loads
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.network.network import Network
from mnnfab.network.ports import unit_loads
from mnnfab.network.supports import RIGID, ground_stiffness

if TYPE_CHECKING:
    from geometry.tiling import BoolArray
    from mnnfab.lab.analysis.prediction import Prediction
    from mnnfab.lab.measurement.measurement import Measurement
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import PortProblem

#: Prior standard deviation of ln k.
PRIOR_SD = 0.3
#: A bond is identifiable if its standard deviation is below this share of the prior one.
IDENTIFIABLE_SHARE = 0.5
#: Largest network whose bonds are identified; larger ones take too long and are rarely measured
#: completely.
MAX_BONDS = 600
#: Error of the bar model against the continuum model for widths changed by some per cent, as a
#: share of the displacements, after subtracting the difference of the design.
BAR_MODEL_ERROR = 0.005


@dataclass(frozen=True, eq=False)
class BondStiffness:
    """Stiffness of every bond relative to its design.

    Args:
        ratio: (n_bonds,), relative to the common factor.
        sd: standard deviation of each ratio, (n_bonds,).
        identifiable: mask of the bonds that are identifiable from the data, (n_bonds,).
        common: the factor common to all bonds.
    """

    ratio: FloatArray
    sd: FloatArray
    identifiable: BoolArray
    common: float


@dataclass(frozen=True, eq=False)
class _BarFit:
    """Bar model whose displacements are fitted.

    Args:
        stiffness: initial values, (n_bonds,) N/mm.
        loads: loads of every load step on the free degrees of freedom, (n_steps, n_free) N.
        compatibility: compatibility matrix, elongations by displacements, (n_bonds, n_free).
        targets_mm: target displacements, (n_steps, n_free).
        root: Cholesky factor of the covariance of the targets, lower triangular.
        ground: stiffness of the supports of single directions, (n_free, n_free) N/mm.
    """

    stiffness: FloatArray
    loads: FloatArray
    compatibility: FloatArray
    targets_mm: FloatArray
    root: FloatArray
    ground: FloatArray

    def _flexibility(self, logarithms: FloatArray) -> tuple[FloatArray, FloatArray]:
        stiffness = self.stiffness * np.exp(logarithms)
        matrix = self.compatibility.T @ (stiffness[:, None] * self.compatibility) + self.ground
        return stiffness, frozen_floats(np.linalg.inv(matrix))

    def residuals(self, logarithms: FloatArray) -> FloatArray:
        """Return the whitened residuals of the displacements, followed by those of the prior."""
        differences = self.loads @ self._flexibility(logarithms)[1] - self.targets_mm
        whitened = solve_triangular(self.root, differences.ravel(), lower=True)
        return np.concatenate([whitened, logarithms / PRIOR_SD])

    def jacobian(self, logarithms: FloatArray) -> FloatArray:
        """Return the Jacobian of `residuals`.

        A change of stiffness acts as a pair of forces at the ends of the bond, in proportion to its
        elongation.
        """
        stiffness, flexibility = self._flexibility(logarithms)
        elongations = (
            self.loads @ flexibility @ self.compatibility.T
        )  # elongations, (n_steps, n_bonds)
        rows = -(flexibility @ self.compatibility.T)[None] * (stiffness * elongations)[:, None, :]
        whitened = solve_triangular(self.root, rows.reshape(-1, len(stiffness)), lower=True)
        return np.vstack([whitened, np.eye(len(stiffness)) / PRIOR_SD])


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
    bars, solid = (
        _flat(displacements, free)
        for displacements in (prediction.bars_mm, prediction.continuum_mm)
    )
    measured = _flat(measurement.displacements_mm, free)
    bar_scale = float(np.vdot(bars, solid) / np.vdot(bars, bars))
    stiffness_factor = float(np.vdot(solid, solid) / np.vdot(solid, measured))
    rms = np.sqrt((measured**2).mean(axis=1))
    bar_model_covariance = np.diag((BAR_MODEL_ERROR * np.repeat(rms, len(free))) ** 2)
    stiffness = problem.uncorrected.law.stiffness(part.widths_mm)
    bar_fit = _BarFit(
        stiffness=stiffness / bar_scale * stiffness_factor,
        loads=_loads(problem, measurement)[:, free],
        compatibility=compatibility_matrix(problem.network)[:, free].toarray(),
        # Measured displacements less the difference between continuum model and scaled bar model.
        targets_mm=measured - (solid - bar_scale * bars) / stiffness_factor,
        root=frozen_floats(
            np.linalg.cholesky(measurement.covariance_mm2(free) + bar_model_covariance)
        ),
        ground=_ground(problem.network, float(stiffness.max()))[np.ix_(free, free)],
    )
    start = np.zeros(problem.network.n_bonds)
    fit = least_squares(bar_fit.residuals, start, jac=bar_fit.jacobian)
    misfit = max(1.0, float(np.sqrt((fit.fun[: measured.size] ** 2).mean())))
    data = np.asarray(fit.jac)[: measured.size] / misfit
    precision = data.T @ data + np.eye(len(start)) / PRIOR_SD**2
    sds = np.sqrt(np.diag(np.linalg.inv(precision)))
    ratio = np.exp(fit.x)
    return BondStiffness(ratio, ratio * sds, sds < IDENTIFIABLE_SHARE * PRIOR_SD, stiffness_factor)


def _ground(network: Network, largest_N_per_mm: float) -> FloatArray:
    """Return the stiffness of the supports of single directions, (2 n_nodes, 2 n_nodes) N/mm."""
    rigid = RIGID * largest_N_per_mm
    blocks = ground_stiffness(network.n_nodes, network.supports, rigid)
    ground: FloatArray = block_diag(*blocks)
    return ground


def _loads(problem: PortProblem, measurement: Measurement) -> FloatArray:
    """Return the loads of every load step, (n_steps, 2 n_nodes) N."""
    task = problem.task
    on_inputs, on_outputs = port_loads(task, measurement.steps)
    loads: FloatArray = on_inputs @ unit_loads(problem.network.n_nodes, task.inputs).T
    return loads + on_outputs @ unit_loads(problem.network.n_nodes, task.outputs).T


def _flat(displacements_mm: FloatArray, free: np.ndarray) -> FloatArray:
    flat: FloatArray = displacements_mm.reshape(len(displacements_mm), -1)[:, free]
    return flat
