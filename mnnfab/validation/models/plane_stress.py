"""The continuum model in plane stress, refined until it has converged."""

from __future__ import annotations

from mnnfab.printed_part.part import PrintedPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PrintedPart) -> PartModel:
    """Return the continuum model."""
    return PartModel(part.continuum.response, part.continuum.n_dofs)


MODEL = HierarchyModel(50, "continuum, plane stress", make)
