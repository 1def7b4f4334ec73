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
from mnnfab.lab.material.coupons import CouponReadings, coupon_flexibility, refuse_wrong_unit

if TYPE_CHECKING:
    from mnnfab.lab.measurement.measurement import Measurement
    from mnnfab.printed_part.part import PortPart
    from mnnfab.problem.problem import Problem, TaskT
    from mnnfab.progress.watcher import StageTimer

#: Joint lengths of the models, as shares of the drawn length.
SHARES = (0.7, 0.85, 1.0, 1.2, 1.45)
#: Discretisation tolerance of the models.
MESHES = 2e-4
#: Largest relative half-width of the 95 % interval of an identifiable parameter.
TOLD = 0.25
#: A parameter has no effect if its sensitivity is below this share of the largest one.
UNMOVED = 1e-4
#: Largest correlation of errors at which both parameters are identifiable: above it, a model error
#: of a thousandth would change both by a tenth.
MOST_ALIKE = 0.98


@dataclass(frozen=True, eq=False)
class Readings:
    """Measured values of one kind, with the predictions of models with several joint lengths.

    Args:
        name: name of the source.
        values_mm: (n,).
        covariance_mm2: covariance of their errors, (n, n).
        foreseen_mm: predictions with the design's modulus, (n_lengths, n).
    """

    name: str
    values_mm: FloatArray
    covariance_mm2: FloatArray
    foreseen_mm: FloatArray


@dataclass(frozen=True)
class Estimate:
    """Estimate of a parameter.

    Args:
        value: estimated value.
        sd: standard deviation.
        low: lower end of its 95 % interval.
        high: upper end.
        told: True if it is identifiable from the data.
    """

    value: float
    sd: float
    low: float
    high: float
    told: bool


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
    return np.array(SHARES) * problem.design.fabrication.joint_length_mm


def with_joints(problem: Problem[TaskT], length_mm: float) -> Problem[TaskT]:
    """Return a problem with another joint length and a fine discretisation tolerance.

    Otherwise discretisation errors would bias the joint length.
    """
    tolerance = min(problem.design.check.discretisation_tolerance, MESHES)
    check = problem.design.check.model_copy(update={"discretisation_tolerance": tolerance})
    fabrication = problem.design.fabrication.model_copy(update={"joint_length_mm": length_mm})
    plain = problem.material.model_copy(update={"joint_length_excess_mm": 0.0})
    changed = {"fabrication": fabrication, "check": check}
    design = problem.design.model_copy(update=changed)
    return replace(problem, design=design, material=plain)


def network_readings(part: PortPart, measurement: Measurement) -> Readings:
    """Return the displacements of all free joints and those predicted by the models.

    Args:
        part: the part.
        measurement: its measurement.
    """
    from mnnfab.lab.analysis.prediction import continuum_fields

    problem = part.problem
    free = problem.network.free_dofs
    foreseen = []
    for length in lengths_of(problem).tolist():
        other = replace(part, problem=with_joints(problem, length))
        fields = continuum_fields(other.continuum)
        moved = fields.moved_mm(problem.task, measurement.steps)
        foreseen.append(moved.reshape(len(moved), -1)[:, free].ravel())
    moved = measurement.moved_mm.reshape(len(measurement.steps), -1)[:, free]
    covariance = measurement.covariance_mm2(free)
    return Readings("network", moved.ravel(), covariance, np.array(foreseen))


def coupon_readings(
    where: str, problem: Problem, pulls: CouponReadings, timer: StageTimer
) -> Readings:
    """Return the elongations of a coupon and those predicted by the models.

    If no noise is stated, it is estimated from the scatter of the readings about a straight line.

    Raises:
        InputError: if there are too few readings to estimate the noise.
    """
    with timer.stage(f"coupon, {pulls.kind}"):
        unit = np.array(
            [
                coupon_flexibility(with_joints(problem, length), pulls.kind)
                for length in lengths_of(problem).tolist()
            ]
        )
    refuse_wrong_unit(where, pulls, float(unit[SHARES.index(1.0)]))
    sd = np.where(np.isnan(pulls.sd_mm), _scatter(where, pulls), pulls.sd_mm)
    foreseen = np.outer(unit, pulls.loads_N)
    return Readings(f"coupon {pulls.kind}", pulls.elongations_mm, np.diag(sd**2), foreseen)


def _scatter(where: str, pulls: CouponReadings) -> float:
    if not np.isnan(pulls.sd_mm).any():
        return 0.0
    loads, stretched = pulls.loads_N, pulls.elongations_mm
    if len(loads) < 3:
        given = f"{len(loads)} readings of the {pulls.kind} without sd_mm"
        raise InputError(where, given, "three readings or more, or a column sd_mm")
    slope = float(loads @ stretched / (loads @ loads))
    scatter = float(np.sqrt(((stretched - slope * loads) ** 2).sum() / (len(loads) - 1)))
    return max(scatter, 1e-6)


@dataclass(frozen=True, eq=False)
class _Left:
    """Whitened residuals of the readings as a function of the parameters.

    Parameters are ln E/E_design, ln ℓ/ℓ_drawn and one error per model: the discretisation error, a
    factor common to all readings of one model.

    Args:
        readings: all readings.
        powers: coefficients in powers of the joint length over the drawn one, (n_lengths, n) mm: an
            interpolating polynomial for each reading.
        roots: Cholesky factors of the covariances of the readings.
        meshes: standard deviation of the error of a model.
    """

    readings: Sequence[Readings]
    powers: FloatArray
    roots: Sequence[FloatArray]
    meshes: float

    def __call__(self, parameters: FloatArray) -> FloatArray:
        """Return the whitened residuals, followed by those of the model errors."""
        softening, lengthening, errors = parameters[0], parameters[1], parameters[2:]
        moved = np.exp(lengthening) ** np.arange(len(self.powers)) @ self.powers
        parts, begin = [], 0
        for one, root, error in zip(self.readings, self.roots, errors, strict=True):
            end = begin + len(one.values_mm)
            left = moved[begin:end] * (1 + error) / np.exp(softening) - one.values_mm
            parts.append(frozen_floats(solve_triangular(root, left, lower=True)))
            begin = end
        return np.concatenate([*parts, errors / self.meshes])

    def as_drawn(self, parameters: FloatArray) -> FloatArray:
        """Return the residuals with the joint length fixed as drawn."""
        return self(np.insert(parameters, 1, 0.0))


def _left(problem: Problem, readings: Sequence[Readings]) -> _Left:
    shares = lengths_of(problem) / problem.design.fabrication.joint_length_mm
    foreseen = np.hstack([one.foreseen_mm for one in readings])
    return _Left(
        readings=readings,
        powers=frozen_floats(np.linalg.solve(np.vander(shares, increasing=True), foreseen)),
        roots=[frozen_floats(np.linalg.cholesky(one.covariance_mm2)) for one in readings],
        meshes=min(problem.design.check.discretisation_tolerance, MESHES),
    )


def identify(problem: Problem, readings: Sequence[Readings]) -> Identified:
    """Return modulus and joint length fitted to readings.

    Args:
        problem: the design; the models use its modulus.
        readings: readings of network and coupons.
    """
    drawn = problem.design.fabrication.joint_length_mm
    designs = (problem.material.youngs_modulus_MPa, drawn)
    left = _left(problem, readings)
    nothing = np.zeros(len(readings))
    start = np.array([np.log(_softest(readings)), 0.0, *nothing])
    scale = np.array([0.1, 0.1, *(nothing + left.meshes)])
    low, high = (np.full(len(start), sign * np.inf) for sign in (-1.0, 1.0))
    low[1], high[1] = np.log(SHARES[0]), np.log(SHARES[-1])
    both = least_squares(left, start, bounds=(low, high), x_scale=scale)
    one = least_squares(left.as_drawn, np.delete(start, 1), x_scale=np.delete(scale, 1))
    alone = _estimates(one.x, np.asarray(one.jac), one.fun, designs[:1])[0][0]
    (modulus, joint), correlation, misfit = _estimates(
        both.x, np.asarray(both.jac), both.fun, designs
    )
    at_a_limit = bool(np.isclose(both.x[1], [low[1], high[1]], atol=1e-3).any())
    told = joint.told and abs(correlation) <= MOST_ALIKE and not at_a_limit
    return Identified(
        modulus_MPa=modulus if told else alone,
        joint_length_mm=replace(joint, told=told, value=joint.value if told else drawn),
        correlation=correlation,
        misfit=misfit,
        n_readings=sum(len(reading.values_mm) for reading in readings),
        joint_fixed=not told,
        with_drawn_joints_MPa=alone,
        drawn_joint_mm=drawn,
        at_a_limit=at_a_limit,
    )


def _softest(readings: Sequence[Readings]) -> float:
    """Return the best-fit factor on the modulus for models with drawn joints."""
    values = np.concatenate([one.values_mm for one in readings])
    drawn = np.hstack([one.foreseen_mm for one in readings])[SHARES.index(1.0)]
    factor = float(drawn @ drawn) / max(float(drawn @ values), 1e-300)
    return float(np.clip(factor, 0.01, 100))


def _estimates(
    logarithms: FloatArray, slopes: FloatArray, left: FloatArray, designs: tuple[float, ...]
) -> tuple[list[Estimate], float, float]:
    """Return estimates with intervals, the correlation of their errors, and the misfit.

    Parameters beyond those in `designs` are errors of models, which contribute to the intervals.
    """
    n_free = max(len(left) - len(logarithms), 1)
    misfit = float(np.sqrt((left**2).sum() / n_free))
    # A misfit above 1 widens the intervals; a misfit below 1 does not narrow them.
    whole = np.linalg.pinv(slopes.T @ slopes) * max(misfit, 1.0) ** 2
    covariance = whole[: len(designs), : len(designs)]
    # A parameter without effect on the readings is unknown, not exactly known.
    sizes = np.linalg.norm(slopes, axis=0)[: len(designs)]
    sds = np.where(sizes > UNMOVED * sizes.max(), np.sqrt(np.diag(covariance)), np.inf)
    times = float(stats.t.ppf(0.975, n_free))
    found = []
    for logarithm, sd, design in zip(logarithms.tolist(), sds.tolist(), designs, strict=False):
        value, half = design * np.exp(logarithm), min(times * sd, 50.0)
        found.append(
            Estimate(
                value=float(value),
                sd=float(value * sd),
                low=float(value * np.exp(-half)),
                high=float(value * np.exp(half)),
                told=bool(half <= TOLD),
            )
        )
    known = len(sds) > 1 and 0 < np.prod(sds) < np.inf
    correlation = float(covariance[0, 1] / np.prod(sds)) if known else 0.0
    return found, correlation, misfit
