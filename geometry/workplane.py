"""The part as a CadQuery Workplane whose faces are tagged by bond and hub."""

from __future__ import annotations

import cadquery

from geometry.solid import build_model
from geometry.tiling import Tiling


def workplane(tiling: Tiling) -> cadquery.Workplane:
    """Return a part on the XY plane, the z axis through its thickness.

    Every hub, bond, pad, eyelet, tab, dot and letter is a tag of its faces:
    `part.faces(tag="bond_12_top")`, and `_bottom` and `_side`; `bond_12` has all of them.

    Raises:
        ToolError: if the solid's volume is not that of the tiling.
    """
    model = build_model(tiling)
    part = cadquery.Workplane("XY").newObject([model.solid])
    for name, faces in model.faces.items():
        part.newObject(list(faces)).tag(name)
    return part
