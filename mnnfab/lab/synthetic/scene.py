"""A scene: the board, and in front of it the deformed part, as filled shapes with a shade each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import csc_array

from mnnfab.arrays import FloatArray
from mnnfab.lab.experiment.boards import Board, black_of

if TYPE_CHECKING:
    from fem.continuum import Continuum

#: Light that comes back: paper, ink, the dark rubber, the paint on the dots, a string.
PAPER, INK, RUBBER, PAINT, STRING = 0.85, 0.08, 0.14, 0.80, 0.35
#: Longest straight piece of an edge, mm: what a lens bends is drawn bent.
STEP_MM = 0.5
STRING_MM = 0.25


@dataclass(frozen=True, eq=False)
class Shape:
    """Loops in a plane parallel to the board's, filled where they wind around.

    Args:
        loops: each (n, 2) mm.
        height_mm: in front of the board.
        shade: share of the light that comes back.
    """

    loops: tuple[FloatArray, ...]
    height_mm: float
    shade: float


def board_shape(board: Board) -> Shape:
    """Return what is black on a board."""
    black = black_of(board)
    turned = [shapely.orient_polygons(polygon) for polygon in getattr(black, "geoms", [black])]
    rings = [
        np.array(ring.coords)[:-1]
        for polygon in turned  # holes run the other way around, or they would be filled
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    return Shape(tuple(_finely(ring) for ring in rings), 0.0, INK)


@dataclass(frozen=True, eq=False)
class Part:
    """A part that hangs before a board.

    Args:
        continuum: whose silhouette is seen.
        shift_mm: from the design's axes to the board's, (2,).
        height_mm: of its face in front of the board's.
        dots: whether its load discs are painted, to be tracked.
    """

    continuum: Continuum
    shift_mm: FloatArray
    height_mm: float = 0.0
    dots: bool = True

    def shapes(self, field: FloatArray) -> list[Shape]:
        """Return the part with a displacement, (n_dofs,) mm."""
        from fem.silhouette import disc_outline, silhouette

        places = self.continuum.quadratic_points + self.continuum.at_points(field) + self.shift_mm
        body = tuple(places[loop] for loop in silhouette(self.continuum))
        found = [Shape(body, self.height_mm, RUBBER)]
        if self.dots:
            count = self.continuum.mesh.n_nodes
            discs = tuple(places[disc_outline(self.continuum, node)] for node in range(count))
            found.append(Shape(discs, self.height_mm, PAINT))
        return found

    def joints(self, field: FloatArray) -> FloatArray:
        """Return where the joints are in space, (n_nodes, 3) mm."""
        return self._means(self.continuum.system.readings, field)

    def seats(self, field: FloatArray) -> FloatArray:
        """Return where strings hang, (n_nodes, 3) mm: on the eyelets where there are some."""
        return self._means(self.continuum.system.seats, field)

    def _means(self, regions: csc_array, field: FloatArray) -> FloatArray:
        places = (regions.T @ (places_field(self.continuum) + field)).reshape(-1, 2)
        return np.hstack([places + self.shift_mm, np.full((len(places), 1), self.height_mm)])

    def strings(self, ends: list[tuple[FloatArray, FloatArray]], length_mm: float) -> list[Shape]:
        """Return strings from places before the board along directions, each (2,)."""
        found = []
        for place, direction in ends:
            side = 0.5 * STRING_MM * np.array([-direction[1], direction[0]])
            begin = place + 0.9 * direction
            end = begin + length_mm * direction
            loop = np.array([begin - side, end - side, end + side, begin + side])
            found.append(Shape((_finely(loop),), self.height_mm, STRING))
        return found


def places_field(continuum: Continuum) -> FloatArray:
    """Return the place of every degree of freedom as a field, (n_dofs,)."""
    field: FloatArray = np.empty(continuum.n_dofs)
    numbers = np.concatenate([continuum.basis.nodal_dofs[0], continuum.basis.facet_dofs[0]])
    field.reshape(-1, 2)[numbers] = continuum.quadratic_points
    return field


def _finely(ring: FloatArray) -> FloatArray:
    """Return a closed ring, (n, 2), with its sides cut into short pieces."""
    pieces = []
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        count = max(1, int(np.ceil(np.hypot(*(end - start)) / STEP_MM)))
        pieces.append(start + np.arange(count)[:, None] / count * (end - start))
    return np.concatenate(pieces)
