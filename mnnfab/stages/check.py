"""The check as a stage: from widths to a tiling, a continuum, and what the gate says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from geometry.printability import check_printability
from mnnfab.agreement import compare
from mnnfab.conditioning import judge_conditioning
from mnnfab.findings import Finding, as_advice
from mnnfab.gate import judge_continuum
from mnnfab.problem import Problem
from mnnfab.record import Record
from mnnfab.report.results import Results
from mnnfab.stages.part import coupons_of, tile_part
from mnnfab.watching import Clock

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from geometry.tiling import Tiling
    from mnnfab.tasks import Task


def check_widths_on_continuum(problem: Problem, record: Record, clock: Clock) -> Results:
    """Tile the part, look at its printability, and compare its continuum with the bars."""
    widths = record.widths_mm
    with clock.stage("tile"):
        tiling = tile_part(problem, widths)
    with clock.stage("printability"):
        design = problem.design
        findings = check_printability(
            problem.network, tiling, problem.printer, problem.material, design.export
        )
        findings += _judge_coupons(problem)
    results = Results(
        problem=problem,
        record=record,
        tiling=tiling,
        bar=None,
        continuum=None,
        agreement=None,
        findings=(*findings, *record.findings),
        solid_valid=None,
        files=(),
        timings_s=clock.timings_s,
    )
    task = problem.task
    if not problem.design.check.enabled:
        results = replace(results, findings=as_advice(results.findings))
    if task is None:
        return _skipped(results, "the design has no ports to compare")
    model, stiffness = problem.bar_model(task), problem.per_width * widths
    bar = model.response(stiffness)
    conditioning = judge_conditioning(model.stiffness_matrix(stiffness))
    results = replace(results, bar=bar, findings=(*conditioning, *results.findings))
    if not problem.design.check.enabled:
        return _skipped(results, "[check] enabled = false")
    continuum = _solve(problem, task, tiling, clock)
    results = replace(results, findings=(*results.findings, *_left_out(tiling)))
    agreement = compare(bar, continuum.response)
    judged = judge_continuum(
        task, problem.network, bar, continuum.response, agreement, problem.design.check
    )
    return replace(
        results,
        continuum=continuum,
        agreement=agreement,
        findings=(*judged, *results.findings),
    )


def _judge_coupons(problem: Problem) -> list[Finding]:
    """Return what would keep the coupons from being printed well."""
    found = [
        replace(finding, where=f"{coupon.name}: {finding.where}", position_mm=None)
        for coupon in coupons_of(problem)
        for finding in check_printability(
            coupon.network,
            coupon.tiling,
            problem.printer,
            problem.material,
            problem.design.export,
        )
    ]
    return [finding for finding in found if finding.severity != "info"]


def _left_out(tiling: Tiling) -> list[Finding]:
    """Say what of the part the continuum does without, and why that does no harm."""
    if all(name.kind != "tab" for name in tiling.names):
        return []
    words = "not in the continuum: it begins at a pad, which is held still, and carries no load"
    return [Finding("left-out", "info", "tab and its letters", words)]


def _skipped(results: Results, reason: str) -> Results:
    finding = Finding(
        "check-skipped", "warning", "continuum", f"not compared with the bars: {reason}"
    )
    return replace(results, findings=(finding, *results.findings))


def _solve(problem: Problem, task: Task, tiling: Tiling, clock: Clock) -> Continuum:
    from fem.continuum import solve_continuum
    from fem.mesh import make_mesh

    section = problem.design.check
    with clock.stage("mesh"):
        mesh = make_mesh(tiling, section.elements_across_joint, section.mesher_deadline_s)
    with clock.stage("continuum"):
        return solve_continuum(
            mesh,
            problem.network,
            problem.material,
            task.inputs,
            task.outputs,
        )
