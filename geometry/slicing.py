"""Slicing: cross-sections of the exported surface, with its wall thickness and crossings.

Only the exported triangles are used, not the tiling, so that the two can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy import sparse

from geometry.facets import Facets
from mnnfab.arrays import FloatArray, IntArray

#: Walls are opposite if the cosine between their normals is below this: 45° from parallel.
MAX_OPPOSITE_COSINE = -0.7
#: Distance of the start of a ray from its own wall, mm.
RAY_OFFSET_MM = 1e-6


@dataclass(frozen=True, eq=False)
class Slice:
    """A cross-section of a surface.

    Args:
        segments: cut line of each wall, with the material to its left, (n, 2, 2) mm.
    """

    segments: FloatArray

    @property
    def normals(self) -> FloatArray:
        """Unit normals that point out of the material, (n, 2)."""
        directions = self.segments[:, 1] - self.segments[:, 0]
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        return np.stack([directions[:, 1], -directions[:, 0]], axis=1)

    @property
    def middles(self) -> FloatArray:
        """Midpoint of each segment, (n, 2) mm."""
        middles: FloatArray = self.segments.mean(axis=1)
        return middles

    def walls(self, reach_mm: float) -> FloatArray:
        """Return the material thickness behind each segment, (n,) mm; NaN above `reach_mm`."""
        return self._distances(-self.normals, reach_mm)

    def crossings(self) -> FloatArray:
        """Return the points where segments cross each other, (n, 2) mm."""
        lines = shapely.linestrings(self.segments)
        first, second = shapely.STRtree(lines).query(lines, predicate="crosses")
        unique = first < second
        points = shapely.intersection(lines[first[unique]], lines[second[unique]])
        crossing_points: FloatArray = shapely.get_coordinates(shapely.centroid(points))
        return crossing_points

    def _distances(self, directions: FloatArray, reach_mm: float) -> FloatArray:
        """Return the distance from each midpoint to the nearest opposite segment, (n,) mm."""
        lines = shapely.linestrings(self.segments)
        starts = self.middles + RAY_OFFSET_MM * directions
        rays = shapely.linestrings(np.stack([starts, starts + reach_mm * directions], axis=1))
        ray, wall = shapely.STRtree(lines).query(rays, predicate="intersects")
        opposite = (directions[ray] * directions[wall]).sum(axis=1) < MAX_OPPOSITE_COSINE
        ray, wall = ray[opposite], wall[opposite]
        points = shapely.get_coordinates(
            shapely.centroid(shapely.intersection(rays[ray], lines[wall]))
        )
        distances = np.full(len(lines), np.inf)
        np.minimum.at(distances, ray, np.linalg.norm(points - starts[ray], axis=1))
        return np.where(np.isfinite(distances), distances + RAY_OFFSET_MM, np.nan)


def cut(facets: Facets, height_mm: float) -> Slice:
    """Return the cross-section of a surface at a height at which it has no vertex."""
    corners = facets.vertices[facets.triangles]
    above = corners[:, :, 2] > height_mm
    corners = corners[above.any(axis=1) & ~above.all(axis=1)]
    above = corners[:, :, 2] > height_mm
    # Rotate the corners of each triangle so that the first is alone on its side of the cut.
    lone_corner = np.where(above.sum(axis=1) == 1, above.argmax(axis=1), above.argmin(axis=1))
    rows = np.arange(len(corners))
    a, b, c = (corners[rows, (lone_corner + k) % 3] for k in range(3))
    ab, ac = _interpolated(a, b, height_mm), _interpolated(a, c, height_mm)
    up = above[rows, lone_corner]
    segments = np.where(up[:, None, None], np.stack([ab, ac], 1), np.stack([ac, ab], 1))
    # A wall consists of two triangles: join the segments of both.
    return Slice(_joined(segments))


def n_bodies(facets: Facets) -> int:
    """Return the number of connected surfaces."""
    t, n = facets.triangles, len(facets.vertices)
    pairs = np.concatenate([t[:, [0, 1]], t[:, [1, 2]]])
    graph = sparse.coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(n, n))
    return int(sparse.csgraph.connected_components(graph, directed=False)[0])


def _interpolated(start: FloatArray, end: FloatArray, height: float) -> FloatArray:
    fraction = (height - start[:, 2]) / (end[:, 2] - start[:, 2])
    point: FloatArray = start[:, :2] + fraction[:, None] * (end - start)[:, :2]
    return point


def _joined(segments: FloatArray) -> FloatArray:
    """Join collinear segments that meet, (n, 2, 2) mm."""
    ends: IntArray
    points, ends = np.unique(np.round(segments.reshape(-1, 2), 7), axis=0, return_inverse=True)
    ends = ends.reshape(-1, 2)
    directions = segments[:, 1] - segments[:, 0]
    next_segment = np.full(len(points), -1)
    next_segment[ends[:, 0]] = np.arange(len(segments))
    after = next_segment[ends[:, 1]]
    directions /= np.maximum(np.linalg.norm(directions, axis=1), 1e-300)[:, None]
    straight = (after >= 0) & ((directions * directions[after]).sum(axis=1) > 1 - 1e-12)
    # Follow each run of collinear segments from its first to its last.
    first = np.ones(len(segments), dtype=bool)
    first[after[straight]] = False
    joined = []
    for start in np.flatnonzero(first).tolist():
        end = start
        while straight[end]:
            end = int(after[end])
        joined.append((segments[start, 0], segments[end, 1]))
    return np.array(joined)
