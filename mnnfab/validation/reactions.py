"""Check of the reactions of prescribed displacements."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnnfab.findings import Finding
from mnnfab.losses.bands import band_text
from mnnfab.task.task import Task
from mnnfab.units import NEWTON_PER_GF


def check_reactions(task: Task) -> list[Finding]:
    """Return a finding for each prescribed displacement, with its reaction and target.

    Args:
        task: task whose loads have the reactions of the part.
    """
    findings = []
    for one in reaction_values(task):
        message = (
            f"{one['input']}: reaction {one['reaction_gf']:.4g} gf at a displacement of "
            f"{one['displacement_mm']:g} mm"
        )
        if one["target_gf"] is not None:
            message += f"; target {one['target_gf']} gf"
        missed = one["deviation"] > 1.0
        findings.append(Finding("reaction", "error" if missed else "info", one["case"], message))
    return findings


def reaction_values(task: Task | None) -> list[dict[str, Any]]:
    """Return the prescribed displacements and their reactions as JSON values."""
    if task is None or task.prescribed is None:
        return []
    prescribed, bands = task.prescribed, task.reactions
    in_gf = None if bands is None else bands.times(1 / NEWTON_PER_GF)
    deviations = np.zeros_like(task.loads_N) if bands is None else bands.deviations(task.loads_N)
    values = []
    for sample, place in np.argwhere(~np.isnan(prescribed.displacements_mm)).tolist():
        number = int(prescribed.inputs[place])
        values.append(
            {
                "case": task.load_cases[sample].name,
                "input": str(task.inputs[number]),
                "displacement_mm": float(prescribed.displacements_mm[sample, place]),
                "reaction_N": float(task.loads_N[sample, number]),
                "reaction_gf": float(task.loads_N[sample, number]) / NEWTON_PER_GF,
                "target_gf": None if in_gf is None else band_text(in_gf, sample, number),
                "deviation": float(deviations[sample, number]),
            }
        )
    return values
