"""Attainable targets: findings before training, and a report as text for a terminal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mnnfab.arrays import IntArray
from mnnfab.findings import Finding
from mnnfab.problem.problem import PortProblem, Problem, has_ports
from mnnfab.task.metrics import metric_label
from mnnfab.task.task import Task
from mnnfab.trainable_models.modulus_loss import modulus_loss
from mnnfab.training.reachability import Reachability, Target, assess

#: Largest number of bonds for which the search runs before training; for larger networks it takes
#: longer than the training.
MAX_BONDS = 200
#: Largest number of bond names in a line of the report.
MAX_NAMES = 12


def assess_problem(problem: PortProblem) -> Reachability:
    """Return the attainable outputs and targets of a design."""
    trainable = replace(problem.trainable(), width_loss=modulus_loss(problem))
    return assess(trainable, problem.width_limits_mm, problem.design.check.resolution_mm)


def attainability_findings_before_training(problem: Problem) -> tuple[Finding, ...]:
    """Return the findings on attainable targets before the training of a small network."""
    if not has_ports(problem) or problem.given_widths_mm is not None:
        return ()
    if problem.network.n_bonds > MAX_BONDS:
        return ()
    found = assess_problem(problem)
    return tuple(attainability_findings(problem, found))


def attainability_findings(problem: PortProblem, found: Reachability) -> list[Finding]:
    """Return warnings on targets and signals that no training within the limits can attain."""
    findings = []
    if found.target is not None and not found.target.reached:
        message = f"targets {_best_error_text(found.target)}; {_remedies(problem, found.target)}"
        section = problem.design.compensate
        if section is not None and section.enabled:
            message += "; this holds for the bar model before its calibration by [compensate]"
        findings.append(Finding("out-of-reach", "warning", "task", message))
    if found.missed:
        worst = max(found.missed, key=lambda one: one.deviation)
        message = (
            f"{len(found.missed)} of the targets are missed by the best network found; the "
            f"farthest is {worst.measure} in load case {worst.case}: {worst.value:.4g}, "
            f"target {worst.wanted} ({worst.deviation:.2g} tolerances); possible remedies: wider "
            "limits of the widths, other loads or ports, or larger tolerances"
        )
        findings.append(Finding("out-of-reach", "warning", "task", message))
    if found.unreadable > 0.1:
        resolution = problem.design.check.resolution_mm
        signal = _signal_name(problem.task)
        message = (
            f"{signal} is below the measurement resolution of {resolution:g} mm in "
            f"{found.unreadable:.0%} of the samples (median {found.signal_mm:.3f} mm) at the "
            "lowest loss found; possible remedies: heavier loads, a softer material or other ports"
        )
        findings.append(Finding("weak-signal", "warning", "outputs", message))
    return findings


def reachability_text(problem: PortProblem, found: Reachability) -> str:
    """Return the report on attainable outputs and targets as text."""
    low, high = problem.width_limits_mm
    columns = ("lowest, mm", "highest, mm", "target, mm")
    lines = [
        f"{problem.design.name}: attainable results for widths of {low:g} to {high:g} mm, the best",
        "of several bounded optimisations (a search, not a proof)",
        *_law_lines(problem),
        "",
        f"{'output':<12} {'load case':<20} {' '.join(f'{name:>12}' for name in columns)}",
    ]
    for reach in found.ranges:
        target = reach.band or ("" if reach.wanted_mm is None else f"{reach.wanted_mm:.4f}")
        lines.append(
            f"{reach.output!s:<12} {reach.case[:20]:<20} {reach.lowest_mm:>12.4f} "
            f"{reach.highest_mm:>12.4f} {target:>12}"
        )
    lines += [
        "",
        f"lowest training loss {found.loss:.5g}, with "
        + ", ".join(
            f"{metric_label(name)} {_number(value)}" for name, value in found.metrics.items()
        ),
        f"bonds at the lower limit: {_bonds(problem, found.at_min)}",
        f"bonds at the upper limit: {_bonds(problem, found.at_max)}",
        f"condition number {found.condition:.3g}",
        (
            f"{_signal_name(problem.task)} {found.signal_mm:.4f} mm (median); "
            f"{found.unreadable:.0%} of the samples below the resolution of "
            f"{problem.design.check.resolution_mm:g} mm"
        ),
    ]
    metric = problem.task.primary_metric
    if metric is not None and not metric.beats_training_baseline(found.metrics):
        baseline = metric.training_baseline.value
        lines += [f"does not beat the constant-prediction baseline ({baseline:.4f})"]
    if problem.task.bands is not None:
        lines += _band_lines(found)
    if problem.design.schedule.remove_below_mm is not None:
        lines += ["of the whole network: remove_below_mm takes bonds away, which may reach further"]
    if found.target is not None:
        nearest = ", ".join(f"{value:.4f}" for value in found.target.nearest_mm)
        lines += [f"nearest attainable displacements in the first load case: {nearest} mm"]
        if found.target.not_linear > 1e-6:
            lines += [
                f"nonlinear part of the targets (not attainable): {found.target.not_linear:.1%}"
            ]
        verdict = "attainable" if found.target.reached else _best_error_text(found.target)
        lines += [f"targets of all outputs: {verdict}"]
        if not found.target.reached:
            lines += [_remedies(problem, found.target)]
    return "\n".join(lines)


def _law_lines(problem: PortProblem) -> list[str]:
    """Return the model of the results; bars without calibration are not the printed part."""
    law = problem.design.schedule.stiffness_law
    lines = [f'model: bars with [training] stiffness_law = "{law}"']
    if law != "calibrated":
        left_out = "thinned joints and hubs" if law == "bar" else "hubs"
        lines += [f'  without the effect of {left_out}, tens of percent; "calibrated" has it']
    return lines


def _band_lines(found: Reachability) -> list[str]:
    """Return the targets with tolerances that are missed, as lines of text."""
    if not found.missed:
        return ["all targets together: attainable"]
    return ["targets that the best network found misses:"] + [
        f"  {one.case[:20]:<20} {one.measure:<20} {one.value:>10.4g}, target {one.wanted} "
        f"({one.deviation:.2g} tolerances)"
        for one in found.missed
    ]


def _signal_name(task: Task) -> str:
    if task.loss.targets == "classes":
        return task.readout.signal
    return "displacement of the outputs"


def _best_error_text(target: Target) -> str:
    return f"not attainable, best attainable error {target.relative_error:.1%} of the target"


def _remedies(problem: PortProblem, target: Target) -> str:
    """Return the changes that would make the targets attainable, as text."""
    if target.wrong_sign:
        return "the outputs move in the opposite direction: check the signs of loads and targets"
    ways = []
    if target.softer is not None:
        stiffer = target.softer < 1
        modulus = problem.material.youngs_modulus_MPa / target.softer
        thickness = problem.design.fabrication.thickness_mm / target.softer
        ways.append(f"a modulus of {_rounded(modulus, up=stiffer)} MPa")
        ways.append(f"a thickness of {_rounded(thickness, up=stiffer)} mm")
        if problem.task.kind == "behaviour":
            ways.append(f"a load factor of {_rounded(target.softer, up=not stiffer)}")
    if target.wider is not None:
        low, high = problem.width_limits_mm
        least, most = _rounded(low / target.wider, up=False), _rounded(high * target.wider, up=True)
        ways.append(f"widths of {least} to {most} mm (printability not checked)")
    if not ways:
        return "attainable neither with another stiffness nor with limits four times as wide"
    return f"attainable with {' or '.join(ways)}"


def _rounded(value: float, *, up: bool) -> str:
    """Return three digits of a number, rounded to the side on which the target is attainable."""
    step = 10.0 ** (np.floor(np.log10(value)) - 2)
    steps = value / step
    whole = np.ceil(steps - 1e-9) if up else np.floor(steps + 1e-9)  # so that 1.15 gives 115 steps
    return f"{whole * step:.6g}"


def _bonds(problem: Problem, bonds: IntArray) -> str:
    ends = [f"{i}–{j}" for i, j in problem.network.bonds[bonds[:MAX_NAMES]].tolist()]
    names = f" ({', '.join(ends)}{', …' if len(bonds) > MAX_NAMES else ''})" if ends else ""
    return f"{len(bonds)} of {problem.network.n_bonds} bonds{names}"


def _number(value: float | list[float]) -> str:
    if isinstance(value, list):
        return "(" + ", ".join(f"{part:.4f}" for part in value) + ")"
    return f"{value:.4f}"
