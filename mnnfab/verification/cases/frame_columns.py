"""Columns of beams: Euler's load in and out of the plane, and the buckled column."""

from __future__ import annotations

import numpy as np

from fem.frames.frame import BeamFrame, Sections
from fem.frames.paths import FACTOR_TOLERANCE, follow_load
from fem.frames.planar import solve_planar
from fem.frames.stability import linear_buckling
from mnnfab.arrays import FloatArray
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import CLAMPED, FREE, RIGID, cantilever, end_load, line, member

EULER = np.pi**2 / 4
#: Tip angle in degrees, and P / P_cr = (2 K(sin α/2) / π)².
BUCKLED = {20: 1.01540, 60: 1.15172, 120: 1.88480}
#: Ratio of the stiffness out of the plane to that in it.
OUT_OF_PLANE = 3.0
LINEAR, ANGLE = 1e-4, 1e-3


def column() -> tuple[BeamFrame, FloatArray]:
    """Return a column with L = EI = 1, stiffer out of its plane, and its Euler load."""
    sections = Sections(RIGID, RIGID, 1.0, RIGID, 1.0, OUT_OF_PLANE)
    return member(sections, line([0, 0], [1, 0], 6), CLAMPED, FREE), end_load(-EULER, 0, 0)


def in_plane() -> list[Quantity]:
    """Return the buckling load in the plane, linear and along the load path."""
    frame, load = column()
    linear = float(linear_buckling(frame, load[None])[0][0])
    followed = follow_load(frame, load, max_factor=1.5)
    lost = np.nan if followed.in_plane is None else followed.in_plane
    return [
        Quantity("P/P_Euler, linear buckling", linear, 1.0, LINEAR),
        Quantity("P/P_Euler along the load path", lost, 1.0, FACTOR_TOLERANCE),
    ]


def out_of_plane() -> list[Quantity]:
    """Return the buckling load out of the plane."""
    frame, load = column()
    factor = float(linear_buckling(frame, load[None])[1][0])
    return [Quantity("P/P_Euler, linear buckling", factor / OUT_OF_PLANE, 1.0, LINEAR)]


def buckled() -> list[Quantity]:
    """Return tip angles of the buckled column, to which an imperfect column leads."""
    found, frame = [], cantilever(10)
    for angle, ratio in BUCKLED.items():
        load = ratio * EULER
        bent = solve_planar(frame, end_load(-load, 2e-3 * load, 0)[None]).points
        state = solve_planar(frame, end_load(-load, 0, 0)[None], start=bent).points
        value = float(np.rad2deg(abs(state.nodes[0, 1, 2])))
        found.append(Quantity(f"tip angle at P/P_cr = {ratio:.5f}, °", value, angle, ANGLE))
    return found


CASES = (
    Case(
        "euler-column-frame",
        "Clamped and free column, buckling in its plane",
        "frame in the plane",
        "Euler: P = π² EI / 4L²",
        in_plane,
        "6 elements. Load factors along a path are bisected to 1e-3.",
    ),
    Case(
        "euler-column-frame-out-of-plane",
        "Clamped and free column, buckling out of its plane",
        "frame out of plane",
        "Euler: P = π² EI / 4L² of the other axis",
        out_of_plane,
        "6 elements.",
    ),
    Case(
        "buckled-column",
        "Cantilever column beyond its buckling load",
        "frame in the plane",
        "elastica: P/P_cr = (2 K(sin α/2)/π)²; Timoshenko and Gere, Theory of Elastic Stability, "
        "2.7",
        buckled,
        "10 elements.",
    ),
)
