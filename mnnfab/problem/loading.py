"""From a design file to a problem: everything that the design names is read and checked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.design.design import Design
from mnnfab.design.design_file import load_design
from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes
from mnnfab.network.network import Network
from mnnfab.network.periodic import Periodicity, find_period
from mnnfab.network.rigidity import require_rigid
from mnnfab.network.widths_file import check_widths, load_start, load_widths
from mnnfab.problem.material_state import material_of
from mnnfab.problem.node_numbers import NumberedDesign, number_nodes
from mnnfab.problem.problem import PortProblem, Problem, has_ports
from mnnfab.problem.problem_checks import check_problem
from mnnfab.profiles import is_file, printer
from mnnfab.task.datasets import BUILT_IN
from mnnfab.task.factory import make_task


def load_problem(path: Path | str, start: Path | None = None) -> Problem:
    """Read a design file and all files that it names, and validate them.

    Args:
        path: design file.
        start: table of initial widths of the training; None for those of the design.

    Raises:
        InputError: if an input is not valid; `MechanismError` if the network has zero modes.
    """
    path = Path(path)
    return make_problem(load_design(path), path.parent, start)


def make_problem(design: Design, folder: Path, start: Path | None = None) -> Problem:
    """Return the problem of a design whose files are in `folder`.

    Raises:
        InputError: as `load_problem`.
    """
    numbered = number_nodes(design, folder)
    design, network = numbered.design, numbered.network
    start = _start_of(design, folder, start)
    problem = Problem(
        design=design,
        folder=folder,
        network=network,
        rigidity=require_rigid(network),
        material=material_of(design.material, folder),
        printer=printer(design.fabrication.printer, folder),
        task=make_task(design, network, folder),
        given_widths_mm=_given_widths(design, network, folder),
        start_widths_mm=_start_widths(design, network, start),
        start_table=read_bytes(start) if start else None,
        input_bytes=input_bytes(numbered, folder),
        network_findings=numbered.source.findings,
        periodicity=_periodicity(design, network),
    )
    check_problem(problem)
    if has_ports(problem):
        return _with_first_reactions(problem)
    return problem


def _with_first_reactions(problem: PortProblem) -> PortProblem:
    """Return the problem with the reactions of prescribed displacements before training."""
    task = problem.task
    if task.prescribed is None:
        return problem
    given = problem.given_widths_mm
    response = problem.bar_model().response(
        problem.law_named("bar").stiffness(problem.start_widths_mm if given is None else given)
    )
    return replace(problem, task=task.with_loads(task.applied_loads(response)))


def _periodicity(design: Design, network: Network) -> Periodicity | None:
    """Return the cell of a network that repeats; None if the design states no period."""
    periods = design.network.period_mm
    return None if periods is None else find_period(network, np.array(periods))


def read_inputs(design: Design, folder: Path) -> dict[str, bytes]:
    """Return the contents of the files that a design names, by name, without initial widths.

    Raises:
        InputError: if a file cannot be read, or the network is not valid.
    """
    return input_bytes(number_nodes(design, folder), folder)


def input_bytes(numbered: NumberedDesign, folder: Path) -> dict[str, bytes]:
    """Return the contents of the files that a design names, by name, without initial widths.

    The network is in mnnfab's own JSON: its file may name further files.

    Raises:
        InputError: if a file cannot be read.
    """
    design = numbered.design
    named = (
        getattr(design.task, "dataset", None),
        *filter(is_file, (design.material.preset, design.fabrication.printer)),
    )
    files = {name: read_bytes(folder / name) for name in named if name and name not in BUILT_IN}
    return files | numbered.network_bytes


def _start_of(design: Design, folder: Path, start: Path | None) -> Path | None:
    if start is not None and design.widths is not None:
        raise InputError("[widths]", f"given, and a start from {start}", "one of the two")
    if start is not None and design.schedule.start is not None:
        raise InputError("[training] start", f"given, and a start from {start}", "one of the two")
    if start is not None or design.schedule.start is None:
        return start
    return folder / design.schedule.start


def _start_widths(design: Design, network: Network, start: Path | None) -> FloatArray:
    fabrication = design.fabrication
    if start is None:
        return frozen_floats(np.full(network.n_bonds, fabrication.width_initial_mm))
    lowest, highest = fabrication.width_min_mm, fabrication.width_max_mm
    widths = load_start(start, network)
    check_widths(str(start), widths, (lowest, highest))
    return widths


def _given_widths(design: Design, network: Network, folder: Path) -> FloatArray | None:
    section = design.widths
    if section is None:
        return None
    limits = (design.fabrication.width_min_mm, design.fabrication.width_max_mm)
    if section.file is not None:
        widths, where = load_widths(folder / section.file, network), section.file
    else:
        widths = frozen_floats(np.full(network.n_bonds, section.uniform_mm))
        where = "[widths] uniform_mm"
    check_widths(where, widths, limits)
    return widths
