"""Slender strips of rubber: the elastica, and Euler's load along a load path."""

from __future__ import annotations

import numpy as np

from fem.rubber.body import make_rubber
from fem.rubber.newton import Tangent
from fem.rubber.paths import at_rest, follow
from fem.system import System
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.strips import END, MODULUS, THICKNESS, strip, thickness_of

#: Length and width of the cantilever and of the column, mm.
CANTILEVER, COLUMN = (60.0, 0.5), (60.0, 0.5)
#: Almost no contraction, so that the clamped end does not stiffen the strip; the least of the law.
POISSON = 1e-3
#: Smallest step of the load path of the column.
MIN_STEP = 1e-4
#: Of beam theory for slender strips, and of the resolution of the load path.
TOLERANCE, PATH_TOLERANCE = 2e-4, 1e-3


def tangent_of(system: System) -> Tangent:
    """Return the tangent of a strip of rubber without weight."""
    return Tangent(make_rubber(system, thickness_of(system), (MODULUS, POISSON)))


def cantilever() -> list[Quantity]:
    """Return the displacements of the end at P L² / EI = 2."""
    length, width = CANTILEVER
    system, arm = strip(length, width), length - END / 2
    load = 2 * MODULUS * THICKNESS * width**3 / 12 / arm**2
    loads = system.load_vectors[:, [3]].toarray()[:, 0] * load
    tangent = tangent_of(system)
    end = follow(tangent, at_rest(tangent), loads).end
    along, across = ((system.readings.T @ end.field)[2:4] / arm).tolist()
    return [
        Quantity("w/L at PL²/EI = 2", across, 0.493457, TOLERANCE),
        Quantity("u/L at PL²/EI = 2", -along, 0.160642, TOLERANCE),
    ]


def column() -> list[Quantity]:
    """Return the load at which the path of a straight column is lost."""
    length, width = COLUMN
    system = strip(length, width)
    euler = np.pi**2 * MODULUS * THICKNESS * width**3 / 12 / (4 * (length - END / 2) ** 2)
    push = -system.load_vectors[:, [2]].toarray()[:, 0]
    tangent = tangent_of(system)
    path = follow(tangent, at_rest(tangent), 1.6 * euler * push, min_step=MIN_STEP)
    value = 1.6 * path.share if path.lost else np.nan
    return [Quantity("P/P_Euler where the path is lost", value, 1.0, PATH_TOLERANCE)]


CASES = (
    Case(
        "rubber-cantilever",
        "Cantilever strip of rubber under a dead load at its end, large rotations",
        "rubber",
        "elastica; Mattiasson, Int. J. Numer. Meth. Eng. 17 (1981) 145",
        cantilever,
        "60 × 0.5 mm, two quadratic triangles across; Poisson's ratio 0.001. The load is spread "
        "over the last half millimetre.",
    ),
    Case(
        "rubber-column",
        "Clamped and free column of rubber, whose load path is lost at its buckling load",
        "rubber",
        "Euler: P = π² EI / 4L²",
        column,
        "60 × 0.5 mm, two quadratic triangles across; Poisson's ratio 0.001.",
    ),
)
