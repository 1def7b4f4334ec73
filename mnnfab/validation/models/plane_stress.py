"""The continuum model in plane stress, refined until it has converged."""

from __future__ import annotations

from mnnfab.printed_part.part import PortPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PortPart) -> PartModel:
    """Return the continuum model."""
    return PartModel(part.continuum.response, part.continuum.n_dofs)


MODEL = HierarchyModel(50, "continuum, plane stress", make)
