"""A deep circular arch, clamped at one end and hinged at the other."""

from __future__ import annotations

import numpy as np

from fem.frames.arc_length import trace_path
from fem.frames.frame import Member, Sections, make_frame
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import CLAMPED, FREE, HINGED, extremes
from mnnfab.verification.quantities import converged, observed_order

RADIUS, OPENING_DEG = 100.0, 215.0
#: E A, G A_s and E I.
SECTIONS = Sections(1e8, 1e8, 1e6)
LIMIT_LOAD, TOLERANCE, ORDER = 897.29, 1e-3, 2.0


def limit_load(n_elements: int) -> float:
    """Return the first limit load of a polygon of some elements, loaded at its crown."""
    half = np.deg2rad(OPENING_DEG / 2)
    angles = np.linspace(-half, half, n_elements + 1)
    points = RADIUS * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    crown = n_elements // 2
    members = [
        Member(0, 1, points[: crown + 1], SECTIONS),
        Member(1, 2, points[crown:], SECTIONS),
    ]
    frame = make_frame(points[[0, crown, -1]], members, np.array([CLAMPED, FREE, HINGED]))
    loads = np.zeros((3, 3))
    loads[1, 1] = -1.0
    path = trace_path(frame, loads, 0.05, 80)
    return extremes(path, path.factors)[0][0]


def limit() -> list[Quantity]:
    """Return the limit load and its order of convergence."""
    load = converged("limit load", limit_load, 30, LIMIT_LOAD, TOLERANCE)
    return [load, observed_order(load.name, load.meshes, ORDER)]


CASES = Case(
    "clamped-hinged-arch",
    "Circular arch of 215°, clamped and hinged, R = 100, EI = 1e6, EA = GA = 1e8",
    "frame in the plane",
    "converged computation; 897.3 by Simo and Vu-Quoc, Comput. Meth. Appl. Mech. Eng. 58 (1986) 79",
    limit,
    "Polygons of 30, 60 and 120 elements, an error of the second order.",
)
