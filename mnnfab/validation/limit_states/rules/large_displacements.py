"""Difference of the loaded part from linear theory, and of its two models from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, FindingCode, Severity
from mnnfab.validation.limit_states.checks import AssessedPart, LimitStateCheck

if TYPE_CHECKING:
    from mnnfab.loaded_part.assessment import LoadedPart

#: Change of the outputs beyond which linear results should not be used.
ADVISED_CHANGE = 0.05
#: Difference of the frame from the rubber beyond which the frame should not be relied on.
ADVISED_DIFFERENCE = 0.05


def check(part: AssessedPart) -> list[Finding]:
    """Return the change of the outputs by large displacements, and the error of the frame."""
    if part.loaded is None:
        return []
    return [*_change(part.loaded), *_frame_error(part.loaded)]


def _change(loaded: LoadedPart) -> list[Finding]:
    changes = [(case.change, case.case.name) for case in loaded.cases if np.isfinite(case.change)]
    if not changes:
        return []
    change, name = max(changes)
    message = f"large displacements change the outputs by {change:.1%} under “{name}”"
    severity: Severity = "info" if change <= ADVISED_CHANGE else "warning"
    return [Finding("nonlinear", severity, "outputs", message, None, change, ADVISED_CHANGE)]


def _frame_error(loaded: LoadedPart) -> list[Finding]:
    difference, limit = loaded.checked.difference, ADVISED_DIFFERENCE
    if difference is None:
        return []
    message = (
        f"outputs of frame and rubber differ by {difference:.1%} over "
        f"{len(loaded.checked.samples)} samples"
    )
    severity: Severity = "info" if difference <= limit else "warning"
    return [Finding("frame-error", severity, "outputs", message, None, difference, limit)]


CHECK = LimitStateCheck(
    rank=45,
    run=check,
    codes=(
        FindingCode(
            "nonlinear",
            "limit-state",
            ("warning", "info"),
            (
                "Difference of the outputs of a load case from linear theory: norm of the "
                "difference of rubber and linear continuum over the norm of the linear outputs."
            ),
            "Use the results of the loaded part; reduce the loads if the linear results must hold.",
        ),
        FindingCode(
            "frame-error",
            "limit-state",
            ("warning", "info"),
            (
                "Difference of the outputs of the calibrated frame, which solves all samples, from "
                "those of the rubber model, which solves the critical ones."
            ),
            "Use `--thorough`, which solves all samples by the rubber model.",
        ),
    ),
)
