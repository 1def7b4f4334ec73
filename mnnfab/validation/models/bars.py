"""The bar model with each of the stiffness laws."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from mnnfab.model.stiffness_law import LawName
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.part import PortPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PortPart, law: LawName) -> PartModel:
    """Return the bar model with a stiffness law."""
    problem = part.problem
    schedule = problem.design.schedule.model_copy(update={"stiffness_law": law})
    design = problem.design.model_copy(update={"training": schedule})
    with_law = calibrated(replace(problem, design=design), part.timer)
    return PartModel(with_law.response(part.widths_mm), len(problem.network.free_dofs))


MODEL = (
    HierarchyModel(10, "bars, k = E w t / a", partial(make, law="bar")),
    HierarchyModel(20, "bars, joints in series", partial(make, law="series")),
    HierarchyModel(30, "bars, calibrated stiffness law", partial(make, law="calibrated")),
)
