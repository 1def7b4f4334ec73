"""Tolerance study of a design: print samples by its bar model, and the findings on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, Severity, not_computed
from mnnfab.problem.problem import is_trainable
from mnnfab.task.task import is_scored
from mnnfab.tolerance.study import AsDrawnBars, ToleranceStudy, study_tolerance
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.problem.problem import PortProblem

#: Estimated print yield below which a warning is given.
MIN_YIELD = 0.9
#: Largest number of bonds for which print samples are drawn; a thousand take minutes beyond it.
MAX_BONDS = 5000


def study_print_samples(problem: PortProblem, widths_mm: FloatArray) -> ToleranceStudy | None:
    """Return the tolerance study of widths; None without a metric, if disabled or if too large."""
    section, task = problem.design.tolerance, problem.task
    too_large = problem.network.n_bonds > MAX_BONDS
    if not section.enabled or not is_scored(task) or too_large or not task.has_targets:
        return None
    model, stiffness = problem.bar_model(), problem.law.stiffness(widths_mm)
    reference = task.primary_metric.of(task.metrics(model.response(stiffness)))
    return study_tolerance(
        AsDrawnBars(model, widths_mm, stiffness, problem.with_effective_joints.design.fabrication),
        task,
        problem.print_errors,
        section.samples,
        (reference, _allowed_drop(problem, reference)),
        problem.design.schedule.seed,
    )


def _allowed_drop(problem: PortProblem, reference: float) -> float:
    """Return by how much the metric of a print may be worse than the nominal one.

    Targets with tolerances state what a print may miss.
    """
    section = problem.design.check
    if problem.task.bands is not None:
        return section.max_target_deviation - reference
    return section.agreement_limit("max_metric_drop")


def check_print_samples(problem: PortProblem, study: ToleranceStudy | None) -> list[Finding]:
    """Return the findings of a tolerance study."""
    if problem.design.tolerance.enabled and problem.network.n_bonds > MAX_BONDS:
        message = f"print samples not drawn: more than {MAX_BONDS:,} bonds"
        return [not_computed("task", message)]
    if study is None or not is_trainable(problem):
        return []
    errors, name = study.errors, problem.task.primary_metric.label
    low, middle, high = np.percentile(study.metrics, [5, 50, 95])
    bonds = ", ".join(problem.network.bond_name(bond) for bond in study.worst_bonds())
    severity: Severity = "info" if study.print_yield >= MIN_YIELD else "warning"
    limit = "within max_metric_drop"
    if problem.task.bands is not None:
        limit = (
            f"deviations within {problem.design.check.max_target_deviation:g} times the tolerance"
        )
    message = (
        f"{name} {study.nominal:.4f} nominal; {len(study.metrics):,} print samples with standard "
        f"deviations of {errors.width_mm:g} mm in width, {errors.thickness:.1%} in thickness, "
        f"{errors.modulus:.0%} in modulus and {errors.load_N / NEWTON_PER_GF:g} gf in load: median "
        f"{middle:.4f}, 5th to 95th percentile {low:.4f} to {high:.4f}; estimated print yield "
        f"{study.print_yield:.0%} ({limit}, better than the baseline)"
    )
    if problem.task.moduli is not None:
        message += "; without the targets of effective moduli"
    return [
        Finding("prints", severity, "task", message, None, study.print_yield, MIN_YIELD),
        Finding("worst-bonds", "info", bonds, _shares(study)),
    ]


def _shares(study: ToleranceStudy) -> str:
    shares = ", ".join(f"{study.bond_shares[bond]:.0%}" for bond in study.worst_bonds())
    return f"largest shares of width errors in the variance of the outputs: {shares}"
