"""The frame of Lee: an angle of two hinged beams with limit points and a snap-back."""

from __future__ import annotations

import numpy as np

from fem.frames.arc_length import trace_path
from fem.frames.frame import BeamFrame, Member, Sections, make_frame
from fem.frames.paths import FACTOR_TOLERANCE, follow_load
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import FREE, HINGED, extremes

#: Side, area, second moment of area, modulus; the shear stiffness is EA / 2.6.
SIDE, AREA, INERTIA, MODULUS = 120.0, 6.0, 2.0, 7.2e6
TOLERANCE = 1e-3
LIMIT_LOAD = 18546.6


def frame(n_elements: int) -> BeamFrame:
    """Return the frame with some elements per side; node 2 carries the load."""
    nodes = np.array([[0, 0], [0, SIDE], [0.2 * SIDE, SIDE], [SIDE, SIDE]])
    sections = Sections(MODULUS * AREA, MODULUS * AREA / 2.6, MODULUS * INERTIA)
    counts = (n_elements, n_elements // 4, n_elements - n_elements // 4)
    members = [
        Member(i, i + 1, np.linspace(nodes[i], nodes[i + 1], count + 1), sections)
        for i, count in enumerate(counts)
    ]
    return make_frame(nodes, members, np.array([HINGED, FREE, FREE, HINGED]))


def snap_back() -> list[Quantity]:
    """Return the first limit point, the one beyond the snap-back, and the end of a load path."""
    loads = np.zeros((4, 3))
    loads[2, 1] = -1.0
    path = trace_path(frame(12), loads, 0.03, 80)
    (highest, at_highest), (lowest, at_lowest) = extremes(path, -path.nodes[:, 2, 1])[:2]
    followed = follow_load(frame(12), 1e4 * loads)
    lost = followed.in_plane if followed.in_plane is not None and followed.lost else np.nan
    return [
        Quantity("limit load", highest, LIMIT_LOAD, TOLERANCE),
        Quantity("deflection at the limit load", at_highest, 48.751, TOLERANCE),
        Quantity("negative limit load", lowest, -9396.1, TOLERANCE),
        Quantity("deflection at the negative limit load", at_lowest, 58.226, TOLERANCE),
        Quantity("load where the path is lost", 1e4 * lost, LIMIT_LOAD, FACTOR_TOLERANCE),
    ]


CASES = Case(
    "lee-frame",
    "Frame of Lee: limit point, snap-back and negative limit load",
    "frame in the plane",
    "converged computation; 18532 by Simo and Vu-Quoc, Comput. Meth. Appl. Mech. Eng. 58 (1986) 79",
    snap_back,
    "12 elements per side. Load factors along a path are bisected to 1e-3.",
)
