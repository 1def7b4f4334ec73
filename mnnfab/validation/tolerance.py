"""The tolerance study as a stage: prints of a design drawn on its bars, and what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, Severity
from mnnfab.task.task import is_scored
from mnnfab.tolerance.study import AsDrawnBars, ToleranceStudy, study_tolerance
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.problem.problem import Problem
    from mnnfab.task.task import Task

#: Fewer prints than this share that meet the gate are a matter for a warning.
LIKELY = 0.9
#: Beyond this many bonds a thousand prints take minutes.
MOST_BONDS = 5000


def study_print_samples(
    problem: Problem, task: Task, widths_mm: FloatArray
) -> ToleranceStudy | None:
    """Return what prints of these widths come to; none without a metric, or if it is not wanted."""
    section = problem.design.tolerance
    too_large = problem.network.n_bonds > MOST_BONDS
    if not section.enabled or not is_scored(task) or too_large:
        return None
    model, stiffness = problem.bar_model(task), problem.law.stiffness(widths_mm)
    wanted = task.primary_metric.of(task.metrics(model.response(stiffness)))
    return study_tolerance(
        AsDrawnBars(model, widths_mm, stiffness, problem.as_measured.design.fabrication),
        task,
        problem.print_errors,
        section.samples,
        (wanted, problem.design.check.max_metric_drop),
        problem.design.schedule.seed,
    )


def check_print_samples(
    problem: Problem, task: Task, study: ToleranceStudy | None
) -> list[Finding]:
    """Return what the study says, in words."""
    if problem.design.tolerance.enabled and problem.network.n_bonds > MOST_BONDS:
        words = f"not drawn: more than {MOST_BONDS:,} bonds"
        return [Finding("prints", "info", "task", words)]
    if study is None or task.primary_metric is None:
        return []
    errors, name = study.errors, task.primary_metric.name
    low, middle, high = np.percentile(study.metrics, [5, 50, 95])
    bonds = ", ".join(problem.network.bond_name(bond) for bond in study.worst_bonds())
    severity: Severity = "info" if study.chance >= LIKELY else "warning"
    words = (
        f"{name} {study.drawn:.4f} as drawn; {len(study.metrics):,} prints with errors of "
        f"±{errors.width_mm:g} mm of width, ±{errors.thickness:.1%} of thickness, "
        f"±{errors.modulus:.0%} of modulus and ±{errors.load_N / NEWTON_PER_GF:g} gf of load "
        f"(standard deviations) have {middle:.4f} in the median, {low:.4f} to {high:.4f} nine "
        f"times in ten; {study.chance:.0%} of them keep the task within max_metric_drop"
    )
    return [
        Finding("prints", severity, "task", words, None, study.chance, LIKELY),
        Finding("worst-bonds", "info", bonds, _shares(study)),
    ]


def _shares(study: ToleranceStudy) -> str:
    shares = ", ".join(f"{study.bond_shares[bond]:.0%}" for bond in study.worst_bonds())
    return f"their widths have the largest shares in the variance of the outputs: {shares}"
