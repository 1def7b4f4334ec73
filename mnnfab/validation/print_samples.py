"""Tolerance study of a design: print samples, and the findings on them.

Print samples are drawn on the bar model, which tells the effect of each bond. The first of them are
also solved with large displacements, under the loads and as they are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, Severity, not_computed
from mnnfab.problem.problem import is_trainable
from mnnfab.task.task import is_scored
from mnnfab.tolerance.print_sample import AsDrawnBars, draw_prints
from mnnfab.tolerance.study import ToleranceStudy, study_tolerance
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mnnfab.arrays import FloatArray
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.problem.problem import PortProblem, TrainableProblem
    from mnnfab.tolerance.print_errors import PrintErrors
    from mnnfab.tolerance.print_sample import PrintSample

#: Estimated print yield below which a warning is given.
MIN_YIELD = 0.9
#: Largest number of bonds for which print samples are drawn; a thousand take minutes beyond it.
MAX_BONDS = 5000
#: Largest number of print samples that are solved under the loads.
MAX_LOADED = 200
#: Largest number of bonds times samples times print samples under the loads: a few seconds.
MAX_LOADED_SIZE = 400_000
#: Smallest number of print samples under the loads, if the design asks for as many.
MIN_LOADED = 20


def study_print_samples(problem: PortProblem, widths_mm: FloatArray) -> ToleranceStudy | None:
    """Return the tolerance study of widths; None without a metric, if disabled or if too large."""
    section, task = problem.design.tolerance, problem.task
    too_large = problem.network.n_bonds > MAX_BONDS
    if not section.enabled or not is_scored(task) or too_large or not task.has_targets:
        return None
    printed = as_drawn(problem, widths_mm)
    reference = task.primary_metric.of(task.metrics(printed.model.response(printed.stiffness)))
    return study_tolerance(
        printed,
        task,
        problem.print_errors,
        section.samples,
        (reference, _allowed_drop(problem, reference)),
        problem.design.schedule.seed,
    )


def load_print_samples(
    problem: PortProblem, widths_mm: FloatArray, loaded: LoadedPart | None
) -> LoadedPrints | None:
    """Return the print samples under the loads; None where they are not evaluated.

    That is without an assessment of the nominal part or a limit of its metric, if the loads are
    reactions, which differ with every print, if the study is disabled, and for large tasks.
    """
    task = problem.task
    if loaded is None or task.prescribed is not None or not is_scored(task):
        return None
    from mnnfab.loaded_part.prints import PrintSet, load_prints

    samples = samples_under_loads(problem, widths_mm, problem.print_errors)
    prints = PrintSet(widths_mm, samples, loaded.frame_offsets_mm)
    return load_prints(loaded.frame, task, loaded.requirements, prints)


def samples_under_loads(
    problem: PortProblem, widths_mm: FloatArray, errors: PrintErrors
) -> Iterator[PrintSample]:
    """Return the print samples that are solved under the loads; none for large tasks.

    Args:
        problem: problem of the design.
        widths_mm: nominal widths, (n_bonds,).
        errors: standard deviations of the errors.
    """
    shape, seed = problem.task.loads_N.shape, problem.design.schedule.seed
    count = _count_under_loads(problem)
    return draw_prints(as_drawn(problem, widths_mm), errors, shape, count, seed)


def as_drawn(problem: PortProblem, widths_mm: FloatArray) -> AsDrawnBars:
    """Return the bars with nominal widths, (n_bonds,) mm, from which prints are drawn."""
    fabrication = problem.with_effective_joints.design.fabrication
    stiffness = problem.law.stiffness(widths_mm)
    return AsDrawnBars(problem.bar_model(), widths_mm, stiffness, fabrication)


def _count_under_loads(problem: PortProblem) -> int:
    """Return the number of print samples under the loads; 0 if they are not evaluated."""
    section = problem.design.tolerance
    size = problem.network.n_bonds * max(len(problem.task.loads_N), 1)
    count = min(section.samples, MAX_LOADED, MAX_LOADED_SIZE // size)
    enough = min(section.samples, MIN_LOADED)
    if not section.enabled or problem.network.n_bonds > MAX_BONDS:
        return 0
    if count < enough and not problem.design.check.thorough:
        return 0
    return max(count, enough)


def _allowed_drop(problem: PortProblem, reference: float) -> float:
    """Return by how much the metric of a print may be worse than the nominal one.

    Targets with tolerances state what a print may miss.
    """
    section = problem.design.check
    if problem.task.bands is not None:
        return section.max_target_deviation - reference
    return section.agreement_limit("max_metric_drop")


def check_print_samples(
    problem: PortProblem, study: ToleranceStudy | None, loaded: LoadedPrints | None = None
) -> list[Finding]:
    """Return the findings of a tolerance study, and of its prints under the loads."""
    if problem.design.tolerance.enabled and problem.network.n_bonds > MAX_BONDS:
        message = f"print samples not drawn: more than {MAX_BONDS:,} bonds"
        return [not_computed("task", message)]
    if study is None or not is_trainable(problem):
        return []
    bonds = ", ".join(problem.network.bond_name(bond) for bond in study.worst_bonds())
    found = study if loaded is None else loaded
    severity: Severity = "info" if found.print_yield >= MIN_YIELD else "warning"
    texts = [_linear(problem, study)]
    if loaded is not None:
        texts.insert(0, _under_loads(loaded))
    if problem.task.moduli is not None:
        texts.append("without the targets of effective moduli")
    message = f"{_errors(study.errors)}: {'; '.join(texts)}"
    return [
        Finding("prints", severity, "task", message, None, found.print_yield, MIN_YIELD),
        Finding("worst-bonds", "info", bonds, _shares(study)),
    ]


def _errors(errors: PrintErrors) -> str:
    return (
        f"print samples with standard deviations of {errors.width_mm:g} mm in width, "
        f"{errors.thickness:.1%} in thickness, {errors.modulus:.0%} in modulus and "
        f"{errors.load_N / NEWTON_PER_GF:g} gf in load"
    )


def _under_loads(loaded: LoadedPrints) -> str:
    low, high = loaded.interval
    sense = "at least" if loaded.higher_is_better else "at most"
    return (
        f"estimated print yield {loaded.print_yield:.0%} (95 % confidence: {low:.0%} to "
        f"{high:.0%}), the share of {len(loaded.metrics):,} prints under the loads that have a "
        f"metric as read of {sense} {loaded.limit:g} and carry all samples; "
        f"5th to 95th percentile {_range(loaded.metrics)}"
    )


def _linear(problem: TrainableProblem, study: ToleranceStudy) -> str:
    name = problem.task.primary_metric.label
    limit = "within max_metric_drop"
    if problem.task.bands is not None:
        most = problem.design.check.max_target_deviation
        limit = f"deviations within {most:g} times the tolerance"
    return (
        f"by linear theory, read exactly: {name} {study.nominal:.4f} nominal, 5th to 95th "
        f"percentile of {len(study.metrics):,} prints {_range(study.metrics)}, "
        f"{study.print_yield:.0%} of them {limit} and better than the baseline"
    )


def _range(metrics: FloatArray) -> str:
    """Return 5th and 95th percentile; a lost print has an infinite error."""
    with np.errstate(invalid="ignore"):
        low, high = np.percentile(metrics, [5, 95])
    return f"{low:.4f} to " + (f"{high:.4f}" if np.isfinite(high) else "infinity")


def _shares(study: ToleranceStudy) -> str:
    shares = ", ".join(f"{study.bond_shares[bond]:.0%}" for bond in study.worst_bonds())
    return f"largest shares of width errors in the variance of the outputs: {shares}"
