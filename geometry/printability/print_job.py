"""What is printed: a part on a printer, with its triangles and a section through them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from geometry import measures, slicing
from geometry.facets import Facets, make_facets
from geometry.measures import Measure
from geometry.tiling import Tiling
from mnnfab.network.network import Network
from mnnfab.profiles import Material, Printer


@dataclass(frozen=True, eq=False)
class PrintJob:
    """A part on a printer. Each property is computed at its first use, once.

    Args:
        network: nodes and bonds, for names.
        tiling: the part.
        printer: its profile.
        material: its profile.
        facet_tolerance_mm: of arcs in the printed triangles.
    """

    network: Network
    tiling: Tiling
    printer: Printer
    material: Material
    facet_tolerance_mm: float

    @cached_property
    def joint(self) -> Measure:
        """The narrowest joint."""
        joint = measures.smallest(measures.joints(self.tiling, self.network))
        assert joint is not None, "a network has a bond"
        return joint

    @cached_property
    def facets(self) -> Facets:
        """The printed triangles."""
        return make_facets(self.tiling, self.facet_tolerance_mm)

    @cached_property
    def section(self) -> slicing.Slice:
        """A horizontal section of the triangles, below all sunk details and off all vertices."""
        deepest = min((relief.height_mm for relief in self.tiling.reliefs), default=0.0)
        return slicing.cut(self.facets, (self.tiling.thickness_mm + min(deepest, 0.0)) / 2)
