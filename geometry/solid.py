"""The solid of a tiling as objects of CadQuery."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import cadquery

from geometry.tiling import Tiling
from geometry.topology import build_topology, is_valid_shape
from mnnfab.errors import ToolError


@dataclass(frozen=True, eq=False)
class Model:
    """A solid and its named faces.

    Args:
        solid: one closed solid.
        faces: faces of each hub, bond, pad, eyelet, tab, dot and letter, by its name: `bond_12`
            has all of them, `bond_12_top`, `bond_12_bottom` and `bond_12_side` some.
    """

    solid: cadquery.Solid
    faces: dict[str, list[cadquery.Face]]


def build_solid(tiling: Tiling) -> cadquery.Solid:
    """Extrude a tiling into one solid from z = 0 to its thickness, and check it.

    Raises:
        ToolError: if the solid is invalid according to the kernel, or its volume is not that
            of the tiling.
    """
    solid = cadquery.Solid(build_topology(tiling).solid)
    if not is_valid(solid):
        msg = "the solid is invalid according to the CAD kernel"
        raise ToolError(msg)
    return solid


def build_model(tiling: Tiling) -> Model:
    """Extrude a tiling into a solid with named faces; only the volume is checked.

    Raises:
        ToolError: if the solid's volume is not that of the tiling.
    """
    topology = build_topology(tiling)
    named: defaultdict[str, list[cadquery.Face]] = defaultdict(list)
    for name, side, shape in topology.faces:
        face = cadquery.Face(shape)
        named[name].append(face)
        named[f"{name}_{side}"].append(face)
    return Model(cadquery.Solid(topology.solid), dict(named))


def is_valid(shape: cadquery.Shape) -> bool:
    """Return whether the kernel considers a shape valid; uses all cores."""
    return is_valid_shape(shape.wrapped)
