"""A part as those who write files want it: as a solid, as facets, as a drawing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from geometry.drawing import Drawing, part_drawing
from geometry.facets import Facets, joined_facets, make_facets
from geometry.outline import merged

if TYPE_CHECKING:
    import cadquery

    from geometry.tiling import Tiling

Box = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Label:
    """What a file should say of its part, as far as its format has room.

    Args:
        name: of the part; the stem of its files.
        design_sha256: tells the design and its widths, hexadecimal; empty if there is none.
        material: in words.
        description: in one line.
    """

    name: str
    design_sha256: str = ""
    material: str = ""
    description: str = ""


@dataclass(frozen=True, eq=False)
class Part(ABC):
    """One solid in three forms, each made when it is first asked for."""

    label: Label

    @property
    @abstractmethod
    def volume_mm3(self) -> float:
        """Exact volume."""

    @property
    @abstractmethod
    def bounding_box_mm(self) -> Box:
        """Least and greatest x, y, z."""

    @property
    @abstractmethod
    def curved_mm2(self) -> float:
        """Area of all faces that are not plane, off which facets cut slices."""

    @property
    def area_mm2(self) -> float | None:
        """Area within the outline of its drawing; none if there is no drawing."""
        return None

    @property
    def drawing(self) -> Drawing | None:
        """The part in the plane; none if it is more than a plate."""
        return None

    @property
    @abstractmethod
    def solid(self) -> cadquery.Solid:
        """The exact solid; loads the CAD kernel."""

    @abstractmethod
    def facets(self, tolerance_mm: float) -> Facets:
        """Return the surface as triangles no further from it than the tolerance."""


@dataclass(frozen=True, eq=False)
class TiledPart(Part):
    """A part that follows from a tiling.

    Args:
        tiling: of the part.
        merged_caps: one face for its whole top instead of one a cell.
    """

    tiling: Tiling
    merged_caps: bool = False

    @property
    def volume_mm3(self) -> float:
        """Exact volume."""
        return self.tiling.volume_mm3

    @property
    def bounding_box_mm(self) -> Box:
        """Least and greatest x, y, z."""
        return self.tiling.bounding_box_mm

    @property
    def curved_mm2(self) -> float:
        """Area of the walls along arcs."""
        tiling = self.tiling
        walls = [(edge, tiling.thickness_mm) for edge in tiling.free_edges.tolist()]
        for relief in tiling.reliefs:
            walls += [(edge, abs(relief.height_mm)) for loop in relief.loops for edge, _ in loop]
        arcs = [(tiling.arc(edge), height) for edge, height in walls if tiling.bulges[edge]]
        return sum(arc.radius * arc.sweep * height for arc, height in arcs)

    @property
    def area_mm2(self) -> float:
        """Area within the outline."""
        return self.tiling.area_mm2

    @cached_property
    def drawing(self) -> Drawing:
        """The part in the plane."""
        return part_drawing(self.tiling)

    @cached_property
    def solid(self) -> cadquery.Solid:
        """The exact solid; its volume is checked, its validity is left to who reads it back."""
        from geometry.solid import build_model

        return build_model(merged(self.tiling) if self.merged_caps else self.tiling).solid

    def facets(self, tolerance_mm: float) -> Facets:
        """Return the surface as triangles no further from it than the tolerance."""
        return make_facets(self.tiling, tolerance_mm)


@dataclass(frozen=True, eq=False)
class SolidPart(Part):
    """A part that was made or changed in CadQuery.

    Args:
        shape: one closed solid.
    """

    shape: cadquery.Solid

    @cached_property
    def volume_mm3(self) -> float:
        """Exact volume, as the kernel has it."""
        return float(self.shape.Volume())

    @cached_property
    def bounding_box_mm(self) -> Box:
        """Least and greatest x, y, z."""
        box = self.shape.BoundingBox()
        return (box.xmin, box.ymin, box.zmin), (box.xmax, box.ymax, box.zmax)

    @property
    def curved_mm2(self) -> float:
        """Area of all faces that are not plane."""
        return sum(face.Area() for face in self.shape.Faces() if face.geomType() != "PLANE")

    @property
    def solid(self) -> cadquery.Solid:
        """The exact solid."""
        return self.shape

    def facets(self, tolerance_mm: float) -> Facets:
        """Return the surface as triangles, by the kernel's own mesher."""
        from geometry.facets import MOST_TURN

        vertices, triangles = self.shape.tessellate(tolerance_mm, MOST_TURN)
        return joined_facets(
            np.array([vertex.toTuple() for vertex in vertices])[np.array(triangles)]
        )
