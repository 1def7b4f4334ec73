"""Calibration of a stiffness law on continuum models of the uniform network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.model.stiffness_law import Calibration
from mnnfab.model.surrogate import round_fitted
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import require_ports

if TYPE_CHECKING:
    from mnnfab.problem.problem import PortProblem, Problem, ProblemTaskT
    from mnnfab.progress.watcher import StageTimer

#: Widths at which a stiffness law is calibrated, as fractions of the range between the limits.
CALIBRATED_AT = (0.0, 0.5, 1.0)


def calibrated(problem: Problem[ProblemTaskT], timer: StageTimer) -> Problem[ProblemTaskT]:
    """Return the problem with a calibrated stiffness law, if the design requires it.

    The continuum model is solved for uniform networks of three widths. The compliance ratio at
    each width is the best-fit scale of its node displacements over those of springs in series.
    """
    if problem.design.schedule.stiffness_law != "calibrated" or problem.task is None:
        return problem
    with_ports = require_ports(problem)
    low, high = problem.width_limits_mm
    widths = tuple(low + share * (high - low) for share in CALIBRATED_AT)
    softening = tuple(_softening(with_ports, width, timer) for width in widths)
    found = Calibration(widths, softening)
    return replace(problem, surrogate=replace(problem.surrogate, calibration=found))


def _softening(problem: PortProblem, width_mm: float, timer: StageTimer) -> float:
    """Return the best-fit scale of the continuum displacements over those of springs in series."""
    widths = np.full(problem.network.n_bonds, width_mm)
    continuum = PrintedPart(problem, widths, timer).continuum
    found = (continuum.system.readings.T @ continuum.fields)[problem.network.free_dofs]
    stiffness = problem.law_named("series").stiffness(widths)
    bars = problem.bar_model().displacements(stiffness)[:, : len(problem.task.inputs)]
    return float(round_fitted(np.vdot(bars, found) / np.vdot(bars, bars)))
