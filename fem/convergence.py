"""Mesh convergence: a continuum model refined until the results of the task converge."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fem.continuum import Continuum, solve_continuum
from fem.memory import fits_in_memory
from fem.mesh import Mesh
from fem.refinement import error_indicators, mark_triangles, refined
from mnnfab.model.response import Response
from mnnfab.network.network import Network
from mnnfab.network.ports import AnyPort
from mnnfab.profiles import Material

log = logging.getLogger(__name__)

#: Minimum number of meshes: two changes are needed to estimate the rate of convergence.
MIN_MESHES = 3
#: Maximum number of meshes; each is at least 1.5 times as large as the one before.
MAX_MESHES = 12
#: Bounds of the assumed ratio of successive changes: a single change may be small by chance and
#: must not imply faster convergence.
MAX_RATIO, MIN_RATIO = 0.9, 0.5
#: Error reported for a single mesh, for which there is no estimate.
ERROR_OF_SINGLE_MESH = 1.0
#: Absolute or relative change below which a metric has converged: less than one sample of the
#: iris data set (1/150).
METRIC_TOLERANCE = 0.005

Metric = Callable[[Response], float]
"""The task's metric from the response of a continuum."""


@dataclass(frozen=True)
class MeshResult:
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
class ConvergenceStudy:
    """Mesh convergence study: a sequence of refined meshes and the estimated error.

    Args:
        levels: all meshes, the coarsest first.
        error: estimated relative error of the last flexibility matrix: the sum of all further
            changes if they continued to decrease at the same rate.
        tolerance: requested tolerance.
        converged: whether the error is within the tolerance and the metric has converged.
    """

    levels: tuple[MeshResult, ...]
    error: float
    tolerance: float
    converged: bool


def solve_to_tolerance(
    mesh: Mesh,
    network: Network,
    material: Material,
    ports: tuple[tuple[AnyPort, ...], tuple[AnyPort, ...]],
    tolerance: float,
    metric: Metric | None = None,
) -> tuple[Continuum, ConvergenceStudy]:
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
    levels: list[MeshResult] = []
    previous = None
    while True:
        continuum = solve_continuum(mesh, network, material, *ports)
        flexibility = continuum.response.flexibility
        change = None
        if previous is not None:
            change = float(np.linalg.norm(flexibility - previous) / np.linalg.norm(flexibility))
        levels.append(
            MeshResult(continuum.n_dofs, change, metric(continuum.response) if metric else None)
        )
        study = _convergence_study(levels, tolerance)
        log.info("continuum: %d degrees of freedom, error %.3g", continuum.n_dofs, study.error)
        if study.converged or len(levels) == MAX_MESHES:
            return continuum, study
        finer = refined(mesh, mark_triangles(error_indicators(continuum)))
        growth = len(finer.triangles) / len(mesh.triangles)
        if not fits_in_memory(round(continuum.n_dofs * growth), 2):
            log.info("continuum: memory does not suffice for a finer mesh")
            return continuum, study
        previous, mesh = flexibility, finer


def _convergence_study(levels: list[MeshResult], tolerance: float) -> ConvergenceStudy:
    changes = [level.change for level in levels if level.change is not None]
    if not changes:
        return ConvergenceStudy(tuple(levels), ERROR_OF_SINGLE_MESH, tolerance, converged=False)
    ratio = changes[-1] / changes[-2] if len(changes) > 1 and changes[-2] else 0.5
    ratio = float(np.clip(ratio, MIN_RATIO, MAX_RATIO))
    error = changes[-1] * ratio / (1 - ratio)
    converged = len(levels) >= MIN_MESHES and error <= tolerance and _metric_converged(levels)
    return ConvergenceStudy(tuple(levels), error, tolerance, converged)


def _metric_converged(levels: list[MeshResult]) -> bool:
    previous, last = levels[-2].metric, levels[-1].metric
    if previous is None or last is None:
        return True
    return abs(last - previous) <= METRIC_TOLERANCE * max(1.0, abs(last))
