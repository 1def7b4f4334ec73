"""A part in the forms that files need: as a solid, as facets, as a drawing."""

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
    from OCP.TopoDS import TopoDS_Solid

    from geometry.tiling import Tiling

Box = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class Label:
    """Metadata of a part, written to its files as far as the format supports it.

    Args:
        name: name of the part; the stem of its files.
        design_sha256: hash of the design and its widths, hexadecimal; empty if there is none.
        material: name of the material.
        description: one line of text.
    """

    name: str
    design_sha256: str = ""
    material: str = ""
    description: str = ""


@dataclass(frozen=True, eq=False)
class Part(ABC):
    """One solid in three forms, each created on first use."""

    label: Label

    @property
    @abstractmethod
    def volume_mm3(self) -> float:
        """Exact volume."""

    @property
    @abstractmethod
    def bounding_box_mm(self) -> Box:
        """Minimum and maximum x, y, z."""

    @property
    @abstractmethod
    def curved_mm2(self) -> float:
        """Area of all faces that are not plane, on which facets have a volume error."""

    @property
    def area_mm2(self) -> float | None:
        """Area within the outline of its drawing; None if there is no drawing."""
        return None

    @property
    def drawing(self) -> Drawing | None:
        """The part in the plane; None if it is not a plate."""
        return None

    @property
    @abstractmethod
    def topology(self) -> TopoDS_Solid:
        """The exact solid as a shape of the CAD kernel, which this loads."""

    @property
    @abstractmethod
    def solid(self) -> cadquery.Solid:
        """The exact solid; loads CadQuery."""

    @abstractmethod
    def facets(self, tolerance_mm: float) -> Facets:
        """Return the surface as triangles no further from it than the tolerance."""


@dataclass(frozen=True, eq=False)
class TiledPart(Part):
    """A part defined by a tiling.

    Args:
        tiling: tiling of the part.
        merged_caps: whether its top is one face instead of one per cell.
    """

    tiling: Tiling
    merged_caps: bool = False

    @property
    def volume_mm3(self) -> float:
        """Exact volume."""
        return self.tiling.volume_mm3

    @property
    def bounding_box_mm(self) -> Box:
        """Minimum and maximum x, y, z."""
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
    def topology(self) -> TopoDS_Solid:
        """The exact solid; its volume is checked here, its validity when a file is read back."""
        from geometry.topology import build_topology

        return build_topology(merged(self.tiling) if self.merged_caps else self.tiling).solid

    @cached_property
    def solid(self) -> cadquery.Solid:
        """The exact solid."""
        import cadquery

        return cadquery.Solid(self.topology)

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
        """Exact volume, from the CAD kernel."""
        return float(self.shape.Volume())

    @cached_property
    def bounding_box_mm(self) -> Box:
        """Minimum and maximum x, y, z."""
        box = self.shape.BoundingBox()
        return (box.xmin, box.ymin, box.zmin), (box.xmax, box.ymax, box.zmax)

    @property
    def curved_mm2(self) -> float:
        """Area of all faces that are not plane."""
        return sum(face.Area() for face in self.shape.Faces() if face.geomType() != "PLANE")

    @property
    def topology(self) -> TopoDS_Solid:
        """The exact solid as a shape of the CAD kernel."""
        return self.shape.wrapped

    @property
    def solid(self) -> cadquery.Solid:
        """The exact solid."""
        return self.shape

    def facets(self, tolerance_mm: float) -> Facets:
        """Return the surface as triangles, from the mesher of the CAD kernel."""
        from geometry.facets import MAX_CHORD_ANGLE

        vertices, triangles = self.shape.tessellate(tolerance_mm, MAX_CHORD_ANGLE)
        return joined_facets(
            np.array([vertex.toTuple() for vertex in vertices])[np.array(triangles)]
        )
