"""Check of trained widths: tiling, printability, continuum model and acceptance criteria."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from geometry.printability.checks import check_printability
from geometry.printability.print_job import PrintJob
from mnnfab.findings import Finding, as_warnings
from mnnfab.model.agreement import compare
from mnnfab.model.surrogate import fit_correction
from mnnfab.printed_part.part import PortPart, PrintedPart, is_port_part
from mnnfab.printed_part.reactions import with_reactions
from mnnfab.printed_part.tiling import coupons_of
from mnnfab.problem.problem import Problem
from mnnfab.progress.watcher import StageTimer
from mnnfab.runs.record import Record
from mnnfab.training.gradient_comparison import (
    GradientAgreement,
    compare_gradients,
)
from mnnfab.validation.acceptance import (
    check_compensation,
    check_continuum,
    done_by_large_displacements,
)
from mnnfab.validation.as_read import check_as_read, not_read, window_finding
from mnnfab.validation.conditioning import check_conditioning
from mnnfab.validation.frame_prediction import check_frame_prediction
from mnnfab.validation.limit_states.checks import check_limit_states
from mnnfab.validation.loading import assess
from mnnfab.validation.moduli import check_moduli, effective_moduli
from mnnfab.validation.print_samples import (
    check_print_samples,
    load_print_samples,
    study_print_samples,
)
from mnnfab.validation.reactions import check_reactions
from mnnfab.validation.results import Results
from mnnfab.validation.solution import check_solution

if TYPE_CHECKING:
    from geometry.tiling import Tiling
    from mnnfab.model.model import Model
    from mnnfab.model.response import Response
    from mnnfab.network.network import Network
    from mnnfab.task.task import Task


def check_part(
    problem: Problem, record: Record, timer: StageTimer, part: PrintedPart | None = None
) -> Results:
    """Tile the part, check its printability, and compare the continuum model with the bar model.

    Args:
        problem: problem of the design.
        record: record of the training.
        timer: stage timer.
        part: the part of this problem and these widths, if it is solved already.
    """
    part = part or PrintedPart(problem, record.widths_mm, timer)
    with timer.stage("tile"):
        tiling = part.tiling
    with timer.stage("printability"):
        findings = check_printability(_print_job(problem, problem.network, tiling))
        findings += _check_coupons(problem)
    results = Results(
        part=part,
        record=record,
        bar=None,
        predicted=None,
        continuum=None,
        discretisation=None,
        agreement=None,
        gradient=None,
        limit_states=None,
        loaded=None,
        print_samples=None,
        loaded_prints=None,
        moduli=None,
        findings=(*findings, *record.findings),
        solid_valid=None,
        files=(),
        timings_s=timer.timings_s,
    )
    if not problem.design.check.enabled:
        results = replace(results, findings=as_warnings(results.findings))
    if not is_port_part(part):
        return _with_skipped_check(results, "the design has no ports")
    springs = part.problem.spring_model()
    conditioning = check_conditioning(springs.stiffness_matrix(part.widths_mm))
    corrected = part.problem.surrogate.correction is not None
    predicted = springs.response(part.widths_mm) if corrected else part.bars
    results = replace(
        results, bar=part.bars, predicted=predicted, findings=(*conditioning, *results.findings)
    )
    if not problem.design.check.enabled:
        return _with_skipped_check(results, "[check] enabled = false")
    return _check_models(results, part, predicted)


def _check_models(results: Results, part: PortPart, predicted: Response) -> Results:
    """Solve the continuum model, compare it with the bar model, and evaluate all other checks."""
    part, of_reactions = with_reactions(part)
    problem, timer, continuum = part.problem, part.timer, part.continuum
    task, bar, response = problem.task, part.bars, continuum.response
    agreement = compare(bar, response, task.single_loads)
    with timer.stage("guards"):
        states = part.limit_states
    loaded, unassessed = assess(part)
    with timer.stage("prints"):
        fitted = fit_correction(bar.flexibility, response.flexibility)
        calibrated = problem.uncorrected.corrected(fitted)
        prints = study_print_samples(calibrated, part.widths_mm)
        loaded_prints = load_print_samples(calibrated, part.widths_mm, loaded)
    moduli, unsolved = effective_moduli(part)
    corrected = problem.surrogate.correction is not None
    acceptance = check_continuum(
        task,
        problem.network,
        predicted,
        response,
        compare(predicted, response, task.single_loads) if corrected else agreement,
        problem.design.check,
        corrected=corrected,
    )
    read = check_as_read(loaded) if loaded else [not_read()]
    if read and all(one.severity == "info" for one in read):
        acceptance = done_by_large_displacements(acceptance)
    return replace(
        results,
        part=part,
        continuum=continuum,
        discretisation=part.discretisation,
        agreement=agreement,
        gradient=_compare_gradients(task, bar, response),
        limit_states=states,
        loaded=loaded,
        print_samples=prints,
        loaded_prints=loaded_prints,
        moduli=moduli,
        findings=(
            *of_reactions,
            *check_reactions(task),
            *unassessed,
            *read,
            *acceptance,
            *check_solution(part.discretisation, continuum.residuals),
            *check_compensation(problem, predicted, response),
            *check_frame_prediction(part, loaded),
            *check_limit_states(problem, continuum, states, loaded),
            *((window_finding(loaded, reactions=task.prescribed is not None),) if loaded else ()),
            *check_print_samples(problem, prints, loaded_prints),
            *unsolved,
            *check_moduli(moduli, problem.design.check.discretisation_tolerance),
            *results.findings,
            *_unmodelled_tab(part.tiling),
        ),
    )


def _compare_gradients(task: Task, bar: Model, continuum: Model) -> GradientAgreement | None:
    """Return the agreement of the in situ gradient of the continuum with that of the bar model."""
    if task.primary_metric is None:
        return None
    own, found = task.stiffness_gradient(bar), task.stiffness_gradient(continuum)
    return compare_gradients(own, found)


def _print_job(problem: Problem, network: Network, tiling: Tiling) -> PrintJob:
    tolerance_mm = problem.design.export.stl_tolerance_mm
    return PrintJob(network, tiling, problem.printer, problem.material, tolerance_mm)


def _check_coupons(problem: Problem) -> list[Finding]:
    """Return errors and warnings on the printability of the coupons."""
    found = [
        replace(finding, where=f"{coupon.name}: {finding.where}", position_mm=None)
        for coupon in coupons_of(problem)
        for finding in check_printability(_print_job(problem, coupon.network, coupon.tiling))
    ]
    return [finding for finding in found if finding.severity != "info"]


def _unmodelled_tab(tiling: Tiling) -> list[Finding]:
    """Return a finding on the tab, which is not part of the continuum model."""
    if all(name.kind != "tab" for name in tiling.names):
        return []
    message = "not part of the continuum model: it starts at a clamped pad and carries no load"
    return [Finding("left-out", "info", "tab and its letters", message)]


def _with_skipped_check(results: Results, reason: str) -> Results:
    finding = Finding(
        "check-skipped", "warning", "continuum", f"continuum model not evaluated: {reason}"
    )
    return replace(results, findings=(finding, *results.findings))
