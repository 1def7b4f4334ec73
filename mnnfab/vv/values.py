"""Values of the evidence for `report.json`, under its key `vv`."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.io.json_values import to_jsonable
from mnnfab.report.print_values import loaded_print_values
from mnnfab.units import NEWTON_PER_GF
from mnnfab.verification.case import MODELS
from mnnfab.verification.values import verification_values
from mnnfab.vv.comparison import COVERAGE, Comparison
from mnnfab.vv.decision import criteria_of, word_of

if TYPE_CHECKING:
    from mnnfab.printed_part.part import PortPart
    from mnnfab.verification.run import Verification
    from mnnfab.vv.evidence import Evidence
    from mnnfab.vv.part_range import PartRange
    from mnnfab.vv.solution import OutputStudy


def vv_values(part: PortPart, report: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Return the evidence and the decision as JSON values, with the unit in each key.

    Args:
        part: the part of the run.
        report: values of the `report.json` of the run.
        evidence: evidence of the run.
    """
    criteria = criteria_of(report, evidence)
    comparisons = [*evidence.paper.comparisons, *evidence.own]
    values = {
        "intended_use": _intended_use(part),
        "machine": platform.platform(),
        "code_verification": verification_values(evidence.code)
        | {"models": _verified_models(evidence.code)},
        "solution_verification": _solution(part, evidence),
        "solid": None if evidence.solid is None else asdict(evidence.solid),
        "input_uncertainty": _inputs(evidence),
        "sampled_prints": _sampled(part, evidence),
        "read_prints": _read_prints(report, evidence),
        "outputs": _outputs(part, evidence),
        "print_modulus": _print_modulus(report, evidence),
        "validation": {
            "coverage_factor": COVERAGE,
            "calibration": asdict(evidence.paper.calibration),
            "comparisons": [_comparison(one) for one in comparisons],
            "covered": sum(one.covered for one in comparisons),
            "number": len(comparisons),
            "largest_relative_error": max(
                abs(one.error_mm / one.measured_mm) for one in comparisons if one.measured_mm
            ),
            "largest_model_error": max(one.possible_error for one in comparisons),
        },
        "domain": _domain(evidence.paper.range, evidence.range),
        "decision": {
            "word": word_of(criteria),
            "criteria": [asdict(one) for one in criteria],
        },
    }
    jsonable: dict[str, Any] = to_jsonable(values)
    return jsonable


def _verified_models(code: Verification) -> list[dict[str, Any]]:
    """Return numbers of cases and quantities of each model, and its largest error."""
    rows = []
    for model in MODELS:
        results = [one for one in code.results if one.case.model == model]
        rows.append(
            {
                "model": model,
                "cases": len(results),
                "quantities": sum(len(one.quantities) for one in results),
                "largest_error_over_tolerance": max((one.worst for one in results), default=None),
                "passed": all(one.passed for one in results),
            }
        )
    return rows


def _print_modulus(report: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Return how a print with the modulus of the published ones moves, and its metric as read."""
    factor, metric = evidence.print_factor, None
    modulus = report["key_figures"]["modulus"]
    own, held = modulus["design_MPa"], modulus["relaxation_MPa"]
    envelope = (report["loaded"] or {}).get("envelope")
    known = modulus["highest_MPa"] is not None
    if factor is not None and envelope and known:
        factors, read = np.log(envelope["load_factor"]), envelope["metric_as_read"]
        if None not in read:
            ends = {"left": np.nan, "right": np.nan}
            metric = float(np.interp(np.log(factor), factors, read, **ends))
    return {
        "load_factor": factor,
        "metric_with_lengths": evidence.print_metric and evidence.print_metric.value,
        "relaxation_factor": None if held is None else own / held,
        "spread": evidence.inputs.factor,
        "metric_as_read": metric,
    }


def _intended_use(part: PortPart) -> dict[str, Any]:
    problem, task = part.problem, part.problem.task
    loads = task.loads_N / NEWTON_PER_GF
    return {
        "task": task.kind,
        "fixed": ", ".join(map(str, problem.network.fixed.tolist())),
        "inputs": [str(port) for port in task.inputs],
        "smallest_load_gf": loads.min(axis=0),
        "largest_load_gf": loads.max(axis=0),
        "outputs": [str(port) for port in task.outputs],
        "classes": list(task.class_names),
        "readout": task.readout.rule if task.target_kind == "classes" else None,
        "samples": len(task.loads_N),
        "test_samples": len(task.split.test),
        "data": getattr(problem.design.task, "dataset", None),
        "seed": problem.design.schedule.seed,
        "relaxation_source": problem.material.sources.get("relaxation"),
        "printer": problem.printer.name,
        "thickness_mm": problem.design.fabrication.thickness_mm,
    }


def _solution(part: PortPart, evidence: Evidence) -> dict[str, Any]:
    return {
        "dofs": evidence.solution.n_dofs,
        "area_error": evidence.solution.area_error,
        "omitted_cases": list(evidence.omitted),
        "outputs": [
            {"case": case.name, "output": str(port), **_study(study)}
            for case, row in zip(evidence.cases, evidence.solution.outputs, strict=True)
            for port, study in zip(part.problem.task.outputs, row, strict=True)
        ],
    }


def _study(study: OutputStudy) -> dict[str, Any]:
    return {
        "values_mm": study.meshes.values,
        "used_mm": study.used_mm,
        "ratio": study.meshes.ratio,
        "observed_order": study.order,
        "used_order": study.used_order,
        "safety_factor": study.safety_factor,
        "grid_convergence_index_mm": study.index_mm,
        "difference_mm": study.difference_mm,
        "chords_mm": study.chords_mm,
        "u_num_mm": study.uncertainty_mm,
    }


def _inputs(evidence: Evidence) -> dict[str, Any]:
    """Return the sources with the largest contribution of each, relative to the outputs."""
    sizes = evidence.sizes_mm[:, None]
    return {
        "sources": [
            asdict(source)
            | {"contributions_mm": own, "largest_share_of_output": float((own / sizes).max())}
            for source, own in zip(
                evidence.inputs.sources, evidence.inputs.contributions_mm, strict=True
            )
        ],
    }


def _sampled(part: PortPart, evidence: Evidence) -> dict[str, Any]:
    """Return the scatter of print samples, beside that to first order."""
    sampled, first = evidence.sampled, evidence.inputs.print_mm
    known = sampled.buckling[np.isfinite(sampled.buckling)]
    return {
        "prints": len(sampled.outputs_mm),
        "lost": sampled.lost,
        "buckling_case": evidence.cases[sampled.case].name,
        "buckling_sd": float(known.std(ddof=1)) if len(known) > 1 else None,
        "buckling_low": float(np.percentile(known, 5)) if len(known) > 1 else None,
        "outputs": [
            {
                "case": case.name,
                "output": str(port),
                "first_order_mm": first[c, o],
                "sampled_mm": sampled.sd_mm[c, o],
                "ratio": sampled.sd_mm[c, o] / first[c, o] if first[c, o] else None,
            }
            for c, case in enumerate(evidence.cases)
            for o, port in enumerate(part.problem.task.outputs)
        ],
    }


def _read_prints(report: Mapping[str, Any], evidence: Evidence) -> dict[str, Any] | None:
    """Return prints with all inputs, and the modulus about which they scatter."""
    if evidence.read is None:
        return None
    own = report["key_figures"]["modulus"]["design_MPa"]
    return loaded_print_values(evidence.read) | {
        "modulus_MPa": own / (evidence.print_factor or 1.0),
        "spread": evidence.inputs.modulus,
    }


def _outputs(part: PortPart, evidence: Evidence) -> list[dict[str, Any]]:
    """Return each output with its uncertainties, and the interval of a reading of a print."""
    rows = []
    combined = evidence.input_mm
    for c, case in enumerate(evidence.cases):
        for o, port in enumerate(part.problem.task.outputs):
            numerical = evidence.solution.outputs[c][o].uncertainty_mm
            reading, inputs = float(evidence.reading_mm[o]), float(combined[c, o])
            total = float(np.sqrt(numerical**2 + inputs**2 + reading**2))
            value, printed = float(evidence.outputs_mm[c, o]), float(evidence.printed_mm[c, o])
            rows.append(
                {
                    "case": case.name,
                    "output": str(port),
                    "simulated_mm": value,
                    "u_num_mm": numerical,
                    "u_input_mm": inputs,
                    "u_reading_mm": reading,
                    "combined_mm": total,
                    "printed_mm": printed,
                    "low_mm": printed - COVERAGE * total,
                    "high_mm": printed + COVERAGE * total,
                }
            )
    return rows


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "experiment": one.experiment,
        "quantity": one.quantity,
        "S_mm": one.simulated_mm,
        "D_mm": one.measured_mm,
        "E_mm": one.error_mm,
        "u_num_mm": one.numerical_mm,
        "u_input_mm": one.input_mm,
        "u_D_mm": one.data_mm,
        "u_val_mm": one.validation_mm,
        "E_over_u_val": abs(one.error_mm) / one.validation_mm,
        "degrees_of_freedom": one.dof if np.isfinite(one.dof) else None,
        "student_factor": one.factor,
        "covered": one.covered,
    }


def _domain(validated: PartRange, own: PartRange) -> list[dict[str, Any]]:
    outside = validated.outside(own)
    return [
        {
            "quantity": name,
            "validated": validated.range_of(name),
            "part": own.quantities[name],
            "inside": name not in outside,
        }
        for name in own.quantities
    ]
