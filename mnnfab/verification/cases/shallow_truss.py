"""The shallow truss of von Mises: two bars from held feet to a crown, which snaps through."""

from __future__ import annotations

import numpy as np

from fem.frames.arc_length import trace_path
from fem.frames.frame import Sections
from fem.frames.paths import FACTOR_TOLERANCE, follow_load
from fem.nonlinear_bars import NonlinearBars
from mnnfab.arrays import FloatArray
from mnnfab.network.network import Network
from mnnfab.verification.case import Case, Quantity
from mnnfab.verification.frames import HINGED, end_load, extremes, line, member

#: Half span and rise of the frame's truss, and its limit load over E A.
HALF_SPAN, RISE, LIMIT, SUNK = 1.0, 0.1, 3.810871904e-4, 0.0423607
#: Limit points are found by parabolas through three states of a path.
LIMIT_POINT = 1e-4
EXACT = 1e-8


def snap_through_of_frame() -> list[Quantity]:
    """Return the limit load of half of the truss: a member without bending."""
    points = line([0, 0], [HALF_SPAN, RISE], 1)
    frame = member(Sections(1.0, 1.0, 1.0), points, HINGED, [True, False, False])
    load = end_load(0, -0.5, 0)
    path = trace_path(frame, load, 0.002, 60)
    (limit, sunk), *_ = extremes(path, -path.nodes[:, 1, 1])
    followed = follow_load(frame, load * LIMIT)
    lost = followed.in_plane if followed.in_plane is not None and followed.lost else np.nan
    return [
        Quantity("limit load P/EA", limit, LIMIT, LIMIT_POINT),
        Quantity("deflection w/a at the limit load", sunk, SUNK, 1e-3),
        Quantity("load factor where the path is lost", lost, 1.0, FACTOR_TOLERANCE),
    ]


def truss(half_span: float, rise: float) -> Network:
    """Return the truss; node 2 is its crown."""
    nodes = np.array([[-half_span, 0.0], [half_span, 0.0], [0.0, rise]])
    return Network(nodes, np.array([[0, 2], [1, 2]]), np.array([0, 1]))


def crown_force(
    half_span: float, rise: float, stiffness: float, lowered: FloatArray | float
) -> FloatArray:
    """Return F(v) = 2 k (ℓ₀ - ℓ) (a - v) / ℓ of a crown that is lowered by v, N."""
    height = rise - np.asarray(lowered)
    now = np.hypot(half_span, height)
    force: FloatArray = 2 * stiffness * (np.hypot(half_span, rise) - now) * height / now
    return force


def snap_through_of_bars() -> list[Quantity]:
    """Return the deflection under a load, and the limit load by bisection."""
    half_span, rise, stiffness, lowered = 10.0, 1.0, 0.3, 0.2
    bars = NonlinearBars(truss(half_span, rise), np.full(2, stiffness))
    down = np.array([0, 0, 0, 0, 0, -1.0])
    force = float(crown_force(half_span, rise, stiffness, lowered))
    moved = bars.displacements(force * down)
    deflection = np.nan if moved is None else -float(moved[5])
    greatest = float(crown_force(half_span, rise, stiffness, np.linspace(0, rise, 100_001)).max())
    low, high = 0.5 * greatest, 1.5 * greatest
    while high - low > 1e-6 * greatest:
        middle = (low + high) / 2
        if bars.displacements(middle * down) is None:
            high = middle
        else:
            low = middle
    return [
        Quantity("deflection under the load F(0.2 mm), mm", deflection, lowered, EXACT),
        Quantity("limit load, N", low, greatest, LIMIT_POINT),
    ]


CASES = (
    Case(
        "von-mises-truss-frame",
        "Shallow truss of von Mises, rise 0.1 of the half span, engineering strain",
        "frame in the plane",
        "exact: greatest 2 EA (1 - ℓ/ℓ₀) sin φ",
        snap_through_of_frame,
        "Load factors along a path are bisected to 1e-3.",
    ),
    Case(
        "von-mises-truss-bars",
        "Shallow truss of von Mises, rise 0.1 of the half span",
        "bars",
        "exact: F(v) = 2k (ℓ₀ - ℓ) sin φ",
        snap_through_of_bars,
    ),
)
