"""`report.json`: the results for programs, schema 1."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from mnnfab.report.results import Results
from mnnfab.response import Response
from mnnfab.stages.part import part_sha256

SCHEMA = 1
_PACKAGES = ("mnnfab", "numpy", "scipy", "scikit-fem", "gmsh", "meshio", "cadquery", "trimesh")


def summarise(results: Results) -> dict[str, Any]:
    """Return the results as plain values, with the unit in each key."""
    problem, tiling = results.problem, results.tiling
    return {
        "schema": SCHEMA,
        "name": problem.design.name,
        "verdict": results.verdict,
        "design_sha256": part_sha256(problem, results.widths_mm),
        "findings": [finding.as_json() for finding in results.findings],
        "network": {
            "nodes": problem.network.n_nodes,
            "bonds": problem.network.n_bonds,
            "zero_modes": problem.rigidity.n_zero_modes,
            "self_stresses": problem.rigidity.n_self_stresses,
        },
        "training": _training(results),
        "widths_mm": results.widths_mm.tolist(),
        "models": _models(results),
        "agreement": {"continuum_vs_bar": asdict(results.agreement) if results.agreement else None},
        "solid": {
            "volume_mm3": tiling.volume_mm3,
            "area_mm2": tiling.area_mm2,
            "bounding_box_mm": tiling.bounding_box_mm,
            "mass_g": results.mass_g,
            "valid": results.solid_valid,
        },
        "files": [file.as_json() for file in results.files],
        "timings_s": {stage: round(seconds, 3) for stage, seconds in results.timings_s.items()},
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in _PACKAGES},
    }


def summary_text(results: Results) -> str:
    """Return `report.json`."""
    return json.dumps(summarise(results), indent=2, allow_nan=False) + "\n"


def _training(results: Results) -> dict[str, Any] | None:
    losses = results.history.get("loss_train")
    if losses is None or results.bar is None or results.problem.task is None:
        return None
    return {
        "loss_first": float(losses[0]),
        "loss_last": float(losses[-1]),
        "metrics": results.problem.task.metrics(results.bar.flexibility),
        "restarts": {name: values.tolist() for name, values in results.record.restarts.items()},
        "ancestry": [asdict(ancestor) for ancestor in results.record.ancestry],
    }


def _models(results: Results) -> dict[str, Any]:
    models: dict[str, Any] = {"bar": None, "continuum": None}
    if results.bar is not None:
        models["bar"] = _model(results, results.bar)
    if results.continuum is not None:
        models["continuum"] = _model(results, results.continuum.response) | {
            "dofs": results.continuum.n_dofs
        }
    return models


def _model(results: Results, response: Response) -> dict[str, Any]:
    task = results.problem.task
    return {
        "flexibility_mm_per_N": response.flexibility.tolist(),
        "metrics": task.metrics(response.flexibility) if task is not None else {},
    }
