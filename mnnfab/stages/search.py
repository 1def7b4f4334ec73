"""The search as a stage: what the widths alone cannot change, tried on its own continua."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mnnfab.compensation import Candidate, trained_task
from mnnfab.courses import lower_the_loss
from mnnfab.errors import InputError
from mnnfab.problem import Problem, make_problem, train_problem
from mnnfab.stages.compensate import with_correction
from mnnfab.stages.model import calibrated, solve_part
from mnnfab.stages.part import tile_part
from mnnfab.surrogate import fit_correction
from mnnfab.width_maps import Clamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnnfab.check_sections import SearchSection
    from mnnfab.design import Design
    from mnnfab.watching import Clock

T = TypeVar("T")

#: Iterations with which a random placement of ports is screened.
SCREENING = 40


@dataclass(frozen=True, eq=False)
class Chosen:
    """What the search ends with.

    Args:
        problem: the best design.
        candidates: all that were tried, in order.
    """

    problem: Problem
    candidates: tuple[Candidate, ...]


def search(problem: Problem, clock: Clock) -> Chosen:
    """Try every combination of a design's [compensate.search] section.

    Each one is trained on its bars, solved as a continuum, and trained once more on the bars
    that this corrected: what those predict decides, on the training samples.
    """
    assert problem.design.compensate is not None, "only asked where there is one"
    section = problem.design.compensate.search
    assert section is not None, "only asked where there is one"
    best, best_value = problem, -np.inf
    tried: list[Candidate] = []
    chosen = 0
    designs = list(_designs(problem, section, clock))
    for place, design in enumerate(designs):
        with clock.stage(f"candidate {place + 1} of {len(designs)}"):
            candidate, found = _try(design, problem, clock)
        tried.append(candidate)
        if found is not None and _value(candidate, found) > best_value:
            best, best_value, chosen = found, _value(candidate, found), place
    if best_value == -np.inf:
        raise InputError("[compensate.search]", "no candidate can be made", tried[0].refused)
    tried[chosen] = tried[chosen].model_copy(update={"chosen": True})
    return Chosen(best, tuple(tried))


def _value(candidate: Candidate, problem: Problem) -> float:
    """Return what is to be made large; equal ones are decided by their order."""
    assert problem.task is not None, "checked with the design"
    assert problem.task.headline is not None, "checked with the design"
    assert candidate.metric_training is not None, "it was tried"
    sense = 1.0 if problem.task.headline.better == "higher" else -1.0
    return sense * candidate.metric_training


def _designs(problem: Problem, section: SearchSection, clock: Clock) -> Iterator[Design]:
    """Yield every combination, the design's own values first."""
    design, fabrication = problem.design, problem.design.fabrication
    own = (fabrication.width_min_mm, fabrication.width_max_mm)
    tasks: list[Any] = [design.task]
    if section.ports:
        with clock.stage(f"screen {section.ports} placements of the ports"):
            tasks.append(_placed(problem, section.ports))
    for task, ratio, length, (low, high) in product(
        tasks,
        _with_own(fabrication.joint_ratio, section.joint_ratio),
        _with_own(fabrication.joint_length_mm, section.joint_length_mm),
        _with_own(own, section.width_limits_mm),
    ):
        shape = {
            "joint_ratio": ratio,
            "joint_length_mm": length,
            "width_min_mm": low,
            "width_max_mm": high,
            "width_initial_mm": float(np.clip(fabrication.width_initial_mm, low, high)),
        }
        yield design.model_copy(
            update={"task": task, "fabrication": fabrication.model_copy(update=shape)}
        )


def _with_own(own: T, others: Sequence[T]) -> list[T]:
    return [own, *(value for value in others if value != own)]


def _placed(problem: Problem, count: int) -> Any:  # noqa: ANN401 - one of the task sections
    """Return the task with the best of some random placements of its ports, by bars alone."""
    generator = np.random.default_rng([problem.design.schedule.seed, 3])
    section = problem.design.task
    fixed = set(problem.network.fixed.tolist())
    free = np.array([node for node in range(problem.network.n_nodes) if node not in fixed])
    n_in, n_ports = len(section.inputs), len(section.inputs) + len(section.outputs)
    if len(free) < n_ports:
        given = f"{n_ports} ports on {len(free)} free nodes"
        raise InputError("[compensate.search] ports", given, "no more ports than free nodes")
    best, lowest = section, np.inf
    for _ in range(count):
        nodes = generator.permutation(free)[:n_ports].tolist()
        placed = section.model_copy(
            update={
                "inputs": _moved(section.inputs, nodes[:n_in]),
                "outputs": _moved(section.outputs, nodes[n_in:]),
            }
        )
        loss = _screened_loss(problem, placed)
        if loss < lowest:
            best, lowest = placed, loss
    return best


def _moved(ports: Sequence[Any], nodes: Sequence[int]) -> tuple[Any, ...]:
    return tuple(
        port.model_copy(update={"node": node}) for port, node in zip(ports, nodes, strict=True)
    )


def _screened_loss(problem: Problem, section: Any) -> float:  # noqa: ANN401 - a task section
    design = problem.design.model_copy(update={"task": section})
    try:
        placed = make_problem(design, problem.folder)
    except InputError:  # outputs that no input moves
        return np.inf
    assert placed.task is not None, "checked with the design"
    trainable = replace(
        placed.trainable(placed.task),
        law=placed.law_named("series"),
        width_map=Clamp(*placed.width_limits_mm),
    )
    middle = np.full(placed.network.n_bonds, 0.5)
    return lower_the_loss(trainable, middle, SCREENING)[1]


def _try(design: Design, problem: Problem, clock: Clock) -> tuple[Candidate, Problem | None]:
    """Return a candidate's line, and its problem if it can be made."""
    shape, section = design.fabrication, design.task
    line = Candidate(
        joint_ratio=shape.joint_ratio,
        joint_length_mm=shape.joint_length_mm,
        width_min_mm=shape.width_min_mm,
        width_max_mm=shape.width_max_mm,
        inputs=tuple(port.node for port in section.inputs),
        outputs=tuple(port.node for port in section.outputs),
    )
    joint, wall = shape.joint_ratio * shape.width_min_mm, problem.printer.printable_wall_mm
    if joint < wall:
        refused = f"joints of {joint:g} mm, {problem.printer.name} prints {wall:g} mm or more"
        return line.model_copy(update={"refused": refused}), None
    try:
        found = calibrated(make_problem(design, problem.folder), clock)
        metrics = _predicted(found, clock)
    except InputError as error:  # joints that overlap, ports that nothing moves
        return line.model_copy(update={"refused": str(error)}), None
    values = dict(zip(("metric", "metric_training"), metrics, strict=True))
    return line.model_copy(update=values), found


def _predicted(problem: Problem, clock: Clock) -> tuple[float, float]:
    """Return the metric on all and on the training samples after one correction."""
    task, section = problem.task, problem.design.compensate
    assert task is not None, "checked with the design"
    assert task.headline is not None, "checked with the design"
    assert section is not None, "only asked where there is one"
    widths = train_problem(problem).widths_mm
    continuum, _ = solve_part(problem, task, tile_part(problem, widths), clock)
    bars = problem.response(task, widths).flexibility
    corrected = with_correction(problem, fit_correction(bars, continuum.response.flexibility))
    again = train_problem(replace(corrected, task=trained_task(task, section.loss_scale_mm)))
    metrics = task.metrics(corrected.response(task, again.widths_mm).flexibility)
    return task.headline.of(metrics), task.headline.in_training(metrics)
