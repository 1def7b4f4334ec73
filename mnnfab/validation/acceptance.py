"""Acceptance criteria: agreement of continuum and bar model, and the metric by the continuum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mnnfab.arrays import FloatArray
from mnnfab.design.check_section import CheckSection
from mnnfab.findings import Finding, Severity, check_limit
from mnnfab.model.agreement import Agreement, relative_difference
from mnnfab.model.model import Model, PortModel, ScaledOutputs
from mnnfab.network.network import Network
from mnnfab.problem.problem import PortProblem
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
    """Return a finding for each acceptance criterion of the [check] section.

    Args:
        task: task of the design.
        network: network of the design.
        bar: bar model, the reference.
        continuum: continuum model.
        agreement: agreement of both models.
        limits: limits of the section.
        corrected: True if `bar` is calibrated by a continuum model, so that its best-fit scale
            is included.
    """
    label = "calibrated bar model" if corrected else "bar model"
    agreement_findings = [
        check_limit(
            "displacement-residual",
            "outputs",
            f"residual after best-fit scaling of the flexibility matrix ({label})",
            agreement.displacement_residual,
            limits.agreement_limit("max_displacement_residual"),
        ),
        check_limit(
            "elongation-residual",
            "bonds",
            f"residual after best-fit scaling of the bond elongations ({label})",
            agreement.elongation_residual,
            limits.agreement_limit("max_elongation_residual"),
        ),
        _check_scale(agreement.scale, limits.agreement_limit("max_scale"), label),
        _check_strain(task, network, continuum, limits.agreement_limit("max_bond_strain")),
    ]
    findings = [
        _advisory(limits, key, finding)
        for key, finding in zip(_AGREEMENT_KEYS, agreement_findings, strict=True)
    ]
    if task.primary_metric is not None and task.has_targets:
        found = task.metrics(continuum)
        factor = None if corrected else agreement.scale
        drop = _check_metric(task, task.primary_metric, bar, continuum, factor, limits)
        findings.append(_advisory(limits, "max_metric_drop", drop))
        findings.append(_check_baseline(task.primary_metric, found))
    return findings


def done_by_large_displacements(acceptance: list[Finding]) -> list[Finding]:
    """Return the findings of a loaded part that meets its requirement as it is read.

    The requirement includes the constant prediction. Where the linear continuum model does not
    beat it, large displacements do the task: a warning.
    """
    return [
        replace(one, severity="warning", message=f"{one.message}; only large displacements do it")
        if one.code == "use" and one.severity == "error"
        else one
        for one in acceptance
    ]


#: Keys of the limits of linear agreement, in the order of their findings.
_AGREEMENT_KEYS = (
    "max_displacement_residual",
    "max_elongation_residual",
    "max_scale",
    "max_bond_strain",
)


def _advisory(limits: CheckSection, key: str, finding: Finding) -> Finding:
    """Return a warning in place of an error if the design does not set the limit.

    The verdict is that of the loaded part; agreement of linear models is information.
    """
    if getattr(limits, key) is not None or finding.severity != "error":
        return finding
    message = finding.message.replace(", limit ", ", recommended at most ")
    return replace(finding, severity="warning", message=message)


def check_compensation(
    problem: PortProblem, predicted: PortModel, continuum: PortModel
) -> list[Finding]:
    """Return a finding on the prediction of a calibrated bar model; none without calibration."""
    section = problem.design.compensate
    if section is None or problem.surrogate.correction is None:
        return []
    difference = relative_difference(continuum, predicted, problem.task.single_loads)
    what = "difference of the flexibility matrices of calibrated bar model and continuum model"
    return [check_limit("prediction", "outputs", what, difference, section.tolerance, ".3%")]


def bond_strains(network: Network, model: Model, loads_N: FloatArray) -> FloatArray:
    """Return the strain of each bond, its elongation over its length, (n_samples, n_bonds)."""
    return model.solve(loads_N).elongations_mm / network.lengths


def _check_strain(task: Task, network: Network, continuum: Model, limit: float) -> Finding:
    strains = np.abs(bond_strains(network, continuum, task.loads_N)).max(axis=0)
    worst = int(strains.argmax())
    return check_limit(
        "bond-strain", network.bond_name(worst), "largest bond strain", strains[worst], limit
    )


def _check_scale(scale: float, limit: float, label: str) -> Finding:
    within = 1 / limit <= scale <= limit
    message = (
        f"best-fit scale of the continuum model over the {label} {scale:.3f}, "
        f"allowed {1 / limit:.2f} to {limit:.2f}"
    )
    return Finding("scale", "info" if within else "error", "outputs", message)


def _check_metric(
    task: Task,
    primary_metric: PrimaryMetric,
    bar: Model,
    continuum: Model,
    factor: float | None,
    limits: CheckSection,
) -> Finding:
    reference, found = task.metrics(bar), task.metrics(continuum)
    name, value = primary_metric.label, primary_metric.of(found)
    label = "calibrated bar model" if factor is None else "bar model"
    message = f"{name} {primary_metric.of(reference):.4f} ({label}), {value:.4f} (continuum model)"
    scaled = primary_metric.of(task.metrics(ScaledOutputs(continuum, 1 / (factor or 1.0))))
    if abs(scaled - value) > 1e-9:  # the metric depends on the magnitude of the displacements
        message += f", {scaled:.4f} after division by the best-fit scale {factor:.3f}"
    drop = round(primary_metric.degradation(reference, found), 9) + 0.0  # no "-0.0000"
    limit = limits.agreement_limit("max_metric_drop")
    if task.bands is not None and limits.max_metric_drop is None:  # what the targets leave
        limit = max(limits.max_target_deviation - primary_metric.of(reference), limit)
    return check_limit(
        "metric-drop",
        "task",
        f"{message}; degradation",
        drop,
        limit,
        ".4f",
    )


def _check_baseline(primary_metric: PrimaryMetric, found: Metrics) -> Finding:
    """Return a finding, an error if the metric does not beat the constant-prediction baseline."""
    baseline = primary_metric.baseline
    value = f"{primary_metric.label} {primary_metric.of(found):.4f} (continuum model)"
    margin = f", margin of chance {baseline.chance_margin:.4f}" if baseline.chance_margin else ""
    message = f"{value}; constant-prediction baseline {baseline.value:.4f}{margin}"
    severity: Severity = "info" if primary_metric.beats_baseline(found) else "error"
    return Finding("use", severity, "task", message)
