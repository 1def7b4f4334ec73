"""Reachability in words: findings for the gate's list, and a page of text for a terminal."""

from __future__ import annotations

import numpy as np

from mnnfab.arrays import IntArray
from mnnfab.findings import Finding
from mnnfab.problem.problem import Problem
from mnnfab.task.task import Task
from mnnfab.training.reachability import Reachability, Target, assess

#: Beyond this many bonds the searches take longer than training: only when they are asked for.
MOST_BONDS = 200
#: More names of bonds than this are not read by anybody.
MOST_NAMES = 12


def assess_problem(problem: Problem, task: Task) -> Reachability:
    """Find out what is in reach of a design's task."""
    trainable = problem.trainable(task)
    return assess(trainable, problem.width_limits_mm, problem.design.check.resolution_mm)


def reachability_findings_before_training(problem: Problem) -> tuple[Finding, ...]:
    """Return what a user should know before the widths of a small network are trained."""
    if problem.task is None or problem.given_widths_mm is not None:
        return ()
    if problem.network.n_bonds > MOST_BONDS:
        return ()
    found = assess_problem(problem, problem.task)
    return tuple(reach_findings(problem, problem.task, found))


def reach_findings(problem: Problem, task: Task, found: Reachability) -> list[Finding]:
    """Return a warning for each thing that training cannot mend."""
    findings = []
    if found.target is not None and not found.target.reached:
        words = f"{_missed(found.target)}; {_remedies(problem, task, found.target)}"
        section = problem.design.compensate
        if section is not None and section.enabled:
            words += "; this is about bars as they are, which [compensate] corrects later"
        findings.append(Finding("out-of-reach", "warning", "task", words))
    if found.unreadable > 0.1:
        resolution = problem.design.check.resolution_mm
        words = (
            f"{found.unreadable:.0%} of the samples differ by less than the measuring resolution "
            f"of {resolution:g} mm, the median by {found.signal_mm:.3f} mm, at the lowest loss "
            "that was found: heavier loads, a softer material or other ports help"
        )
        findings.append(Finding("weak-signal", "warning", "outputs", words))
    return findings


def reachability_text(problem: Problem, task: Task, found: Reachability) -> str:
    """Return the whole report as text."""
    low, high = problem.width_limits_mm
    columns = ("lowest, mm", "highest, mm", "wanted, mm")
    lines = [
        f"{problem.design.name}: what widths of {low:g} to {high:g} mm allow, the best of several",
        "bounded searches (a search, not a proof)",
        "",
        f"{'output':<12} {'load case':<20} {' '.join(f'{name:>12}' for name in columns)}",
    ]
    for reach in found.ranges:
        wanted = "" if reach.wanted_mm is None else f"{reach.wanted_mm:.4f}"
        lines.append(
            f"{reach.output!s:<12} {reach.case[:20]:<20} {reach.lowest_mm:>12.4f} "
            f"{reach.highest_mm:>12.4f} {wanted:>12}"
        )
    lines += [
        "",
        f"lowest training loss {found.loss:.5g}, with "
        + ", ".join(f"{name} {_number(value)}" for name, value in found.metrics.items()),
        f"there at the lower limit: {_bonds(problem, found.at_min)}",
        f"there at the upper limit: {_bonds(problem, found.at_max)}",
        f"condition number {found.condition:.3g}",
        (
            f"signal {found.signal_mm:.4f} mm (median); "
            f"{found.unreadable:.0%} of the samples below the resolution of "
            f"{problem.design.check.resolution_mm:g} mm"
        ),
    ]
    if task.primary_metric is not None and not task.primary_metric.beats_training_baseline(
        found.metrics
    ):
        baseline = task.primary_metric.training_baseline.value
        lines += [f"no better than an answer that ignores the loads ({baseline:.4f})"]
    if found.target is not None:
        nearest = ", ".join(f"{value:.4f}" for value in found.target.nearest_mm)
        lines += [f"nearest reachable displacements in the first load case: {nearest} mm"]
        if found.target.not_linear > 1e-6:
            lines += [f"no linear network can follow {found.target.not_linear:.1%} of the data"]
        verdict = "in reach" if found.target.reached else _missed(found.target)
        lines += [f"the targets together: {verdict}"]
        if not found.target.reached:
            lines += [_remedies(problem, task, found.target)]
    return "\n".join(lines)


def _missed(target: Target) -> str:
    return f"the targets are out of reach: at best {target.relative_error:.1%} is missed"


def _remedies(problem: Problem, task: Task, target: Target) -> str:
    """Say what would bring the targets in reach."""
    if target.wrong_sign:
        return "the outputs move the other way: is the sign of the loads or the targets right?"
    ways = []
    if target.softer is not None:
        stiffer = target.softer < 1
        modulus = problem.material.youngs_modulus_MPa / target.softer
        thickness = problem.design.fabrication.thickness_mm / target.softer
        ways.append(f"a modulus of {_rounded(modulus, up=stiffer)} MPa")
        ways.append(f"a thickness of {_rounded(thickness, up=stiffer)} mm")
        if task.kind == "behaviour":
            ways.append(f"{_rounded(target.softer, up=not stiffer)} times the load")
    if target.wider is not None:
        low, high = problem.width_limits_mm
        least, most = _rounded(low / target.wider, up=False), _rounded(high * target.wider, up=True)
        ways.append(
            f"widths of {least} to {most} mm (whether they can be printed is not looked at)"
        )
    if not ways:
        return "neither another stiffness nor limits four times as wide would bring them in reach"
    return f"in reach with {' or '.join(ways)}"


def _rounded(value: float, *, up: bool) -> str:
    """Return three digits of a number, rounded to the side that still reaches the target."""
    step = 10.0 ** (np.floor(np.log10(value)) - 2)
    steps = value / step
    whole = np.ceil(steps - 1e-9) if up else np.floor(steps + 1e-9)  # 1.15 is 115 steps
    return f"{whole * step:.6g}"


def _bonds(problem: Problem, bonds: IntArray) -> str:
    ends = [f"{i}–{j}" for i, j in problem.network.bonds[bonds[:MOST_NAMES]].tolist()]
    names = f" ({', '.join(ends)}{', …' if len(bonds) > MOST_NAMES else ''})" if ends else ""
    return f"{len(bonds)} of {problem.network.n_bonds} bonds{names}"


def _number(value: float | list[float]) -> str:
    if isinstance(value, list):
        return "(" + ", ".join(f"{part:.4f}" for part in value) + ")"
    return f"{value:.4f}"
