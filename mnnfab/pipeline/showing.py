"""Views of designs and network files, also of those that cannot be run yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.design.design import Design
from mnnfab.design.design_file import load_design
from mnnfab.design.features_section import FeaturesSection
from mnnfab.design.task_section import NoTask
from mnnfab.errors import InputError, MnnfabError
from mnnfab.network.network_file import read_network
from mnnfab.network.ports import AnyPort
from mnnfab.network.raw_network import DrawingOptions
from mnnfab.network.rigidity import analyse_rigidity
from mnnfab.problem.loading import load_problem
from mnnfab.problem.node_numbers import number_nodes
from mnnfab.problem.problem import Problem
from mnnfab.runs.run_folder import DESIGN
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.network.network import Network
    from mnnfab.report.network_view import NetworkView
    from mnnfab.task.task import Task

#: Largest number of load cases that are listed.
LISTED_CASES = 12


def view_of(
    source: Path, merge_mm: float | None = None, drawing: DrawingOptions | None = None
) -> NetworkView:
    """Return the view of a design file, the folder of a run, or a network file.

    A design whose ports or network are not valid is shown with the reason.

    Args:
        source: design file, folder, or network file.
        merge_mm: distance within which points of a network file are one node.
        drawing: unit and crossings of a network file.

    Raises:
        InputError: if the file cannot be read.
    """
    path = source / DESIGN if source.is_dir() else source
    if path.suffix.lower() != ".toml":
        return _of_file(path, merge_mm, drawing)
    if merge_mm is not None or drawing not in {None, DrawingOptions()}:
        given = f"options of network files for {path.name}"
        raise InputError("show", given, "the keys of [network] in the design")
    return _of_design(path)


def _of_file(path: Path, merge_mm: float | None, drawing: DrawingOptions | None) -> NetworkView:
    from mnnfab.report.network_view import NetworkView

    found = read_network(path, merge_mm=merge_mm, drawing=drawing, fixed_required=False)
    notes = tuple(f"{one.severity}: {one.message}" for one in found.findings)
    return NetworkView(path.name, found.network, lines=(*_rigidity(found.network), *notes))


def _of_design(path: Path) -> NetworkView:
    from mnnfab.report.network_view import NetworkView
    from mnnfab.report.symbols import ShownPorts, largest_loads_gf

    design = load_design(path)
    try:
        numbered = number_nodes(design, path.parent)
        network, section = numbered.network, numbered.design.task
    except InputError as error:
        return _without_task(design, path.parent, error)
    lines = [*_rigidity(network), *_limits(design)]
    loads: tuple[float, ...] = ()
    try:
        problem = load_problem(path)
    except MnnfabError as error:
        lines.append(f"not valid yet: {error}")
    else:
        loads = largest_loads_gf(problem.task) if problem.task else ()
        lines += [*_load_cases(problem), *_moduli(problem)]
    inputs, outputs = (
        _existing(network, [item.port for item in items])
        for items in (section.inputs, section.outputs)
    )
    return NetworkView(design.name, network, ShownPorts(inputs, outputs, loads), tuple(lines))


def _without_task(design: Design, folder: Path, error: InputError) -> NetworkView:
    """Return the view of the network alone, of a design that names nodes that do not exist.

    Raises:
        InputError: if the network itself is not valid.
    """
    from mnnfab.report.network_view import NetworkView

    bare = {
        "task": NoTask(kind="none"),
        "features": FeaturesSection(),
        "network": design.network.model_copy(update={"damage": (), "supports": ()}),
    }
    network = number_nodes(design.model_copy(update=bare), folder).network
    return NetworkView(design.name, network, lines=(f"not valid yet: {error}",))


def _existing(network: Network, ports: list[AnyPort]) -> tuple[AnyPort, ...]:
    """Return the ports whose nodes exist; a design with others is not valid yet."""
    return tuple(
        port for port in ports if all(term.node < network.n_nodes for _, term in port.terms)
    )


def _rigidity(network: Network) -> list[str]:
    if not network.free_dofs.size:
        return ["every node is fixed"]
    found = analyse_rigidity(network)
    if not found.n_zero_modes:
        return [f"rigid, {found.n_self_stresses} states of self-stress"]
    moving = ", ".join(map(str, found.moving_nodes[:20].tolist()))
    return [f"not rigid: {found.n_zero_modes} zero modes, which move nodes {moving}"]


def _limits(design: Design) -> list[str]:
    shape = design.fabrication
    joints = (
        f"joints of {shape.joint_ratio:g} times the width over {shape.joint_length_mm:g} mm, "
        f"tapers of {shape.taper_length_mm:g} mm"
    )
    widths = f"widths {shape.width_min_mm:g} to {shape.width_max_mm:g} mm"
    return [
        f"{widths}, thickness {shape.thickness_mm:g} mm, {joints}",
        f"material {design.material.preset}, printer {shape.printer}",
        *_removal(design),
    ]


def _removal(design: Design) -> list[str]:
    limit = design.schedule.remove_below_mm
    return [] if limit is None else [f"bonds are removed before training, below {limit:g} mm"]


def _displacements_of(task: Task, sample: int) -> dict[int, float]:
    """Return the prescribed displacement of the inputs of a sample, mm."""
    if task.prescribed is None:
        return {}
    pairs = zip(
        task.prescribed.inputs.tolist(),
        task.prescribed.displacements_mm[sample].tolist(),
        strict=True,
    )
    return {place: size for place, size in pairs if not np.isnan(size)}


def _moduli(problem: Problem) -> list[str]:
    """Return the cell of a network that repeats, and its moduli by beams before training."""
    from mnnfab.trainable_models.modulus_loss import beam_cell

    periodicity = problem.periodicity
    if periodicity is None:
        return []
    cell, given = periodicity.cell, problem.given_widths_mm
    widths = problem.start_widths_mm if given is None else given
    moduli = beam_cell(problem, periodicity).moduli(periodicity.cell_widths(widths))
    first, second = (f"({x:g}, {y:g})" for x, y in cell.periods_mm.tolist())
    along = [f"{moduli.youngs_modulus(angle):.3g} MPa" for angle in (0.0, 90.0)]
    ratios = [f"{moduli.poisson_ratio(angle):.3f}" for angle in (0.0, 90.0)]
    size = f"{cell.n_nodes} nodes and {len(cell.bonds)} bonds in a cell"
    values = (
        f"E {along[0]} along x, {along[1]} along y; Poisson's ratio {ratios[0]} pulled along x, "
        f"{ratios[1]} along y; G {moduli.shear_modulus():.3g} MPa"
    )
    which = "starting" if given is None else "given"
    return [
        f"repeats with {first} and {second} mm: {size}",
        f"moduli by beams of the {which} widths: {values}",
    ]


def _load_cases(problem: Problem) -> list[str]:
    task = problem.task
    if task is None:
        return []
    names = [port.name or str(port) for port in task.inputs]
    lines = []
    for number, case in enumerate(task.load_cases[:LISTED_CASES]):
        sizes = (load / NEWTON_PER_GF for load in case.loads_N)
        prescribed = _displacements_of(task, number)
        parts = [
            f"{name} displaced by {prescribed[place]:g} mm"
            if place in prescribed
            else f"{name} {size:.4g} gf"
            for place, (name, size) in enumerate(zip(names, sizes, strict=True))
            if size or place in prescribed
        ]
        lines.append(f"load case {case.name}: {', '.join(parts) or 'no load'}")
    if len(task.load_cases) > LISTED_CASES:
        lines.append(f"and {len(task.load_cases) - LISTED_CASES} more load cases")
    return lines
