"""The check as a stage: from widths to a tiling, a continuum, and what the gate says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from geometry.printability import check_printability
from mnnfab.findings import Finding, as_advice
from mnnfab.model.agreement import compare
from mnnfab.model.surrogate import fit_correction
from mnnfab.printed_part.part import PrintedPart
from mnnfab.printed_part.tiling import coupons_of
from mnnfab.problem.problem import Problem
from mnnfab.progress.watcher import Clock
from mnnfab.runs.record import Record
from mnnfab.training.gradient_comparison import (
    GradientAgreement,
    compare_gradients,
    in_situ_gradient,
)
from mnnfab.validation.acceptance import judge_compensation, judge_continuum
from mnnfab.validation.conditioning import judge_conditioning
from mnnfab.validation.limit_states import judge_limit_states
from mnnfab.validation.results import Results
from mnnfab.validation.solution import judge_solution
from mnnfab.validation.tolerance import judge_prints, study_prints

if TYPE_CHECKING:
    from geometry.tiling import Tiling
    from mnnfab.model.response import Response
    from mnnfab.task.task import Task


def check_part(problem: Problem, record: Record, clock: Clock) -> Results:
    """Tile the part, look at its printability, and compare its continuum with the bars."""
    part = PrintedPart(problem, record.widths_mm, clock)
    with clock.stage("tile"):
        tiling = part.tiling
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
        predicted=None,
        continuum=None,
        discretisation=None,
        agreement=None,
        gradient=None,
        guards=None,
        prints=None,
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
    springs, widths = problem.spring_model(task), part.widths_mm
    bar, predicted = problem.uncorrected.response(task, widths), springs.response(widths)
    conditioning = judge_conditioning(springs.stiffness_matrix(widths))
    results = replace(
        results, bar=bar, predicted=predicted, findings=(*conditioning, *results.findings)
    )
    if not problem.design.check.enabled:
        return _skipped(results, "[check] enabled = false")
    return _compared(results, part, task, bar, predicted)


def _compared(
    results: Results, part: PrintedPart, task: Task, bar: Response, predicted: Response
) -> Results:
    """Solve the continuum; compare it with the bars, and look at limit states and prints."""
    problem, clock, continuum = part.problem, part.clock, part.continuum
    response = continuum.response
    agreement = compare(bar, response)
    with clock.stage("guards"):
        states = part.limit_states
    with clock.stage("prints"):
        fitted = fit_correction(bar.flexibility, response.flexibility)
        prints = study_prints(problem.uncorrected.corrected(fitted), task, part.widths_mm)
    corrected = problem.surrogate.correction is not None
    judged = judge_continuum(
        task,
        problem.network,
        predicted,
        response,
        compare(predicted, response) if corrected else agreement,
        problem.design.check,
        corrected=corrected,
    )
    return replace(
        results,
        continuum=continuum,
        discretisation=part.discretisation,
        agreement=agreement,
        gradient=_compare_gradients(task, bar, response),
        guards=states,
        prints=prints,
        findings=(
            *judged,
            *judge_solution(part.discretisation, continuum.balance),
            *judge_compensation(problem, predicted, response),
            *judge_limit_states(problem, continuum, states),
            *judge_prints(problem, task, prints),
            *results.findings,
            *_left_out(part.tiling),
        ),
    )


def _compare_gradients(task: Task, bar: Response, continuum: Response) -> GradientAgreement | None:
    """Return how well in situ backpropagation on the continuum finds the bars' gradient."""
    if task.headline is None:
        return None
    own, found = in_situ_gradient(task, bar), in_situ_gradient(task, continuum)
    return compare_gradients(own, found)


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
