"""Mesh convergence: a continuum model refined until the results of the task converge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fem.continuum import Continuum, solve_continuum
from fem.memory import fits
from fem.mesh import Mesh
from fem.refinement import error_indicators, mark_triangles, refined
from mnnfab.model.response import Response
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.profiles import Material

#: Minimum number of meshes: two changes are needed to estimate the rate of convergence.
FEWEST = 3
#: Maximum number of meshes; each is at least 1.5 times as large as the one before.
MOST = 12
#: Bounds of the assumed ratio of successive changes: a single change may be small by chance and
#: must not imply faster convergence.
SLOWEST, FASTEST = 0.9, 0.5
#: Error reported for a single mesh, for which there is no estimate.
UNKNOWN = 1.0
#: Absolute or relative change below which a metric has converged: no flower of the iris data set
#: changes its class.
METRIC_SETTLED = 0.005

Metric = Callable[[Response], float]
"""The task's metric from the response of a continuum."""


@dataclass(frozen=True)
class Level:
    """One mesh of the sequence.

    Args:
        n_dofs: number of degrees of freedom.
        change: ‖G - G_before‖ / ‖G‖ relative to the previous mesh; None for the first.
        metric: metric of the task, if it has one.
    """

    n_dofs: int
    change: float | None
    metric: float | None


@dataclass(frozen=True)
class Discretisation:
    """The result of a sequence of meshes.

    Args:
        levels: all meshes, the coarsest first.
        error: estimated relative error of the last flexibility matrix: the sum of all further
            changes if they continued to decrease at the same rate.
        tolerance: requested tolerance.
        settled: whether the error is within the tolerance and the metric has converged.
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
    """Solve and refine with respect to the port displacements until the results converge.

    Refinement stops before the tolerance is reached if memory is insufficient for a finer mesh.

    Args:
        mesh: the initial mesh.
        network: nodes and bonds.
        material: material of the part.
        ports: inputs and outputs.
        tolerance: relative tolerance of the flexibility matrix, in its norm.
        metric: metric that must converge as well, if any.

    Raises:
        ToolError: see `solve_continuum`.
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
        finer = refined(mesh, mark_triangles(error_indicators(continuum)))
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
