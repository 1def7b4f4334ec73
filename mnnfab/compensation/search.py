"""Search over joints, width limits and ports, with a continuum model of each candidate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mnnfab.arrays import frozen_floats
from mnnfab.compensation.loop import require_section, train_on
from mnnfab.compensation.record import Candidate, with_loss_scale
from mnnfab.errors import GeometryError, InputError, MnnfabError
from mnnfab.model.surrogate import fit_correction
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.loading import make_problem, train_problem
from mnnfab.problem.port_placement import free_nodes, placements, port_nodes
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnnfab.design.check_section import SearchSection
    from mnnfab.design.design import Design
    from mnnfab.progress.watcher import StageTimer

T = TypeVar("T")

#: Number of port placements evaluated with the continuum model after the screening.
PLACED = 3


@dataclass(frozen=True, eq=False)
class Chosen:
    """Result of the search.

    Args:
        problem: problem of the best candidate.
        candidates: all candidates, in order of evaluation.
    """

    problem: TrainableProblem
    candidates: tuple[Candidate, ...]


def search(problem: Problem, timer: StageTimer) -> Chosen:
    """Evaluate the candidates of the [compensate.search] section.

    The first candidates are all parameter combinations (joints and width limits) with the
    ports of the design, the following ones the best placements of the ports with the best
    combination. Each candidate is
    trained on the bar model, solved with the continuum model, and trained once more on the bar
    model corrected by it. The candidate with the best predicted metric of the training samples
    is chosen; the first one of equal candidates.
    """
    section = require_section(problem).search
    if section is None:
        where = f"{problem.design.name}, [compensate.search]"
        raise InputError(where, "missing", "a section [compensate.search]")
    if section.ports:
        _check_room(problem)
    variants = list(_shapes(problem.design, section))
    total = len(variants) + (PLACED if section.ports else 0)
    shapes = [
        _tried(design, problem, timer, f"{number} of {total}")
        for number, design in enumerate(variants, 1)
    ]
    best = _best(shapes)
    chosen = best.problem
    if chosen is None:
        given = f"no candidate is feasible: {best.line.refused}"
        raise InputError("[compensate.search]", given, "feasible joints and width limits")
    tried = shapes
    if section.ports:
        with timer.stage(f"screen {section.ports} placements of the ports"):
            designs = _placed(chosen, section.ports)
        tried = [
            *shapes,
            *(
                _tried(design, problem, timer, f"{number} of {total}")
                for number, design in enumerate(designs, len(shapes) + 1)
            ),
        ]
        best = _best(tried)
        chosen = best.problem or chosen
    lines = (
        one.line.model_copy(update={"chosen": True}) if one is best else one.line for one in tried
    )
    return Chosen(chosen, tuple(lines))


@dataclass(frozen=True, eq=False)
class _Tried:
    """A candidate, and its problem if it is feasible."""

    line: Candidate
    problem: TrainableProblem | None

    @property
    def value(self) -> float:
        """Objective, larger is better; -inf if the candidate is not feasible."""
        if self.problem is None or self.line.metric_training is None:
            return -np.inf
        return self.problem.task.primary_metric.ranked(self.line.metric_training)


def _best(tried: Sequence[_Tried]) -> _Tried:
    return max(tried, key=lambda one: one.value)  # the first of equals


def _shapes(design: Design, section: SearchSection) -> Iterator[Design]:
    """Yield every combination of joints and width limits, those of the design first."""
    fabrication = design.fabrication
    own = (fabrication.width_min_mm, fabrication.width_max_mm)
    for ratio, length, (low, high) in product(
        _with_own(fabrication.joint_ratio, section.joint_ratio),
        _with_own(fabrication.joint_length_mm, section.joint_length_mm),
        _with_own(own, section.width_limits_mm),
    ):
        shape = {
            "joint_ratio": ratio,
            "joint_length_mm": length,
            "width_min_mm": low,
            "width_max_mm": high,
            "width_initial_mm": _inside(fabrication.width_initial_mm, low, high),
        }
        yield design.model_copy(update={"fabrication": fabrication.model_copy(update=shape)})


def _inside(width_mm: float, low: float, high: float) -> float:
    """Return the width if it is inside the limits, otherwise their middle."""
    return width_mm if low < width_mm < high else (low + high) / 2


def _with_own(own: T, others: Sequence[T]) -> list[T]:
    return [own, *(value for value in others if value != own)]


def _placed(problem: Problem, count: int) -> list[Design]:
    """Return designs with the best random placements of the ports by the bar model."""
    found = (design for design in placements(problem, count) if _has_room(problem, design))
    return list(islice(found, PLACED))


def _check_room(problem: Problem) -> None:
    free = len(free_nodes(problem.network))
    wanted = len(port_nodes(problem.design))
    if free < wanted:
        given = f"ports at {wanted} nodes, with {free} free ones"
        raise InputError("[compensate.search] ports", given, "at most one port node per free node")


def _has_room(problem: Problem, design: Design) -> bool:
    """Return True if the part can be built: ports need space for their eyelets."""
    placed = make_problem(design, problem.folder)
    try:
        _ = PrintedPart(placed, placed.start_widths_mm).tiling
    except GeometryError:
        return False
    return True


def _tried(design: Design, problem: Problem, timer: StageTimer, number: str) -> _Tried:
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
        refused = f"joint width {joint:g} mm, minimum of {problem.printer.name} {wall:g} mm"
        return _Tried(line.model_copy(update={"refused": refused}), None)
    try:
        with timer.stage(f"candidate {number}"):
            found = require_trainable(calibrated(_made(design, problem), timer))
            metric, in_training = _predicted(found, timer)
    except MnnfabError as error:  # overlapping joints, uncoupled ports, mesher timeout
        return _Tried(line.model_copy(update={"refused": str(error)}), None)
    values = {"metric": metric, "metric_training": in_training}
    return _Tried(line.model_copy(update=values), found)


def _made(design: Design, problem: Problem) -> TrainableProblem:
    """Return the problem of a candidate, with the initial widths of the design."""
    found = require_trainable(make_problem(design, problem.folder))
    if problem.start_table is None:
        return found
    start = frozen_floats(np.clip(problem.start_widths_mm, *found.width_limits_mm))
    return replace(found, start_widths_mm=start, start_table=problem.start_table)


def _predicted(problem: TrainableProblem, timer: StageTimer) -> tuple[float, float]:
    """Return the metric of all samples and of the training samples after one correction."""
    task, section = problem.task, problem.design.compensate
    loss_scale_mm = section.loss_scale_mm if section else None
    widths = train_problem(problem).widths_mm
    part = PrintedPart(problem, widths, timer)
    bars, continuum = part.bars.flexibility, part.continuum.response.flexibility
    corrected = problem.corrected(fit_correction(bars, continuum))
    trained = replace(corrected, task=with_loss_scale(task, loss_scale_mm))
    again = train_on(trained, widths, timer)
    metrics = task.metrics(corrected.response(again.widths_mm))
    return task.primary_metric.of(metrics), task.primary_metric.in_training(metrics)
