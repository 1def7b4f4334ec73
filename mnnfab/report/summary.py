"""Machine-readable report `report.json`, schema 1."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.model.response import Response
from mnnfab.printed_part.tiling import part_sha256
from mnnfab.problem.problem import Problem
from mnnfab.report.key_figures import key_values
from mnnfab.report.loaded import finite, loaded_values
from mnnfab.report.moduli import moduli_values
from mnnfab.report.print_values import print_values
from mnnfab.report.readings import material_summary
from mnnfab.validation.reactions import reaction_values
from mnnfab.validation.results import Results
from mnnfab.versions import versions

if TYPE_CHECKING:
    from fem.convergence import ConvergenceStudy
    from fem.limit_states import LimitStates

SCHEMA = 1


def summarise(results: Results) -> dict[str, Any]:
    """Return the results as JSON values, with the unit in each key."""
    problem, tiling = results.problem, results.tiling
    return {
        "schema": SCHEMA,
        "name": problem.design.name,
        "verdict": results.verdict,
        "verdicts": {part.name: part.verdict for part in results.partial_verdicts},
        "verdict_reasons": {part.name: part.reason for part in results.partial_verdicts},
        "headline": _primary_metric_name(problem),
        "key_figures": key_values(results),
        "design_sha256": part_sha256(problem, results.widths_mm),
        "findings": [finding.as_json() for finding in results.findings],
        "network": {
            "nodes": problem.network.n_nodes,
            "bonds": problem.network.n_bonds,
            "zero_modes": problem.rigidity.n_zero_modes,
            "self_stresses": problem.rigidity.n_self_stresses,
            "supports": [str(support) for support in problem.network.supports],
        },
        "training": _training(results),
        "widths_mm": results.widths_mm.tolist(),
        "models": _models(results),
        "agreement": {
            "continuum_vs_bar": asdict(results.agreement) if results.agreement else None,
            "gradient_vs_bar": asdict(results.gradient) if results.gradient else None,
        },
        "material": material_summary(problem),
        "stiffness_law": _stiffness_law(results),
        "discretisation": _discretisation(results.discretisation),
        "compensation": results.record.compensation.model_dump(include={"rounds", "candidates"}),
        "guards": _limit_states(results.limit_states),
        "loaded": loaded_values(problem.task, results.loaded),
        "prints": print_values(results.print_samples, results.loaded_prints),
        "prescribed": reaction_values(problem.task) if results.continuum else [],
        "moduli": moduli_values(results.moduli, problem.material.youngs_modulus_MPa),
        "solid": {
            "volume_mm3": tiling.volume_mm3,
            "area_mm2": tiling.area_mm2,
            "bounding_box_mm": tiling.bounding_box_mm,
            "mass_g": results.mass_g,
            "valid": results.solid_valid,
        },
        "files": [file.as_json() for file in results.files],
        "timings_s": {stage: round(seconds, 3) for stage, seconds in results.timings_s.items()},
        "versions": dict(versions()),
    }


def summary_text(results: Results) -> str:
    """Return the text of `report.json`."""
    return json.dumps(summarise(results), indent=2, allow_nan=False) + "\n"


def _primary_metric_name(problem: Problem) -> str | None:
    """Return the name of the primary metric of the task."""
    task = problem.task
    return task.primary_metric.name if task and task.primary_metric else None


def _training(results: Results) -> dict[str, Any] | None:
    losses = results.history.get("loss_train")
    if losses is None or results.predicted is None or results.problem.task is None:
        return None
    return {
        "loss_first": float(losses[0]),
        "loss_last": float(losses[-1]),
        "metrics": results.problem.task.metrics(results.predicted),
        "restarts": {name: values.tolist() for name, values in results.record.restarts.items()},
        "ancestry": [asdict(ancestor) for ancestor in results.record.ancestry],
    }


def _stiffness_law(results: Results) -> dict[str, Any] | None:
    """Return the stiffness law of training at the minimum, middle and maximum width."""
    problem = results.problem
    widths = np.linspace(*problem.width_limits_mm, 3)
    law, bar = problem.uncorrected.law, problem.law_named("bar")
    all_widths = np.repeat(widths[:, None], problem.network.n_bonds, axis=1)
    compliance_ratios = (bar.stiffness(all_widths) / law.stiffness(all_widths)).mean(axis=1)
    return {
        "name": law.name,
        "widths_mm": widths.tolist(),
        "softening_vs_bar": compliance_ratios.tolist(),
        "correction_scale": problem.surrogate.correction.scale
        if problem.surrogate.correction
        else None,
    }


def _discretisation(study: ConvergenceStudy | None) -> dict[str, Any] | None:
    """Return the mesh convergence study, under the keys of report.json."""
    if study is None:
        return None
    return {
        "levels": [asdict(mesh) for mesh in study.levels],
        "error": study.error,
        "tolerance": study.tolerance,
        "settled": study.converged,
    }


def _limit_states(states: LimitStates | None) -> dict[str, Any] | None:
    if states is None:
        return None
    return {
        "joint_strain": states.joint_strains.tolist(),
        "sag_mm": states.sag_mm.tolist(),
        "cases": [
            {
                "name": case_limits.case.name,
                "loads_N": list(case_limits.case.loads_N),
                "outputs_mm": case_limits.outputs_mm.tolist(),
                "buckling_factor": finite(case_limits.buckling.factor)
                if case_limits.buckling
                else None,
                "linear_factor": case_limits.linear.factor,
                "linear_ends": case_limits.linear.ends,
                "contact_factor": finite(case_limits.contact),
            }
            for case_limits in states.cases
        ],
    }


def _models(results: Results) -> dict[str, Any]:
    models: dict[str, Any] = {"bar": None, "surrogate": None, "continuum": None}
    if results.bar is not None:
        models["bar"] = _model(results, results.bar)
    if results.predicted is not None and results.problem.surrogate.correction is not None:
        models["surrogate"] = _model(results, results.predicted)
    if results.continuum is not None:
        models["continuum"] = _model(results, results.continuum.response) | {
            "dofs": results.continuum.n_dofs
        }
    return models


def _model(results: Results, response: Response) -> dict[str, Any]:
    task = results.problem.task
    return {
        "flexibility_mm_per_N": response.flexibility.tolist(),
        "metrics": task.metrics(response) if task is not None else {},
    }
