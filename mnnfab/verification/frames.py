"""Frames of benchmarks: single members, and the extremes of their equilibrium paths."""

from __future__ import annotations

import numpy as np

from fem.frames.arc_length import EquilibriumPath
from fem.frames.frame import BeamFrame, Member, Sections, make_frame
from mnnfab.arrays import FloatArray

#: EA = GA = 1e7 EI / L² in place of infinity.
RIGID = 1e7
CLAMPED, FREE, HINGED = [True] * 3, [False] * 3, [True, True, False]
#: Held along x and in rotation: on an axis of symmetry along y.
SYMMETRIC = [True, False, True]


def line(start: list[float], end: list[float], n_elements: int) -> FloatArray:
    """Return points along a straight line, (n_elements + 1, 2)."""
    return np.linspace(start, end, n_elements + 1)


def member(
    sections: Sections, points: FloatArray, first: list[bool], last: list[bool]
) -> BeamFrame:
    """Return the frame of one chain between two nodes, whose held directions are given."""
    return make_frame(points[[0, -1]], [Member(0, 1, points, sections)], np.array([first, last]))


def cantilever(n_elements: int) -> BeamFrame:
    """Return a cantilever along x with L = EI = 1, without extension and shear."""
    return member(Sections(RIGID, RIGID, 1.0), line([0, 0], [1, 0], n_elements), CLAMPED, FREE)


def end_load(*load: float) -> FloatArray:
    """Return F_x, F_y and M on the last of two nodes, (2, 3)."""
    return np.array([[0.0, 0.0, 0.0], load])


def extremes(path: EquilibriumPath, places: FloatArray) -> list[tuple[float, float]]:
    """Return load factor and place of the limit points of a path, by parabolas.

    Args:
        path: equilibrium path.
        places: a displacement along the path, (n_states,).
    """
    factors = path.factors
    turns = np.flatnonzero(np.diff(np.sign(np.diff(factors)))) + 1
    found = []
    for turn in turns:
        near = slice(turn - 1, turn + 2)
        parabola, shift = np.polyfit([-1, 0, 1], factors[near], 2), [-1, 0, 1]
        at = -parabola[1] / (2 * parabola[0])
        place = np.polyval(np.polyfit(shift, places[near], 2), at)
        found.append((float(np.polyval(parabola, at)), float(place)))
    return found
