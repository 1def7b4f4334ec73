"""Bars of true length: pinned springs with large displacements."""

from __future__ import annotations

from fem.bar_equilibrium import TrueLengthBars
from fem.nonlinear_bars import NonlinearBars
from mnnfab.printed_part.part import PortPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PortPart) -> PartModel:
    """Return the bars of true length, with the stiffness law of the design."""
    problem, task = part.problem, part.problem.task
    bars = NonlinearBars(problem.network, problem.law.stiffness(part.widths_mm))
    return PartModel(
        TrueLengthBars(bars, task.inputs, task.outputs), len(problem.network.free_dofs)
    )


MODEL = HierarchyModel(35, "bars of true length", make)
