"""Tolerance study: the metric of print samples, by the bar model with random print errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.fabrication import Fabrication
from mnnfab.io.short_repr import short_repr
from mnnfab.model.bars import BarModel
from mnnfab.model.joints import edge_sensitivity, series_integral
from mnnfab.model.model import PortModel
from mnnfab.model.response import Response
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.task import ScoredTask, Task
from mnnfab.tolerance.print_errors import MIN_FACTOR, PrintErrors


@dataclass(frozen=True, eq=False)
class AsDrawnBars:
    """The bar model with nominal widths, from which print samples are drawn.

    Args:
        model: bar model, calibrated or not.
        widths_mm: nominal widths, (n_bonds,).
        stiffness: nominal stiffnesses, (n_bonds,) N/mm.
        fabrication: joints and tapers.
    """

    model: BarModel
    widths_mm: FloatArray
    stiffness: FloatArray
    fabrication: Fabrication


@dataclass(frozen=True, eq=False)
class ToleranceStudy:
    """Results of a tolerance study.

    Args:
        errors: print errors.
        nominal: primary metric with nominal values.
        metrics: primary metric of every print sample, (n_prints,).
        print_yield: estimated print yield, the fraction of the print samples that meet the
            acceptance criteria of the task.
        output_sd_mm: standard deviation of each output over the print samples, root mean square
            over the data samples, (n_out,).
        output_sd_first_order_mm: the same to first order, from the gradient, (n_out,).
        bond_shares: share of each bond in the first-order variance by width errors, (n_bonds,).
    """

    errors: PrintErrors
    nominal: float
    metrics: FloatArray
    print_yield: float
    output_sd_mm: FloatArray
    output_sd_first_order_mm: FloatArray
    bond_shares: FloatArray

    __repr__ = short_repr

    def worst_bonds(self, count: int = 3) -> list[int]:
        """Return the bonds with the largest shares in the variance, in descending order.

        Shares that are equal up to rounding errors, as of mirrored bonds, keep the bonds' order.
        """
        order: list[int] = np.argsort(-self.bond_shares.round(9), kind="stable")[:count].tolist()
        return order


def study_tolerance(
    printed: AsDrawnBars,
    task: ScoredTask,
    errors: PrintErrors,
    count: int,
    limits: tuple[float, float],
    seed: int,
) -> ToleranceStudy:
    """Evaluate the task for print samples with random errors.

    Args:
        printed: bar model with nominal widths.
        task: a task with a primary metric.
        errors: print errors.
        count: number of print samples.
        limits: reference of the primary metric, and the largest allowed loss relative to it.
        seed: seed of the random numbers.
    """
    primary_metric, (reference, drop) = task.primary_metric, limits
    response = printed.model.response(printed.stiffness)
    generator = random_generator(seed, Stream.TOLERANCE_STUDY)
    metrics, good = np.empty(count), 0
    nominal = response.outputs(task.applied_loads(response))
    sums, squares = np.zeros_like(nominal), np.zeros_like(nominal)
    for number in range(count):
        model, loads = _draw(printed, task, errors, generator)
        found = replace(task, loads_N=loads, exact_loads_N=None).metrics(model)
        metrics[number] = primary_metric.of(found)
        meets = primary_metric.worse_by(reference, metrics[number]) <= drop
        good += meets and primary_metric.beats_baseline(found)
        off = model.outputs(loads) - nominal  # small differences avoid cancellation in the variance
        sums, squares = sums + off, squares + off**2
    first_order, shares = _first_order(printed, task, errors, response)
    return ToleranceStudy(
        errors=errors,
        nominal=primary_metric.of(task.metrics(response)),
        metrics=metrics,
        print_yield=good / count,
        output_sd_mm=np.sqrt((squares / count - (sums / count) ** 2).mean(axis=0)),
        output_sd_first_order_mm=first_order,
        bond_shares=shares,
    )


def _draw(
    printed: AsDrawnBars, task: Task, errors: PrintErrors, generator: np.random.Generator
) -> tuple[PortModel, FloatArray]:
    """Return the model of one print sample, and its loads, (n_samples, n_in) N."""
    model = printed.model.response(sample_stiffness(printed, errors, generator))
    noise = errors.load_N * generator.standard_normal(task.loads_N.shape)
    return model, replace(task, loads_N=task.loads_N + noise).applied_loads(model)


def sample_stiffness(
    printed: AsDrawnBars, errors: PrintErrors, generator: np.random.Generator
) -> FloatArray:
    """Return the stiffness of each bond of one print sample, (n_bonds,) N/mm."""
    widths, lengths = printed.widths_mm, printed.model.network.lengths
    edges = errors.width_mm * generator.standard_normal(len(widths))
    ratio = printed.fabrication.joint_ratio
    edges = np.maximum(edges, (MIN_FACTOR - 1) * ratio * widths)
    nominal, real = (
        series_integral(widths, lengths, printed.fabrication, error) for error in (0.0, edges)
    )
    common = _factor(errors.modulus, generator) * _factor(errors.thickness, generator)
    stiffness: FloatArray = printed.stiffness * nominal / real * common
    return stiffness


def _factor(spread: float, generator: np.random.Generator) -> float:
    """Return a random factor about 1, at least 0.1."""
    return max(1.0 + spread * float(generator.standard_normal()), MIN_FACTOR)


def _first_order(
    printed: AsDrawnBars, task: Task, errors: PrintErrors, response: Response
) -> tuple[FloatArray, FloatArray]:
    """Return first-order standard deviations of the outputs, (n_out,) mm, and the bond shares."""
    widths, lengths = printed.widths_mm, printed.model.network.lengths
    weight = edge_sensitivity(widths, lengths, printed.fabrication)
    per_edge = printed.stiffness * weight / widths * errors.width_mm
    # du_o = -Σ_b A_bo (E_b f) dk_b, with the mean square over the samples.
    pulled = np.square(response.elongations @ task.loads_N.T).mean(axis=1)
    of_bonds = np.square(per_edge[:, None] * response.adjoint_elongations) * pulled[:, None]
    common = errors.modulus**2 + errors.thickness**2
    of_part = common * np.square(response.outputs(task.loads_N)).mean(axis=0)
    of_loads = errors.load_N**2 * np.square(response.flexibility).sum(axis=1)
    total = float(of_bonds.sum())
    shares = of_bonds.sum(axis=1) / total if total else np.zeros(len(widths))
    return np.sqrt(of_bonds.sum(axis=0) + of_part + of_loads), shares
