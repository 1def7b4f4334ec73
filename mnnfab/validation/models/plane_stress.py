"""The continuum model in plane stress, refined until it has converged."""

from __future__ import annotations

from mnnfab.printed_part.part import PrintedPart
from mnnfab.validation.model_hierarchy import Answer, HierarchyModel


def solve(part: PrintedPart) -> Answer:
    """Return the response of the continuum model."""
    return Answer(part.continuum.response, part.continuum.n_dofs)


MODEL = HierarchyModel(50, "continuum, plane stress", solve)
