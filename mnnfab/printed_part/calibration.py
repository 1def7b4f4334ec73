"""Calibration of a stiffness law on continuum models of the uniform network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.model.stiffness_law import Calibration
from mnnfab.printed_part.part import PrintedPart

if TYPE_CHECKING:
    from mnnfab.problem.problem import Problem
    from mnnfab.progress.watcher import StageTimer
    from mnnfab.task.task import Task

#: Widths at which a stiffness law is calibrated, as shares of the way between the limits.
CALIBRATED_AT = (0.0, 0.5, 1.0)


def calibrated(problem: Problem, timer: StageTimer) -> Problem:
    """Calibrate the stiffness law of a problem, if its design wants that.

    The network is solved as a continuum with all bonds of one width, at three widths; what
    its nodes move by, over what they do with springs in series, is the softening there.
    """
    if problem.design.schedule.stiffness_law != "calibrated" or problem.task is None:
        return problem
    low, high = problem.width_limits_mm
    widths = tuple(low + share * (high - low) for share in CALIBRATED_AT)
    softening = tuple(_softening(problem, problem.task, width, timer) for width in widths)
    found = Calibration(widths, softening)
    return replace(problem, surrogate=replace(problem.surrogate, calibration=found))


def _softening(problem: Problem, task: Task, width_mm: float, timer: StageTimer) -> float:
    """Return how much farther all nodes of a uniform continuum move than springs in series do."""
    widths = np.full(problem.network.n_bonds, width_mm)
    continuum = PrintedPart(problem, widths, timer).continuum
    found = (continuum.system.readings.T @ continuum.fields)[problem.network.free_dofs]
    stiffness = problem.law_named("series").stiffness(widths)
    bars = problem.bar_model(task).engine.displacements(stiffness)[:, : len(task.inputs)]
    return float(np.vdot(bars, found) / np.vdot(bars, bars))
