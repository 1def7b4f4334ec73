"""Scene: the board and the deformed part in front of it, as filled shapes with one shade each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.sparse import csc_array

from mnnfab.arrays import FloatArray
from mnnfab.lab.experiment.boards import Board, black_area

if TYPE_CHECKING:
    from fem.continuum import Continuum

#: Reflectance of paper, ink, dark rubber, paint on the dots, and string.
PAPER, INK, RUBBER, PAINT, STRING = 0.85, 0.08, 0.14, 0.80, 0.35
#: Longest straight piece of an edge, mm; edges are subdivided because the lens distorts them.
STEP_MM = 0.5
STRING_MM = 0.25


@dataclass(frozen=True, eq=False)
class Shape:
    """Loops in a plane parallel to the board's, filled by the winding rule.

    Args:
        loops: each (n, 2) mm.
        height_mm: distance in front of the board.
        shade: reflectance.
    """

    loops: tuple[FloatArray, ...]
    height_mm: float
    shade: float


def board_shape(board: Board) -> Shape:
    """Return the black area of a board."""
    black = black_area(board)
    oriented = [shapely.orient_polygons(polygon) for polygon in getattr(black, "geoms", [black])]
    rings = [
        np.array(ring.coords)[:-1]
        for polygon in oriented  # opposite orientation keeps holes unfilled
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    return Shape(tuple(_subdivided(ring) for ring in rings), 0.0, INK)


@dataclass(frozen=True, eq=False)
class Part:
    """Part in front of a board.

    Args:
        continuum: continuum model with the mesh, whose silhouette is visible.
        shift_mm: translation from the design's axes to the board's, (2,).
        height_mm: distance of its face in front of the board's.
        dots: paint the load discs as dots for tracking.
    """

    continuum: Continuum
    shift_mm: FloatArray
    height_mm: float = 0.0
    dots: bool = True

    def shapes(self, field: FloatArray) -> list[Shape]:
        """Return the shapes of the part with a displacement field, (n_dofs,) mm."""
        from fem.silhouette import disc_outline, silhouette

        positions = (
            self.continuum.quadratic_points + self.continuum.at_points(field) + self.shift_mm
        )
        body = tuple(positions[loop] for loop in silhouette(self.continuum))
        shapes = [Shape(body, self.height_mm, RUBBER)]
        if self.dots:
            count = self.continuum.mesh.n_nodes
            discs = tuple(positions[disc_outline(self.continuum, node)] for node in range(count))
            shapes.append(Shape(discs, self.height_mm, PAINT))
        return shapes

    def node_positions(self, field: FloatArray) -> FloatArray:
        """Return the positions of the nodes in space, (n_nodes, 3) mm."""
        return self._means(self.continuum.system.readings, field)

    def load_points(self, field: FloatArray) -> FloatArray:
        """Return the points of load application, (n_nodes, 3) mm: the eyelets if there are any."""
        return self._means(self.continuum.system.load_vectors, field)

    def _means(self, regions: csc_array, field: FloatArray) -> FloatArray:
        positions = (regions.T @ (position_field(self.continuum) + field)).reshape(-1, 2)
        return np.hstack([positions + self.shift_mm, np.full((len(positions), 1), self.height_mm)])

    def strings(self, ends: list[tuple[FloatArray, FloatArray]], length_mm: float) -> list[Shape]:
        """Return strings from points in front of the board along directions, each (2,)."""
        shapes = []
        for position, direction in ends:
            side = 0.5 * STRING_MM * np.array([-direction[1], direction[0]])
            begin = position + 0.9 * direction
            end = begin + length_mm * direction
            loop = np.array([begin - side, end - side, end + side, begin + side])
            shapes.append(Shape((_subdivided(loop),), self.height_mm, STRING))
        return shapes


def position_field(continuum: Continuum) -> FloatArray:
    """Return the position of every degree of freedom as a field, (n_dofs,)."""
    field: FloatArray = np.empty(continuum.n_dofs)
    numbers = np.concatenate([continuum.basis.nodal_dofs[0], continuum.basis.facet_dofs[0]])
    field.reshape(-1, 2)[numbers] = continuum.quadratic_points
    return field


def _subdivided(ring: FloatArray) -> FloatArray:
    """Return a closed ring, (n, 2), with its sides subdivided."""
    points = []
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        count = max(1, int(np.ceil(np.hypot(*(end - start)) / STEP_MM)))
        points.append(start + np.arange(count)[:, None] / count * (end - start))
    return np.concatenate(points)
