"""The rubber model: neo-Hookean plane stress with large displacements, without weight."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mnnfab.printed_part.part import PortPart
from mnnfab.validation.model_hierarchy import HierarchyModel, PartModel


def make(part: PortPart) -> PartModel:
    """Return the rubber model; the other models have no weight either."""
    rubber = part.rubber
    body = replace(rubber.body, weight=np.zeros_like(rubber.body.weight))
    return PartModel(replace(rubber, body=body), rubber.n_dofs)


MODEL = HierarchyModel(55, "rubber, large displacements", make)
