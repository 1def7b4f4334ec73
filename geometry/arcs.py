"""Arcs given by their bulge, tan(sweep / 4), as in DXF: 0 is a straight line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mnnfab.arrays import FloatArray


class Arc(NamedTuple):
    """A counter-clockwise arc.

    Args:
        centre: (2,) mm.
        radius: mm.
        start: angle of its first point about the centre, rad.
        sweep: angle that it covers, rad.
    """

    centre: FloatArray
    radius: float
    start: float
    sweep: float

    def points(self, n_chords: int) -> FloatArray:
        """Return the ends of `n_chords` equal chords, (n_chords + 1, 2) mm."""
        angles = self.start + np.linspace(0.0, self.sweep, n_chords + 1)
        along: FloatArray = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return self.centre + self.radius * along

    def extremes(self) -> FloatArray:
        """Return its first point and those with a tangent along an axis, (n, 2) mm."""
        quarter = np.pi / 2
        first = np.ceil(self.start / quarter)
        turns = np.arange(first, (self.start + self.sweep) / quarter) * quarter
        angles = np.append(turns, self.start)
        along: FloatArray = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return self.centre + self.radius * along


def arc_between(start: FloatArray, end: FloatArray, bulge: float) -> Arc:
    """Return the arc of a positive bulge from `start` to `end`, (2,) mm each."""
    chord = end - start
    left = np.array([-chord[1], chord[0]])
    centre = (start + end) / 2 + left * (1 - bulge**2) / (4 * bulge)
    radius = float(np.hypot(*chord)) * (1 + bulge**2) / (4 * bulge)
    angle = float(np.arctan2(*(start - centre)[::-1]))
    return Arc(centre, radius, angle, 4 * float(np.arctan(bulge)))


def segment_areas(starts: FloatArray, ends: FloatArray, bulges: FloatArray) -> FloatArray:
    """Return the area between each arc and its chord, (n,) mm²; 0 for lines.

    Args:
        starts: (n, 2) mm.
        ends: (n, 2) mm.
        bulges: (n,), none of them negative.
    """
    areas = np.zeros(len(bulges))
    curved = np.flatnonzero(bulges)
    bulge = bulges[curved]
    chord = np.hypot(*(ends[curved] - starts[curved]).T)
    radius, sweep = chord * (1 + bulge**2) / (4 * bulge), 4 * np.arctan(bulge)
    areas[curved] = radius**2 / 2 * (sweep - np.sin(sweep))
    return areas
