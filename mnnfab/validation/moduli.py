"""Check of the effective moduli of a network that repeats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import GeometryError, ToolError
from mnnfab.findings import Finding, Severity
from mnnfab.io.short_repr import short_repr
from mnnfab.task.modulus_targets import ModulusTargets
from mnnfab.trainable_models.modulus_loss import beam_cell

if TYPE_CHECKING:
    from fem.homogenisation.continuum import CellModuli
    from mnnfab.model.moduli import Moduli
    from mnnfab.network.periodic import PeriodicCell
    from mnnfab.printed_part.part import PrintedPart


@dataclass(frozen=True, eq=False)
class EffectiveModuli:
    """Effective moduli of a part.

    Args:
        cell: the cell.
        beams: moduli by beams.
        continuum: moduli by plane stress on one period of the printed shape.
        targets: targets; None without any.
    """

    cell: PeriodicCell
    beams: Moduli
    continuum: CellModuli
    targets: ModulusTargets | None

    __repr__ = short_repr


def effective_moduli(part: PrintedPart) -> tuple[EffectiveModuli | None, tuple[Finding, ...]]:
    """Return the effective moduli of a part; None if its network does not repeat.

    If they cannot be computed, there is a finding: an error if they have targets.
    """
    problem = part.problem
    targets = problem.task.moduli if problem.task is not None else None
    try:
        found = part.cell_moduli
    except (ToolError, GeometryError) as error:
        severity: Severity = "warning" if targets is None else "error"
        message = f"the effective moduli were not computed: {error}"
        return None, (Finding("no-moduli", severity, "moduli", message),)
    if problem.periodicity is None or found is None:
        return None, ()
    widths = problem.periodicity.cell_widths(part.widths_mm)
    beams = beam_cell(problem, problem.periodicity).moduli(widths)
    return EffectiveModuli(problem.periodicity.cell, beams, found, targets), ()


def check_moduli(found: EffectiveModuli | None, tolerance: float) -> list[Finding]:
    """Return a finding for each target of a modulus, and one on a mesh that is too coarse.

    Args:
        found: the moduli; None if the network does not repeat.
        tolerance: tolerance of the discretisation error.
    """
    if found is None:
        return []
    findings = [] if found.targets is None else _targets(found, found.targets)
    error = found.continuum.error
    if error > tolerance:
        message = f"estimated discretisation error {error:.2%}, tolerance {tolerance:.2%}"
        findings.append(Finding("coarse-cell", "warning", "moduli", message))
    return findings


def _targets(found: EffectiveModuli, targets: ModulusTargets) -> list[Finding]:
    values = targets.values(found.continuum.moduli)
    met = targets.deviations(values) <= 1.0
    by_beams = targets.values(found.beams)
    return [
        Finding(
            "effective-modulus",
            "info" if ok else "error",
            "moduli",
            f"{name}: {value:.4g} of the continuum, {beam:.4g} of beams; target {text}",
        )
        for name, value, beam, text, ok in zip(
            targets.names,
            values.tolist(),
            by_beams.tolist(),
            targets.texts,
            np.asarray(met).tolist(),
            strict=True,
        )
    ]
