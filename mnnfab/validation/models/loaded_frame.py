"""The frame with large rotations, its hubs calibrated by the continuum model, without weight."""

from __future__ import annotations

from dataclasses import replace

from mnnfab.loaded_part.calibrated_frame import calibrated_frame
from mnnfab.printed_part.part import PortPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PortPart) -> PartModel:
    """Return the calibrated frame; the other models have no weight either."""
    frame = replace(calibrated_frame(part).frame, weight=False)
    n_points = frame.frame.n_nodes + frame.frame.n_interior
    return PartModel(frame, 3 * n_points)


MODEL = HierarchyModel(45, "frame, large rotations", make)
