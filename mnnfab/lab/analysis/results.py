"""Output of an analysed experiment: tables, values and an HTML page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from mnnfab.io.json_values import to_jsonable
from mnnfab.io.tables import table_text
from mnnfab.lab.analysis.observations import OBSERVATIONS, observations_of, observations_text
from mnnfab.lab.folder import write_files

if TYPE_CHECKING:
    from mnnfab.lab.analysis.analysis import Analysis

DISPLACEMENTS, ELONGATIONS = "displacements.csv", "elongations.csv"
GRADIENT, VALUES, PAGE = "gradient.csv", "measured.json", "measured.html"


def write_analysis(staging: Path, analysis: Analysis) -> None:
    """Write tables, values and the HTML page of an analysis into a folder."""
    from mnnfab.lab.analysis.pages import analysis_page

    tables = {
        DISPLACEMENTS: _displacements(analysis),
        ELONGATIONS: _elongations(analysis),
        OBSERVATIONS: observations_text(observations_of(analysis)),
        VALUES: json.dumps(values_of(analysis), indent=2) + "\n",
        PAGE: analysis_page(analysis),
    }
    if analysis.gradient is not None:
        tables[GRADIENT] = _gradient(analysis)
    write_files(staging, tables)


def values_of(analysis: Analysis) -> dict[str, object]:
    """Return an analysis as values for JSON."""
    gradient, measurement = analysis.gradient, analysis.measurement
    values: dict[str, object] = {
        "schema": 1,
        "experiment": analysis.experiment.section.name,
        "design": analysis.part.problem.design.name,
        "noise": to_jsonable(
            {
                "joint_mm": measurement.noise.node_mm,
                "shift_mm": measurement.noise.shift_mm,
                "n_free": measurement.noise.n_free,
            }
        ),
        "steps": [step.name for step in measurement.steps],
        "findings": [finding.as_json() for finding in analysis.findings],
    }
    if gradient is not None:
        values["loss"] = {"measured": gradient.loss, "sd": gradient.loss_sd}
        if gradient.flexibility is not None:
            values["flexibility_mm_per_N"] = gradient.flexibility.tolist()
        values["gradient"] = {
            name: to_jsonable(gradient.compare_with(reference))
            for name, reference in analysis.gradients.items()
        }
    return values


def _displacements(analysis: Analysis) -> str:
    measurement, prediction = analysis.measurement, analysis.prediction
    header = (
        *("step", "node", "x_mm", "y_mm", "ux_mm", "uy_mm", "sd_mm"),
        *("bars_ux_mm", "bars_uy_mm", "continuum_ux_mm", "continuum_uy_mm"),
        *("print_sd_x_mm", "print_sd_y_mm", "rubber_ux_mm", "rubber_uy_mm"),
    )
    rows = [
        (
            step.name,
            node,
            *measurement.zero_mm[node].tolist(),
            *measurement.displacements_mm[s, node].tolist(),
            float(measurement.displacement_sd_mm[s, node]),
            *prediction.bars_mm[s, node].tolist(),
            *prediction.continuum_mm[s, node].tolist(),
            *prediction.sd_mm[s, node].tolist(),
            *prediction.loaded_mm[s, node].tolist(),
        )
        for s, step in enumerate(measurement.steps)
        for node in range(measurement.network.n_nodes)
    ]
    return table_text(header, rows)


def _elongations(analysis: Analysis) -> str:
    measurement, network = analysis.measurement, analysis.measurement.network
    prediction = analysis.prediction
    models = [
        measurement.elongations_of(measurement.zero_mm, displacements)
        for displacements in (prediction.bars_mm, prediction.continuum_mm, prediction.loaded_mm)
    ]
    measured, sd = measurement.elongations_mm, measurement.elongation_sd_mm
    rows = [
        (
            step.name,
            bond,
            *network.bonds[bond].tolist(),
            float(measured[s, bond]),
            float(sd[s, bond]),
            *(float(model[s, bond]) for model in models),
        )
        for s, step in enumerate(measurement.steps)
        for bond in range(network.n_bonds)
    ]
    header = (
        *("step", "bond", "node_i", "node_j", "measured_mm", "sd_mm"),
        *("bars_mm", "continuum_mm", "rubber_mm"),
    )
    return table_text(header, rows)


def _gradient(analysis: Analysis) -> str:
    gradient, network = analysis.gradient, analysis.measurement.network
    assert gradient is not None, "called only if there is a gradient"
    rows = [
        (
            bond,
            *network.bonds[bond].tolist(),
            float(gradient.gradient[bond]),
            float(gradient.sd[bond]),
            float(gradient.half_width[bond]),
            "yes" if gradient.sign_undetermined[bond] else "no",
            *(float(reference[bond]) for reference in analysis.gradients.values()),
        )
        for bond in range(network.n_bonds)
    ]
    header = (
        *("bond", "node_i", "node_j", "measured", "sd", "half_width_95", "below_noise"),
        *analysis.gradients,
    )
    return table_text(header, rows)
