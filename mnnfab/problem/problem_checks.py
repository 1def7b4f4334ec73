"""Checks of a problem that need more than one section of its design."""

from __future__ import annotations

import numpy as np

from mnnfab.errors import InputError
from mnnfab.problem.problem import PortProblem, Problem, has_ports

#: Output displacements below this fraction of the largest elongation count as zero.
UNCOUPLED = 1e-10
#: Largest difference of given widths that should be equal, mm.
UNEQUAL_MM = 1e-6


def check_problem(problem: Problem) -> None:
    """Check a problem as a whole.

    Raises:
        InputError: if two sections of its design do not go together.
    """
    _check_equal_widths(problem)
    _check_mesh_formats(problem)
    _check_calibration(problem)
    if has_ports(problem):
        _check_coupling(problem)
        _check_exact_training(problem)


def _check_equal_widths(problem: Problem) -> None:
    """Check that given widths repeat with the period of the network."""
    periodicity, widths = problem.periodicity, problem.given_widths_mm
    if periodicity is None or widths is None:
        return
    means = periodicity.cell_widths(widths)[periodicity.bond_class]
    worst = int(np.abs(widths - means).argmax())
    if abs(widths[worst] - means[worst]) > UNEQUAL_MM:
        raise InputError(
            f"[widths], {problem.network.bond_name(worst)}",
            f"{widths[worst]:g} mm, but {means[worst]:g} mm is the mean of all bonds a period away",
            "widths that repeat with [network] period_mm",
        )


def _check_mesh_formats(problem: Problem) -> None:
    """Refuse springs in input decks: they act on means over discs, for which decks have none."""
    springs = [one for one in problem.network.supports if not one.is_rigid]
    if springs and "inp" in problem.design.check.mesh_formats:
        given = f'"inp", with a spring at {springs[0]}'
        raise InputError("[check] mesh_formats", given, '"vtu" and "msh" with springs')


def _check_calibration(problem: Problem) -> None:
    """Refuse a calibrated law with springs: one factor on displacements is not one of the bonds."""
    springs = [one for one in problem.network.supports if not one.is_rigid]
    if springs and problem.design.schedule.stiffness_law == "calibrated":
        given = f'"calibrated", with a spring at {springs[0]}'
        raise InputError("[training] stiffness_law", given, '"bar" or "series" with springs')


def _check_coupling(problem: PortProblem) -> None:
    """Refuse problems in which no input moves any output."""
    response = problem.bar_model().response(np.ones(problem.network.n_bonds))
    own = np.abs(response.elongations).max(axis=0)
    still = np.abs(response.flexibility).max(axis=1) <= UNCOUPLED * own.max()
    if still.all():
        raise InputError(
            "[task] outputs", "no input moves any of them", "outputs that are coupled to the inputs"
        )


def _check_exact_training(problem: PortProblem) -> None:
    """Refuse rules without exact gradients, and a search, with targets that they do not know.

    Candidates of the search are ranked by outputs under given loads.
    """
    task, section, schedule = problem.task, problem.design.compensate, problem.design.schedule
    if task.prescribed is not None and schedule.model != "bars":
        given = f'"{schedule.model}", given with prescribed_mm'
        allowed = 'model = "bars": the loaded frame is trained under given loads only'
        raise InputError("[training] model", given, allowed)
    keys = {"prescribed_mm": task.prescribed, "[[task.moduli]]": task.moduli}
    for key in [key for key, value in keys.items() if value is not None]:
        if schedule.rule != "adjoint":
            given = f'"{schedule.rule}", given with {key}'
            raise InputError("[training] rule", given, '"adjoint"')
        if section is not None and section.enabled and section.search is not None:
            allowed = f"a design without a search, or without {key}"
            raise InputError("[compensate.search]", f"given with {key}", allowed)
