"""Prediction of the rubber model by the corrected frame on which the widths were trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnnfab.findings import Finding, check_limit

if TYPE_CHECKING:
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.printed_part.part import PortPart


def check_frame_prediction(part: PortPart, loaded: LoadedPart | None) -> list[Finding]:
    """Return a finding on the prediction of all samples; none without a correction of the frame."""
    problem = part.problem
    section = problem.design.compensate
    if section is None or problem.surrogate.frame is None or loaded is None:
        return []
    from mnnfab.trainable_models.loaded_frame import loaded_frame_model

    predicted = loaded_frame_model(problem).port_model(part.widths_mm)
    samples = loaded.checked.samples
    found = loaded.checked.rubber_mm
    difference = predicted.outputs(problem.task.loads_N[samples]) - found
    known = np.isfinite(difference).all(axis=1)
    size = np.linalg.norm(found[known])
    ratio = float(np.linalg.norm(difference[known]) / size) if size else np.nan
    what = f"difference of corrected frame and rubber model over {int(known.sum())} samples"
    return [check_limit("prediction", "outputs", what, ratio, section.tolerance, ".3%")]
