"""Features for laboratory use: pads, eyelets, an id on a tab, and dots for optical tracking.

All of them are parts of the tiling. Their positions are determined by `geometry.placing`.
"""

from __future__ import annotations

from dataclasses import dataclass

import shapely

from geometry.attachments import Lug, Tab
from geometry.builder import Point, TilingBuilder
from geometry.tiling import Relief
from mnnfab.arrays import FloatArray

#: Approximate width of the strokes of letters, mm.
STROKE_MM = 0.5


@dataclass(frozen=True)
class Features:
    """Features that are added to the hubs and bonds of a part.

    Args:
        lugs: pads and eyelets.
        tab: the plate of the id, if there is one.
        letters: the text on the tab, each letter or part of one at its position, mm.
        letter_height_mm: height above the tab; negative if the letters are sunk into it.
        dot_height_mm: height of the dots at the nodes, which are as large as the load discs;
            negative if they are sunk, None if there are none.
    """

    lugs: tuple[Lug, ...] = ()
    tab: Tab | None = None
    letters: tuple[shapely.Polygon, ...] = ()
    letter_height_mm: float = 0.0
    dot_height_mm: float | None = None

    def at(self, node: int) -> list[Lug]:
        """Return the lugs that are attached to the hub of a node."""
        return [lug for lug in self.lugs if lug.node == node]

    def add_letters(self, builder: TilingBuilder, tab: int) -> None:
        """Add the letters to the cell of the tab."""
        for number, letter in enumerate(self.letters):
            oriented = shapely.orient_polygons(letter)
            rings = (oriented.exterior, *oriented.interiors)
            loops = tuple(builder.ring(_open(ring), STROKE_MM) for ring in rings)
            builder.reliefs.append(Relief("letter", number, tab, loops, self.letter_height_mm))

    def add_dots(self, builder: TilingBuilder, nodes: FloatArray, radius_mm: float) -> None:
        """Add a dot to the hub of every node."""
        if self.dot_height_mm is None:
            return
        for node, (x, y) in enumerate(nodes.tolist()):
            circle = builder.circle((x, y), radius_mm, radius_mm)
            builder.reliefs.append(Relief("dot", node, node, (circle,), self.dot_height_mm))


NO_FEATURES = Features()


def _open(ring: shapely.LinearRing) -> list[Point]:
    return [(float(x), float(y)) for x, y in ring.coords[:-1]]
