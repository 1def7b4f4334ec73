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
    from mnnfab.lab.material.identifying import Identification

VALUES, BONDS, PAGE = "identified.json", "bonds.csv", "identified.html"


def write_identification(staging: Path, found: Identification) -> None:
    """Write all results into a folder."""
    material = found.problem.material
    files = {
        PROFILE: profile_text(material, found.material, found.creep, found.sources),
        VALUES: json.dumps(identified_values(found), indent=2) + "\n",
        PAGE: _page(found),
    }
    if found.bonds is not None:
        files[BONDS] = _bonds(found)
    write_files(staging, files)


def identified_values(found: Identification) -> dict[str, object]:
    """Return the results as values for JSON."""
    return {
        "schema": 1,
        "material": to_jsonable(found.material),
        "creep": to_jsonable(found.creep) if found.creep else None,
        "findings": [finding.as_json() for finding in found.findings],
    }


def identified_text(found: Identification) -> str:
    """Return a summary of the results as text."""
    lines = []
    for row in _rows(found):
        interval = f" ({row['low']:.4g} to {row['high']:.4g})" if row["low"] is not None else ""
        words = f"; {row['words']}" if row["words"] else ""
        lines.append(
            f"{row['name']}: {row['value']:.4g}{interval}, designed {row['design']:.4g}{words}"
        )
    if found.creep is not None:
        slope, half = found.creep.slope, found.creep.half_width
        lines.append(f"creep: {slope:.2%} ± {half:.2%} per decade of time")
    return "\n".join(lines)


def _rows(found: Identification) -> list[dict[str, object]]:
    material, problem = found.material, found.problem
    modulus, joint = material.modulus_MPa, material.joint_length_mm
    rows: list[dict[str, object]] = [
        {
            "name": "Young's modulus, MPa",
            "value": modulus.value,
            "low": modulus.low,
            "high": modulus.high,
            "design": problem.material.youngs_modulus_MPa,
            "words": "effective value" if material.joint_fixed else "",
        },
        {
            "name": "effective joint length, mm",
            "value": joint.value,
            # A fixed length has no interval.
            "low": None if material.joint_fixed else joint.low,
            "high": None if material.joint_fixed else joint.high,
            "design": material.drawn_joint_mm,
            "words": "not identifiable, fixed as drawn" if material.joint_fixed else "",
        },
    ]
    return rows


def _bonds(found: Identification) -> str:
    bonds, network = found.bonds, found.problem.network
    assert bonds is not None, "called only if bonds were identified"
    rows = [
        (
            b,
            *network.bonds[b].tolist(),
            float(bonds.ratio[b] * bonds.common),
            float(bonds.sd[b] * bonds.common),
            "yes" if bonds.told[b] else "no",
        )
        for b in range(network.n_bonds)
    ]
    return table_text(("bond", "node_i", "node_j", "stiffness_ratio", "sd", "told"), rows)


def _page(found: Identification) -> str:
    from mnnfab.report.template import render
    from mnnfab.validation.finding_codes import grouped_findings

    return render(
        "identified.html",
        title=f"Material of {found.problem.design.name}",
        design=found.problem.design.name,
        sources=found.sources,
        rows=_rows(found),
        **grouped_findings(found.findings),
        creep=found.creep,
        picture=None if found.bonds is None else _picture(found),
    )


def _picture(found: Identification) -> str:
    from matplotlib.figure import Figure

    from mnnfab.report.figures import address_of
    from mnnfab.report.sketch import draw_bonds

    bonds = found.bonds
    assert bonds is not None, "called only if bonds were identified"
    figure = Figure(figsize=(7, 5.5), layout="constrained")
    change = 100 * (bonds.ratio - 1)
    lines = np.where(bonds.told, 6.0, 1.5)
    label = "change of stiffness against the design, %"
    draw_bonds(figure.subplots(), found.problem.network, change, label, lines=lines)
    return address_of(figure, "svg")
