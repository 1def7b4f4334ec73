"""Check of the reactions of prescribed displacements."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnnfab.findings import Finding
from mnnfab.losses.bands import Bands, band_text
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
            f"{one['input']} is moved by {one['moved_mm']:g} mm by a load of "
            f"{one['reaction_gf']:.4g} gf"
        )
        if one["target_gf"] is not None:
            message += f"; target {one['target_gf']} gf"
        missed = one["deviation"] > 1.0
        findings.append(Finding("reaction", "error" if missed else "info", one["case"], message))
    return findings


def reaction_values(task: Task | None) -> list[dict[str, Any]]:
    """Return the prescribed displacements and their reactions as JSON values."""
    if task is None or task.moves is None:
        return []
    moves, bands = task.moves, task.reactions
    in_gf = None if bands is None else _in_gf(bands)
    deviations = np.zeros_like(task.loads_N) if bands is None else bands.deviations(task.loads_N)
    values = []
    for sample, place in np.argwhere(~np.isnan(moves.moves_mm)).tolist():
        number = int(moves.inputs[place])
        values.append(
            {
                "case": task.load_cases[sample].name,
                "input": str(task.inputs[number]),
                "moved_mm": float(moves.moves_mm[sample, place]),
                "reaction_N": float(task.loads_N[sample, number]),
                "reaction_gf": float(task.loads_N[sample, number]) / NEWTON_PER_GF,
                "target_gf": None if in_gf is None else band_text(in_gf, sample, number),
                "deviation": float(deviations[sample, number]),
            }
        )
    return values


def _in_gf(bands: Bands) -> Bands:
    low, high, tolerance = (
        size / NEWTON_PER_GF for size in (bands.low, bands.high, bands.tolerance)
    )
    return Bands(low, high, tolerance, bands.weight)
