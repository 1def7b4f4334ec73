"""Placement of the ports of a task: candidates ranked by short training runs of the bar model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.model.springs import SpringModel
from mnnfab.network.node_ids import require_number
from mnnfab.network.ports import nodes_of
from mnnfab.problem.loading import make_problem
from mnnfab.problem.problem import require_ports
from mnnfab.random_streams import Stream, random_generator
from mnnfab.training.optimisation import minimise_loss

if TYPE_CHECKING:
    from mnnfab.arrays import IntArray
    from mnnfab.design.design import Design
    from mnnfab.network.network import Network
    from mnnfab.problem.problem import Problem

#: Iterations of the training that evaluates a placement.
SCREENING = 40
#: Significant digits of the losses by which placements are ranked. Mirrored placements have equal
#: losses up to rounding errors, which depend on the processor; the first drawn is then the first.
LOSS_DIGITS = 6


def free_nodes(network: Network) -> IntArray:
    """Return the nodes that are not fixed."""
    return np.setdiff1d(np.arange(network.n_nodes), network.fixed)


def placements(problem: Problem, count: int) -> Iterator[Design]:
    """Yield the design with random placements of its ports, in order of increasing loss.

    Ports of one node move together; placements that cannot be trained are left out.

    Args:
        problem: its design must not have more nodes with ports than free nodes.
        count: number of placements that are drawn, with the seed of the design.
    """
    generator = random_generator(problem.design.schedule.seed, Stream.PORT_PLACEMENTS)
    free, nodes = free_nodes(problem.network), port_nodes(problem.design)
    drawn = [generator.permutation(free)[: len(nodes)].tolist() for _ in range(count)]
    designs = [_moved(problem.design, dict(zip(nodes, places, strict=True))) for places in drawn]
    losses = [float(f"{_screened_loss(problem, design):.{LOSS_DIGITS}g}") for design in designs]
    for place in np.argsort(losses, kind="stable").tolist():
        if np.isfinite(losses[place]):
            yield designs[place]


def port_nodes(design: Design) -> list[int]:
    """Return the nodes with ports, each once, since the x and y ports of a node move together."""
    section = design.task
    return nodes_of([item.port for item in (*section.inputs, *section.outputs)])


def _moved(design: Design, places: Mapping[int, int]) -> Design:
    section = design.task
    moved = {
        key: tuple(
            item.with_nodes(lambda _, node: places[require_number(node)], key)
            for item in getattr(section, key)
        )
        for key in ("inputs", "outputs")
    }
    return design.model_copy(update={"task": section.model_copy(update=moved)})


def _screened_loss(problem: Problem, design: Design) -> float:
    try:
        placed = require_ports(make_problem(design, problem.folder))
    except InputError:  # outputs that no input moves
        return np.inf
    springs = SpringModel(placed.bar_model(), placed.law_named("series"))
    own = placed.trainable().width_map
    trainable = replace(
        placed.trainable(), model=springs, width_map=own.clamped(placed.width_limits_mm)
    )
    middle = np.full(placed.network.n_bonds, 0.5)
    return minimise_loss(trainable, middle, SCREENING)[1]
