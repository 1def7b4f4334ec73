"""Tolerance study: the metric of print samples, by the bar model with random print errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.io.short_repr import short_repr
from mnnfab.model.joints import edge_sensitivity
from mnnfab.model.model import PortModel
from mnnfab.model.response import Response
from mnnfab.task.task import ScoredTask, Task
from mnnfab.tolerance.print_errors import PrintErrors
from mnnfab.tolerance.print_sample import AsDrawnBars, PrintSample, draw_prints


@dataclass(frozen=True, eq=False)
class ToleranceStudy:
    """Results of a tolerance study.

    Args:
        errors: print errors.
        nominal: primary metric with nominal values.
        metrics: primary metric of every print sample, (n_prints,).
        print_yield: fraction of the print samples that are not worse than the nominal part by more
            than the allowed loss, and better than the constant prediction.
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
    metrics, good = np.empty(count), 0
    nominal = response.outputs(task.applied_loads(response))
    sums, squares = np.zeros_like(nominal), np.zeros_like(nominal)
    samples = draw_prints(printed, errors, task.loads_N.shape, count, seed)
    for number, sample in enumerate(samples):
        model, loads = _loaded_print(printed, task, sample)
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


def _loaded_print(
    printed: AsDrawnBars, task: Task, sample: PrintSample
) -> tuple[PortModel, FloatArray]:
    """Return the model of one print sample, and its loads, (n_samples, n_in) N."""
    model = printed.model.response(printed.stiffness * sample.bonds * sample.part)
    loads = task.loads_N + sample.load_errors_N
    return model, replace(task, loads_N=loads).applied_loads(model)


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
