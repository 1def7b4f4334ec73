"""Periodic cells of known lattices, and the Young's modulus of their slender bars."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mnnfab import Fabrication
from mnnfab.network.periodic import PeriodicCell

LENGTH_MM = 20.0
_HEIGHT = math.sqrt(3) / 2
_TRIANGLE = LENGTH_MM * np.array([[1.0, 0.0], [0.5, _HEIGHT]])


@dataclass(frozen=True)
class KnownLattice:
    """A lattice of which the moduli of slender bars are known.

    Source: Gibson and Ashby (1997), chapter 4; Fleck, Deshpande and Ashby (2010), table 1.

    Args:
        cell: its cell.
        ratio: E*/E of bars of a width over length t/L.
        poisson: Poisson's ratio.
    """

    cell: PeriodicCell
    ratio: Callable[[float], float]
    poisson: float


TRIANGULAR = KnownLattice(
    PeriodicCell(
        np.zeros((1, 2)), np.array([[0, 0]] * 3), np.array([[1, 0], [0, 1], [-1, 1]]), _TRIANGLE
    ),
    lambda slender: 2 / math.sqrt(3) * slender,
    1 / 3,
)
KAGOME = KnownLattice(
    PeriodicCell(
        LENGTH_MM * np.array([[0.0, 0.0], [1.0, 0.0], [0.5, _HEIGHT]]),
        np.array([[0, 1], [1, 2], [2, 0], [1, 0], [2, 1], [0, 2]]),
        np.array([[0, 0], [0, 0], [0, 0], [1, 0], [-1, 1], [0, -1]]),
        2 * _TRIANGLE,
    ),
    lambda slender: slender / math.sqrt(3),
    1 / 3,
)
HONEYCOMB = KnownLattice(
    PeriodicCell(
        LENGTH_MM * np.array([[0.0, 0.0], [0.0, 1.0]]),
        np.array([[0, 1], [1, 0], [1, 0]]),
        np.array([[0, 0], [0, 1], [-1, 1]]),
        math.sqrt(3) * _TRIANGLE,
    ),
    lambda slender: 4 / math.sqrt(3) * slender**3,
    1.0,
)


def straight(width_mm: float) -> Fabrication:
    """Return bonds of the same width everywhere."""
    return Fabrication(
        thickness_mm=2.0,
        width_min_mm=0.01,
        width_max_mm=5.0,
        width_initial_mm=1.0,
        joint_ratio=1.0,
        joint_length_mm=3 * max(width_mm, 0.3),
        taper_length_mm=0.5,
        load_disc_radius_mm=0.3 * width_mm,
    )
