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


def write_analysis(staging: Path, found: Analysis) -> None:
    """Write tables, values and the HTML page of an analysis into a folder."""
    from mnnfab.lab.analysis.pages import analysis_page

    tables = {
        DISPLACEMENTS: _displacements(found),
        ELONGATIONS: _elongations(found),
        OBSERVATIONS: observations_text(observations_of(found)),
        VALUES: json.dumps(values_of(found), indent=2) + "\n",
        PAGE: analysis_page(found),
    }
    if found.gradient is not None:
        tables[GRADIENT] = _gradient(found)
    write_files(staging, tables)


def values_of(found: Analysis) -> dict[str, object]:
    """Return an analysis as values for JSON."""
    gradient, measurement = found.gradient, found.measurement
    values: dict[str, object] = {
        "schema": 1,
        "experiment": found.experiment.section.name,
        "design": found.part.problem.design.name,
        "noise": to_jsonable(measurement.noise),
        "steps": [step.name for step in measurement.steps],
        "findings": [finding.as_json() for finding in found.findings],
    }
    if gradient is not None:
        values["loss"] = {"measured": gradient.loss, "sd": gradient.loss_sd}
        values["flexibility_mm_per_N"] = gradient.flexibility.tolist()
        values["gradient"] = {
            name: to_jsonable(gradient.against(reference))
            for name, reference in found.gradients.items()
        }
    return values


def _displacements(found: Analysis) -> str:
    measurement, prediction = found.measurement, found.prediction
    header = (
        *("step", "node", "x_mm", "y_mm", "ux_mm", "uy_mm", "sd_mm"),
        *("bars_ux_mm", "bars_uy_mm", "continuum_ux_mm", "continuum_uy_mm"),
        *("print_sd_x_mm", "print_sd_y_mm"),
    )
    rows = [
        (
            step.name,
            node,
            *measurement.zero_mm[node].tolist(),
            *measurement.moved_mm[s, node].tolist(),
            float(measurement.displacement_sd_mm[s, node]),
            *prediction.bars_mm[s, node].tolist(),
            *prediction.continuum_mm[s, node].tolist(),
            *prediction.sd_mm[s, node].tolist(),
        )
        for s, step in enumerate(measurement.steps)
        for node in range(measurement.network.n_nodes)
    ]
    return table_text(header, rows)


def _elongations(found: Analysis) -> str:
    measurement, network = found.measurement, found.measurement.network
    models = [
        measurement.elongations_of(measurement.zero_mm, moved)
        for moved in (found.prediction.bars_mm, found.prediction.continuum_mm)
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
    header = ("step", "bond", "node_i", "node_j", "measured_mm", "sd_mm", "bars_mm", "continuum_mm")
    return table_text(header, rows)


def _gradient(found: Analysis) -> str:
    gradient, network = found.gradient, found.measurement.network
    assert gradient is not None, "called only if there is a gradient"
    rows = [
        (
            bond,
            *network.bonds[bond].tolist(),
            float(gradient.gradient[bond]),
            float(gradient.sd[bond]),
            float(gradient.half_width[bond]),
            "yes" if gradient.below_noise[bond] else "no",
            *(float(reference[bond]) for reference in found.gradients.values()),
        )
        for bond in range(network.n_bonds)
    ]
    header = (
        *("bond", "node_i", "node_j", "measured", "sd", "half_width_95", "below_noise"),
        *found.gradients,
    )
    return table_text(header, rows)
