"""The gate: does the continuum still do what was trained on bars?"""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.check_section import CheckSection
from mnnfab.findings import Finding, Severity, check_limit
from mnnfab.model.agreement import Agreement
from mnnfab.model.model import Model, ScaledOutputs
from mnnfab.model.response import Response
from mnnfab.model.surrogate import relative_difference
from mnnfab.network.network import Network
from mnnfab.problem.problem import Problem
from mnnfab.task.metrics import Metrics, PrimaryMetric
from mnnfab.task.task import Task


def check_continuum(
    task: Task,
    network: Network,
    bar: Model,
    continuum: Model,
    agreement: Agreement,
    limits: CheckSection,
    *,
    corrected: bool = False,
) -> list[Finding]:
    """Return a finding for each limit of the design's [check] section.

    Args:
        task: what it is for.
        network: its bonds.
        bar: response of the bars that the continuum should do as well as.
        continuum: its response.
        agreement: of these two.
        limits: the section.
        corrected: whether `bar` was corrected by a continuum, so that no factor is left.
    """
    findings = [
        check_limit(
            "displacement-residual",
            "outputs",
            "left of the flexibility's pattern after one factor",
            agreement.displacement_residual,
            limits.max_displacement_residual,
        ),
        check_limit(
            "elongation-residual",
            "bonds",
            "left of the elongations' pattern after one factor",
            agreement.elongation_residual,
            limits.max_elongation_residual,
        ),
        _check_scale(agreement.scale, limits.max_scale),
        _check_strain(task, network, continuum, limits.max_bond_strain),
    ]
    if task.primary_metric is not None:
        found = task.metrics(continuum)
        factor = None if corrected else agreement.scale
        findings.append(_check_metric(task, task.primary_metric, bar, continuum, factor, limits))
        findings.append(_check_baseline(task.primary_metric, found))
    return findings


def check_compensation(problem: Problem, predicted: Response, continuum: Response) -> list[Finding]:
    """Return whether corrected bars predict the continuum, if the design has them corrected."""
    section = problem.design.compensate
    if section is None or problem.surrogate.correction is None:
        return []
    difference = relative_difference(predicted.flexibility, continuum.flexibility)
    words = "the corrected bars predict the continuum's flexibility but for"
    return [check_limit("prediction", "outputs", words, difference, section.tolerance, ".3%")]


def bond_strains(network: Network, model: Model, loads_N: FloatArray) -> FloatArray:
    """Return the elongation of each bond over its length, (n_samples, n_bonds)."""
    return model.solve(loads_N).elongations_mm / network.lengths


def _check_strain(task: Task, network: Network, continuum: Model, limit: float) -> Finding:
    strains = np.abs(bond_strains(network, continuum, task.loads_N)).max(axis=0)
    worst = int(strains.argmax())
    return check_limit(
        "bond-strain", network.bond_name(worst), "largest bond strain", strains[worst], limit
    )


def _check_scale(scale: float, limit: float) -> Finding:
    within = 1 / limit <= scale <= limit
    words = f"the continuum moves {scale:.3f} times as far as the bars"
    allowed = f"allowed {1 / limit:.2f} to {limit:.2f}"
    return Finding("scale", "info" if within else "error", "outputs", f"{words}, {allowed}")


def _check_metric(
    task: Task,
    primary_metric: PrimaryMetric,
    bar: Model,
    continuum: Model,
    factor: float | None,
    limits: CheckSection,
) -> Finding:
    reference, found = task.metrics(bar), task.metrics(continuum)
    name, value = primary_metric.name, primary_metric.of(found)
    bars = "corrected bars" if factor is None else "bars"
    words = f"{name} {primary_metric.of(reference):.4f} on {bars}, {value:.4f} on the continuum"
    scaled = primary_metric.of(task.metrics(ScaledOutputs(continuum, 1 / (factor or 1.0))))
    if abs(scaled - value) > 1e-9:  # a task that minds the size of the displacements
        words += f" ({scaled:.4f} without the common factor {factor:.3f})"
    drop = round(primary_metric.degradation(reference, found), 9) + 0.0  # no "-0.0000"
    return check_limit(
        "metric-drop", "task", f"{words}: worse by", drop, limits.max_metric_drop, ".4f"
    )


def _check_baseline(primary_metric: PrimaryMetric, found: Metrics) -> Finding:
    """A network that answers no better than one that ignores the loads is of no use."""
    baseline = primary_metric.baseline
    words = f"{primary_metric.name} {primary_metric.of(found):.4f} on the continuum"
    chance_margin = f", by luck {baseline.chance_margin:.4f} more" if baseline.chance_margin else ""
    nothing = f"an answer that ignores the loads has {baseline.value:.4f}{chance_margin}"
    severity: Severity = "info" if primary_metric.beats_baseline(found) else "error"
    return Finding("use", severity, "task", f"{words}; {nothing}")
