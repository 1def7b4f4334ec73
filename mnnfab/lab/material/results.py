"""Output of an identification: profile, values, table of bonds and HTML page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.io.json_values import to_jsonable
from mnnfab.io.tables import table_text
from mnnfab.lab.folder import write_files
from mnnfab.lab.material.profile import PROFILE, profile_text

if TYPE_CHECKING:
    from mnnfab.lab.material.identification import Estimate, Identified
    from mnnfab.lab.material.identifying import Identification

VALUES, BONDS, PAGE = "identified.json", "bonds.csv", "identified.html"


def write_identification(staging: Path, identification: Identification) -> None:
    """Write all results into a folder."""
    material = identification.problem.material
    files = {
        PROFILE: profile_text(
            material, identification.material, identification.creep, identification.sources
        ),
        VALUES: json.dumps(identified_values(identification), indent=2) + "\n",
        PAGE: _page(identification),
    }
    if identification.bonds is not None:
        files[BONDS] = _bonds(identification)
    write_files(staging, files)


def identified_values(identification: Identification) -> dict[str, object]:
    """Return the results as values for JSON."""
    return {
        "schema": 1,
        "material": to_jsonable(_material_values(identification.material)),
        "creep": to_jsonable(identification.creep) if identification.creep else None,
        "findings": [finding.as_json() for finding in identification.findings],
    }


def _material_values(material: Identified) -> dict[str, object]:
    """Return the identified parameters, under the keys of identified.json."""
    return {
        "modulus_MPa": _estimate_values(material.modulus_MPa),
        "joint_length_mm": _estimate_values(material.joint_length_mm),
        "correlation": material.correlation,
        "misfit": material.misfit,
        "n_readings": material.n_readings,
        "joint_fixed": material.joint_fixed,
        "with_drawn_joints_MPa": _estimate_values(material.with_drawn_joints_MPa),
        "drawn_joint_mm": material.drawn_joint_mm,
        "at_a_limit": material.at_a_limit,
    }


def _estimate_values(estimate: Estimate) -> dict[str, object]:
    return {
        "value": estimate.value,
        "sd": estimate.sd,
        "low": estimate.low,
        "high": estimate.high,
        "told": estimate.identifiable,
    }


def identified_text(identification: Identification) -> str:
    """Return a summary of the results as text."""
    lines = []
    for row in _rows(identification):
        interval = f" ({row['low']:.4g} to {row['high']:.4g})" if row["low"] is not None else ""
        note = f"; {row['note']}" if row["note"] else ""
        lines.append(
            f"{row['name']}: {row['value']:.4g}{interval}, designed {row['design']:.4g}{note}"
        )
    if identification.creep is not None:
        slope, half = identification.creep.slope, identification.creep.half_width
        lines.append(f"creep: {slope:.2%} ± {half:.2%} per decade of time")
    return "\n".join(lines)


def _rows(identification: Identification) -> list[dict[str, object]]:
    material, problem = identification.material, identification.problem
    modulus, joint = material.modulus_MPa, material.joint_length_mm
    rows: list[dict[str, object]] = [
        {
            "name": "Young's modulus, MPa",
            "value": modulus.value,
            "low": modulus.low,
            "high": modulus.high,
            "design": problem.material.youngs_modulus_MPa,
            "note": "effective value" if material.joint_fixed else "",
        },
        {
            "name": "effective joint length, mm",
            "value": joint.value,
            # A fixed length has no interval.
            "low": None if material.joint_fixed else joint.low,
            "high": None if material.joint_fixed else joint.high,
            "design": material.drawn_joint_mm,
            "note": "not identifiable, fixed as drawn" if material.joint_fixed else "",
        },
    ]
    return rows


def _bonds(identification: Identification) -> str:
    bonds, network = identification.bonds, identification.problem.network
    assert bonds is not None, "called only if bonds were identified"
    rows = [
        (
            b,
            *network.bonds[b].tolist(),
            float(bonds.ratio[b] * bonds.common),
            float(bonds.sd[b] * bonds.common),
            "yes" if bonds.identifiable[b] else "no",
        )
        for b in range(network.n_bonds)
    ]
    return table_text(("bond", "node_i", "node_j", "stiffness_ratio", "sd", "told"), rows)


def _page(identification: Identification) -> str:
    from mnnfab.report.template import render
    from mnnfab.validation.finding_codes import grouped_findings

    return render(
        "identified.html",
        title=f"Material of {identification.problem.design.name}",
        design=identification.problem.design.name,
        sources=identification.sources,
        rows=_rows(identification),
        **grouped_findings(identification.findings),
        creep=identification.creep,
        picture=None if identification.bonds is None else _picture(identification),
    )


def _picture(identification: Identification) -> str:
    from matplotlib.figure import Figure

    from mnnfab.report.figures import address_of
    from mnnfab.report.sketch import draw_bonds

    bonds = identification.bonds
    assert bonds is not None, "called only if bonds were identified"
    figure = Figure(figsize=(7, 5.5), layout="constrained")
    change = 100 * (bonds.ratio - 1)
    lines = np.where(bonds.identifiable, 6.0, 1.5)
    label = "change of stiffness against the design, %"
    draw_bonds(figure.subplots(), identification.problem.network, change, label, lines=lines)
    return address_of(figure, "svg")
