"""The beam (frame) model: rigid joints and bonds that bend."""

from __future__ import annotations

from fem.beams import beam_response, make_beam_model
from mnnfab.printed_part.part import PortPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PortPart) -> PartModel:
    """Return the beam model."""
    problem, task = part.problem, part.problem.task
    fabrication = problem.with_effective_joints.design.fabrication
    frame = make_beam_model(problem.network, part.widths_mm, problem.material, fabrication)
    return PartModel(beam_response(frame, task.inputs, task.outputs), len(frame.free))


MODEL = HierarchyModel(40, "frame, beam elements", make)
