"""Convergence: a continuum refined until the numbers of the task settle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fem.continuum import Continuum, solve_continuum
from fem.memory import fits
from fem.mesh import Mesh
from fem.refinement import error_shares, refined, worst_triangles
from mnnfab.model.response import Response
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.profiles import Material

#: Fewest meshes: two changes tell how fast they shrink.
FEWEST = 3
#: Most meshes; each is half as large again as the one before, or more.
MOST = 12
#: Changes are taken to shrink by a factor between these at every mesh: one change alone, which
#: may be small by chance, must not promise more.
SLOWEST, FASTEST = 0.9, 0.5
#: The error of a single mesh: nothing is known of it.
UNKNOWN = 1.0
#: A metric that changes by less, or by this share of it, has settled: no flower of the iris set
#: changes its class.
METRIC_SETTLED = 0.005

Metric = Callable[[Response], float]
"""The task's metric from the response of a continuum."""


@dataclass(frozen=True)
class Level:
    """One mesh of the sequence.

    Args:
        n_dofs: its degrees of freedom.
        change: ‖G - G_before‖ / ‖G‖ from the mesh before; none for the first.
        metric: of the task, if it has one.
    """

    n_dofs: int
    change: float | None
    metric: float | None


@dataclass(frozen=True)
class Discretisation:
    """What the sequence of meshes says.

    Args:
        levels: every mesh, the coarsest first.
        error: what is estimated to be left of the error of the last flexibility, as a
            share of it: the sum of the changes that would follow if they went on
            to shrink as they did.
        tolerance: that was asked for.
        settled: whether the error is within it, and the metric no longer changes.
    """

    levels: tuple[Level, ...]
    error: float
    tolerance: float
    settled: bool


def solve_to_tolerance(
    mesh: Mesh,
    network: Network,
    material: Material,
    ports: tuple[tuple[Port, ...], tuple[Port, ...]],
    tolerance: float,
    metric: Metric | None = None,
) -> tuple[Continuum, Discretisation]:
    """Solve, refine where it matters to the ports, and solve again, until nothing changes.

    It ends short of the tolerance where memory would not suffice for a finer mesh.

    Args:
        mesh: the first one.
        network: its nodes and bonds.
        material: of the part.
        ports: inputs and outputs.
        tolerance: of the flexibility, as a share of its norm.
        metric: must settle too.

    Raises:
        ToolError: as `solve_continuum`.
    """
    levels: list[Level] = []
    before = None
    while True:
        continuum = solve_continuum(mesh, network, material, *ports)
        found = continuum.response.flexibility
        change = None
        if before is not None:
            change = float(np.linalg.norm(found - before) / np.linalg.norm(found))
        levels.append(
            Level(continuum.n_dofs, change, metric(continuum.response) if metric else None)
        )
        reached = _discretisation(levels, tolerance)
        if reached.settled or len(levels) == MOST:
            return continuum, reached
        finer = refined(mesh, worst_triangles(error_shares(continuum)))
        growth = len(finer.triangles) / len(mesh.triangles)
        if not fits(round(continuum.n_dofs * growth), 2):
            return continuum, reached
        before, mesh = found, finer


def _discretisation(levels: list[Level], tolerance: float) -> Discretisation:
    changes = [level.change for level in levels if level.change is not None]
    if not changes:
        return Discretisation(tuple(levels), UNKNOWN, tolerance, settled=False)
    ratio = changes[-1] / changes[-2] if len(changes) > 1 and changes[-2] else 0.5
    ratio = float(np.clip(ratio, FASTEST, SLOWEST))
    error = changes[-1] * ratio / (1 - ratio)
    settled = len(levels) >= FEWEST and error <= tolerance and _metric_settled(levels)
    return Discretisation(tuple(levels), error, tolerance, settled)


def _metric_settled(levels: list[Level]) -> bool:
    before, last = levels[-2].metric, levels[-1].metric
    if before is None or last is None:
        return True
    return abs(last - before) <= METRIC_SETTLED * max(1.0, abs(last))
