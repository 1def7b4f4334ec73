"""Slicing: the finished surface cut at a height, and what is thin or crossed there.

This looks at the triangles that are printed and knows nothing of the tiling, so that it
checks the one by the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy import sparse

from geometry.facets import Facets
from mnnfab.arrays import FloatArray, IntArray

#: Opposite walls are those whose normals turn by at least this cosine: 45° from parallel.
OPPOSITE = -0.7
#: A ray begins this far from its own wall, mm.
OFF_MM = 1e-6


@dataclass(frozen=True, eq=False)
class Slice:
    """A cut through a surface.

    Args:
        segments: where each wall is cut, its material to the left, (n, 2, 2) mm.
    """

    segments: FloatArray

    @property
    def normals(self) -> FloatArray:
        """Out of the material, (n, 2)."""
        along = self.segments[:, 1] - self.segments[:, 0]
        along /= np.linalg.norm(along, axis=1)[:, None]
        return np.stack([along[:, 1], -along[:, 0]], axis=1)

    @property
    def middles(self) -> FloatArray:
        """Middle of each segment, (n, 2) mm."""
        middles: FloatArray = self.segments.mean(axis=1)
        return middles

    def walls(self, reach_mm: float) -> FloatArray:
        """Return how thick the material is behind each segment, (n,) mm; nan beyond reach."""
        return self._distances(-self.normals, reach_mm)

    def crossings(self) -> FloatArray:
        """Return where segments cross each other, (n, 2) mm."""
        lines = shapely.linestrings(self.segments)
        first, second = shapely.STRtree(lines).query(lines, predicate="crosses")
        once = first < second
        points = shapely.intersection(lines[first[once]], lines[second[once]])
        found: FloatArray = shapely.get_coordinates(shapely.centroid(points))
        return found

    def _distances(self, directions: FloatArray, reach_mm: float) -> FloatArray:
        """Return the distance from each middle to the nearest opposite segment, (n,) mm."""
        lines = shapely.linestrings(self.segments)
        starts = self.middles + OFF_MM * directions
        rays = shapely.linestrings(np.stack([starts, starts + reach_mm * directions], axis=1))
        ray, wall = shapely.STRtree(lines).query(rays, predicate="intersects")
        turned = (directions[ray] * directions[wall]).sum(axis=1) < OPPOSITE
        ray, wall = ray[turned], wall[turned]
        places = shapely.get_coordinates(
            shapely.centroid(shapely.intersection(rays[ray], lines[wall]))
        )
        distances = np.full(len(lines), np.inf)
        np.minimum.at(distances, ray, np.linalg.norm(places - starts[ray], axis=1))
        return np.where(np.isfinite(distances), distances + OFF_MM, np.nan)


def cut(facets: Facets, height_mm: float) -> Slice:
    """Cut a surface at a height at which it has no vertex."""
    corners = facets.vertices[facets.triangles]
    above = corners[:, :, 2] > height_mm
    corners = corners[above.any(axis=1) & ~above.all(axis=1)]
    above = corners[:, :, 2] > height_mm
    # Turn each triangle so that its first corner is the one that is alone on its side.
    alone = np.where(above.sum(axis=1) == 1, above.argmax(axis=1), above.argmin(axis=1))
    rows = np.arange(len(corners))
    a, b, c = (corners[rows, (alone + k) % 3] for k in range(3))
    ab, ac = _at(a, b, height_mm), _at(a, c, height_mm)
    up = above[rows, alone]
    segments = np.where(up[:, None, None], np.stack([ab, ac], 1), np.stack([ac, ab], 1))
    # A wall is cut in the two triangles that it is made of: join their halves.
    return Slice(_joined(segments))


def n_bodies(facets: Facets) -> int:
    """Return the number of surfaces that hang together."""
    t, n = facets.triangles, len(facets.vertices)
    pairs = np.concatenate([t[:, [0, 1]], t[:, [1, 2]]])
    graph = sparse.coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(n, n))
    return int(sparse.csgraph.connected_components(graph, directed=False)[0])


def _at(start: FloatArray, end: FloatArray, height: float) -> FloatArray:
    share = (height - start[:, 2]) / (end[:, 2] - start[:, 2])
    point: FloatArray = start[:, :2] + share[:, None] * (end - start)[:, :2]
    return point


def _joined(segments: FloatArray) -> FloatArray:
    """Join pairs of segments in one line that meet within it, (n, 2, 2) mm."""
    ends: IntArray
    places, ends = np.unique(np.round(segments.reshape(-1, 2), 7), axis=0, return_inverse=True)
    ends = ends.reshape(-1, 2)
    along = segments[:, 1] - segments[:, 0]
    follower = np.full(len(places), -1)
    follower[ends[:, 0]] = np.arange(len(segments))
    after = follower[ends[:, 1]]
    along /= np.maximum(np.linalg.norm(along, axis=1), 1e-300)[:, None]
    straight = (after >= 0) & ((along * along[after]).sum(axis=1) > 1 - 1e-12)
    # Walk each run of straight segments from its first to its last.
    first = np.ones(len(segments), dtype=bool)
    first[after[straight]] = False
    joined = []
    for start in np.flatnonzero(first).tolist():
        end = start
        while straight[end]:
            end = int(after[end])
        joined.append((segments[start, 0], segments[end, 1]))
    return np.array(joined)
