"""Identification of modulus and joint length from measurements, with intervals.

Displacements are proportional to 1 / E. Their dependence on the joint length is computed by
continuum models with several joint lengths; each reading is interpolated by a polynomial of the
length. Which parameters are identifiable depends on the data: a bar coupon without joints
determines the modulus; with it, a bond coupon or the network determines the joint length; a network
alone determines little more than one combination of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.errors import InputError
from mnnfab.lab.material.coupons import CouponReadings, check_unit, coupon_flexibility

if TYPE_CHECKING:
    from mnnfab.lab.measurement.measurement import Measurement
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import Problem, ProblemTaskT
    from mnnfab.progress.watcher import StageTimer

#: Joint lengths of the models, as shares of the drawn length.
LENGTH_RATIOS = (0.7, 0.85, 1.0, 1.2, 1.45)
#: Discretisation tolerance of the models.
MODEL_ERROR = 2e-4
#: Largest relative half-width of the 95 % interval of an identifiable parameter.
MAX_HALF_WIDTH = 0.25
#: A parameter has no effect if its sensitivity is below this share of the largest one.
MIN_SENSITIVITY_SHARE = 1e-4
#: Largest correlation of errors at which both parameters are identifiable: above it, a model error
#: of a thousandth would change both by a tenth.
MAX_CORRELATION = 0.98


@dataclass(frozen=True, eq=False)
class Readings:
    """Measured values of one kind, with the predictions of models with several joint lengths.

    Args:
        name: name of the source.
        values_mm: (n,).
        covariance_mm2: covariance of their errors, (n, n).
        predicted_mm: predictions with the design's modulus, (n_lengths, n).
    """

    name: str
    values_mm: FloatArray
    covariance_mm2: FloatArray
    predicted_mm: FloatArray


@dataclass(frozen=True)
class Estimate:
    """Estimate of a parameter.

    Args:
        value: estimated value.
        sd: standard deviation.
        low: lower end of its 95 % interval.
        high: upper end.
        identifiable: True if it is identifiable from the data.
    """

    value: float
    sd: float
    low: float
    high: float
    identifiable: bool


@dataclass(frozen=True)
class Identified:
    """Identified material parameters.

    Args:
        modulus_MPa: Young's modulus.
        joint_length_mm: effective joint length.
        correlation: correlation of the errors of the two.
        misfit: root mean square of the residuals, in standard deviations.
        n_readings: number of readings.
        joint_fixed: True if the length was fixed as drawn, because both are not identifiable.
        with_drawn_joints_MPa: modulus if the joint length is fixed as drawn.
        drawn_joint_mm: drawn joint length.
        at_a_limit: True if the best length is at an end of the searched range.
    """

    modulus_MPa: Estimate
    joint_length_mm: Estimate
    correlation: float
    misfit: float
    n_readings: int
    joint_fixed: bool
    with_drawn_joints_MPa: Estimate
    drawn_joint_mm: float
    at_a_limit: bool


def lengths_of(problem: Problem) -> FloatArray:
    """Return the joint lengths of the models, (n_lengths,) mm."""
    return np.array(LENGTH_RATIOS) * problem.design.fabrication.joint_length_mm


def with_joints(problem: Problem[ProblemTaskT], length_mm: float) -> Problem[ProblemTaskT]:
    """Return a problem with another joint length and a fine discretisation tolerance.

    Otherwise discretisation errors would bias the joint length.
    """
    tolerance = min(problem.design.check.discretisation_tolerance, MODEL_ERROR)
    check = problem.design.check.model_copy(update={"discretisation_tolerance": tolerance})
    fabrication = problem.design.fabrication.model_copy(update={"joint_length_mm": length_mm})
    material = problem.material.model_copy(update={"joint_length_excess_mm": 0.0})
    changed = {"fabrication": fabrication, "check": check}
    design = problem.design.model_copy(update=changed)
    return replace(problem, design=design, material=material)


def network_readings(part: PortPart, measurement: Measurement) -> Readings:
    """Return the displacements of all free nodes and those predicted by the models.

    Args:
        part: the part.
        measurement: its measurement.
    """
    from mnnfab.lab.analysis.prediction import continuum_fields

    problem = part.problem
    free = problem.network.free_dofs
    predicted = []
    for length in lengths_of(problem).tolist():
        variant = replace(part, problem=with_joints(problem, length))
        fields = continuum_fields(variant.continuum)
        displacements = fields.displacements_mm(problem.task, measurement.steps)
        predicted.append(displacements.reshape(len(displacements), -1)[:, free].ravel())
    displacements = measurement.displacements_mm.reshape(len(measurement.steps), -1)[:, free]
    covariance = measurement.covariance_mm2(free)
    return Readings("network", displacements.ravel(), covariance, np.array(predicted))


def coupon_readings(
    where: str, problem: Problem, tests: CouponReadings, timer: StageTimer
) -> Readings:
    """Return the elongations of a coupon and those predicted by the models.

    If no noise is stated, it is estimated from the scatter of the readings about a straight line.

    Raises:
        InputError: if there are too few readings to estimate the noise.
    """
    with timer.stage(f"coupon, {tests.kind}"):
        unit = np.array(
            [
                coupon_flexibility(with_joints(problem, length), tests.kind)
                for length in lengths_of(problem).tolist()
            ]
        )
    check_unit(where, tests, float(unit[LENGTH_RATIOS.index(1.0)]))
    sd = np.where(np.isnan(tests.sd_mm), _scatter(where, tests), tests.sd_mm)
    predicted = np.outer(unit, tests.loads_N)
    return Readings(f"coupon {tests.kind}", tests.elongations_mm, np.diag(sd**2), predicted)


def _scatter(where: str, tests: CouponReadings) -> float:
    if not np.isnan(tests.sd_mm).any():
        return 0.0
    loads, elongations = tests.loads_N, tests.elongations_mm
    if len(loads) < 3:
        given = f"{len(loads)} readings of the {tests.kind} without sd_mm"
        raise InputError(where, given, "three readings or more, or a column sd_mm")
    slope = float(loads @ elongations / (loads @ loads))
    scatter = float(np.sqrt(((elongations - slope * loads) ** 2).sum() / (len(loads) - 1)))
    return max(scatter, 1e-6)


@dataclass(frozen=True, eq=False)
class _Residuals:
    """Whitened residuals of the readings as a function of the parameters.

    Parameters are ln E/E_design, ln ℓ/ℓ_drawn and one error per model: the discretisation error, a
    factor common to all readings of one model.

    Args:
        readings: all readings.
        powers: coefficients in powers of the joint length over the drawn one, (n_lengths, n) mm: an
            interpolating polynomial for each reading.
        roots: Cholesky factors of the covariances of the readings.
        model_error: standard deviation of the error of a model.
    """

    readings: Sequence[Readings]
    powers: FloatArray
    roots: Sequence[FloatArray]
    model_error: float

    def __call__(self, parameters: FloatArray) -> FloatArray:
        """Return the whitened residuals, followed by those of the model errors."""
        log_modulus, log_length, errors = parameters[0], parameters[1], parameters[2:]
        displacements = np.exp(log_length) ** np.arange(len(self.powers)) @ self.powers
        parts, begin = [], 0
        for reading, root, error in zip(self.readings, self.roots, errors, strict=True):
            end = begin + len(reading.values_mm)
            residuals = (
                displacements[begin:end] * (1 + error) / np.exp(log_modulus) - reading.values_mm
            )
            parts.append(frozen_floats(solve_triangular(root, residuals, lower=True)))
            begin = end
        return np.concatenate([*parts, errors / self.model_error])

    def as_drawn(self, parameters: FloatArray) -> FloatArray:
        """Return the residuals with the joint length fixed as drawn."""
        return self(np.insert(parameters, 1, 0.0))


def _residuals(problem: Problem, readings: Sequence[Readings]) -> _Residuals:
    ratios = lengths_of(problem) / problem.design.fabrication.joint_length_mm
    predicted = np.hstack([reading.predicted_mm for reading in readings])
    return _Residuals(
        readings=readings,
        powers=frozen_floats(np.linalg.solve(np.vander(ratios, increasing=True), predicted)),
        roots=[frozen_floats(np.linalg.cholesky(reading.covariance_mm2)) for reading in readings],
        model_error=min(problem.design.check.discretisation_tolerance, MODEL_ERROR),
    )


def identify(problem: Problem, readings: Sequence[Readings]) -> Identified:
    """Return modulus and joint length fitted to readings.

    Args:
        problem: the design; the models use its modulus.
        readings: readings of network and coupons.

    Raises:
        InputError: if no positive modulus explains the readings.
    """
    drawn_length = problem.design.fabrication.joint_length_mm
    designs = (problem.material.youngs_modulus_MPa, drawn_length)
    residuals = _residuals(problem, readings)
    no_errors = np.zeros(len(readings))
    start = np.array([np.log(_best_fit_modulus(readings)), 0.0, *no_errors])
    scale = np.array([0.1, 0.1, *(no_errors + residuals.model_error)])
    low, high = (np.full(len(start), sign * np.inf) for sign in (-1.0, 1.0))
    low[1], high[1] = np.log(LENGTH_RATIOS[0]), np.log(LENGTH_RATIOS[-1])
    joint_fit = least_squares(residuals, start, bounds=(low, high), x_scale=scale)
    modulus_fit = least_squares(
        residuals.as_drawn, np.delete(start, 1), x_scale=np.delete(scale, 1)
    )
    modulus_only = _estimates(
        modulus_fit.x, np.asarray(modulus_fit.jac), modulus_fit.fun, designs[:1]
    )[0][0]
    (modulus, joint), correlation, misfit = _estimates(
        joint_fit.x, np.asarray(joint_fit.jac), joint_fit.fun, designs
    )
    at_a_limit = bool(np.isclose(joint_fit.x[1], [low[1], high[1]], atol=1e-3).any())
    identifiable = joint.identifiable and abs(correlation) <= MAX_CORRELATION and not at_a_limit
    return Identified(
        modulus_MPa=modulus if identifiable else modulus_only,
        joint_length_mm=replace(
            joint, identifiable=identifiable, value=joint.value if identifiable else drawn_length
        ),
        correlation=correlation,
        misfit=misfit,
        n_readings=sum(len(reading.values_mm) for reading in readings),
        joint_fixed=not identifiable,
        with_drawn_joints_MPa=modulus_only,
        drawn_joint_mm=drawn_length,
        at_a_limit=at_a_limit,
    )


def _best_fit_modulus(readings: Sequence[Readings]) -> float:
    """Return the best-fit factor on the modulus for models with drawn joints.

    Raises:
        InputError: if no positive modulus explains the readings.
    """
    values = np.concatenate([reading.values_mm for reading in readings])
    predicted = np.hstack([reading.predicted_mm for reading in readings])[LENGTH_RATIOS.index(1.0)]
    product = float(predicted @ values)
    if not product > 0:
        given = "no modulus: readings opposite to the weights"
        names = " and ".join(dict.fromkeys(reading.name for reading in readings))
        raise InputError(names, given, "displacements and elongations along the weights")
    factor = float(predicted @ predicted) / product
    return float(np.clip(factor, 0.01, 100))


def _estimates(
    logarithms: FloatArray, jacobian: FloatArray, residuals: FloatArray, designs: tuple[float, ...]
) -> tuple[list[Estimate], float, float]:
    """Return estimates with intervals, the correlation of their errors, and the misfit.

    Parameters beyond those in `designs` are errors of models, which contribute to the intervals.
    """
    n_free = max(len(residuals) - len(logarithms), 1)
    misfit = float(np.sqrt((residuals**2).sum() / n_free))
    # A misfit above 1 widens the intervals; a misfit below 1 does not narrow them.
    full_covariance = np.linalg.pinv(jacobian.T @ jacobian) * max(misfit, 1.0) ** 2
    covariance = full_covariance[: len(designs), : len(designs)]
    # A parameter without effect on the readings is unknown, not exactly known.
    sensitivities = np.linalg.norm(jacobian, axis=0)[: len(designs)]
    sds = np.where(
        sensitivities > MIN_SENSITIVITY_SHARE * sensitivities.max(),
        np.sqrt(np.diag(covariance)),
        np.inf,
    )
    student_t = float(stats.t.ppf(0.975, n_free))
    estimates = []
    for logarithm, sd, design in zip(logarithms.tolist(), sds.tolist(), designs, strict=False):
        value, half_log = design * np.exp(logarithm), min(student_t * sd, 50.0)
        estimates.append(
            Estimate(
                value=float(value),
                sd=float(value * sd),
                low=float(value * np.exp(-half_log)),
                high=float(value * np.exp(half_log)),
                identifiable=bool(half_log <= MAX_HALF_WIDTH),
            )
        )
    known = len(sds) > 1 and 0 < np.prod(sds) < np.inf
    correlation = float(covariance[0, 1] / np.prod(sds)) if known else 0.0
    return estimates, correlation, misfit
