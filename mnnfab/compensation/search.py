"""Search over joints, width limits and ports, with the reference model of each candidate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mnnfab.arrays import frozen_floats
from mnnfab.compensation.loop import continue_training, require_section
from mnnfab.compensation.record import Candidate, with_loss_scale
from mnnfab.compensation.rounds import evaluator, predicted_metrics
from mnnfab.errors import GeometryError, InputError, MnnfabError
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.loading import make_problem
from mnnfab.problem.port_placement import free_nodes, placements, port_nodes
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.trainable_models.trainables import train_problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnnfab.design.check_section import SearchSection
    from mnnfab.design.design import Design
    from mnnfab.progress.watcher import StageTimer

T = TypeVar("T")

#: Number of port placements evaluated with the reference model after the screening.
N_PLACEMENTS = 3


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Result of the search.

    Args:
        problem: problem of the best candidate.
        candidates: all candidates, in order of evaluation.
    """

    problem: TrainableProblem
    candidates: tuple[Candidate, ...]


def search(problem: Problem, timer: StageTimer) -> SearchResult:
    """Evaluate the candidates of the [compensate.search] section.

    The first candidates are all parameter combinations (joints and width limits) with the
    ports of the design, the following ones the best placements of the ports with the best
    combination. Each candidate is trained on the model of the design, evaluated as round 0 of the
    compensation, and trained once more on the corrected model. The candidate with the best
    predicted metric of the training samples is chosen; the first one of equal candidates.
    """
    section = require_section(problem).search
    if section is None:
        where = f"{problem.design.name}, [compensate.search]"
        raise InputError(where, "missing", "a section [compensate.search]")
    if section.ports:
        _check_free_nodes(problem)
    variants = list(_parameter_combinations(problem.design, section))
    total = len(variants) + (N_PLACEMENTS if section.ports else 0)
    combinations = [
        _evaluate(design, problem, timer, f"{number} of {total}")
        for number, design in enumerate(variants, 1)
    ]
    best = _best(combinations)
    chosen = best.problem
    if chosen is None:
        given = f"no candidate is feasible: {best.candidate.refused}"
        raise InputError("[compensate.search]", given, "feasible joints and width limits")
    evaluated = combinations
    if section.ports:
        with timer.stage(f"screen {section.ports} placements of the ports"):
            designs = _placement_designs(chosen, section.ports)
        evaluated = [
            *combinations,
            *(
                _evaluate(design, problem, timer, f"{number} of {total}")
                for number, design in enumerate(designs, len(combinations) + 1)
            ),
        ]
        best = _best(evaluated)
        chosen = best.problem or chosen
    candidates = (
        result.candidate.model_copy(update={"chosen": True}) if result is best else result.candidate
        for result in evaluated
    )
    return SearchResult(chosen, tuple(candidates))


@dataclass(frozen=True, eq=False)
class _EvaluatedCandidate:
    """A candidate, and its problem if it is feasible."""

    candidate: Candidate
    problem: TrainableProblem | None

    @property
    def value(self) -> float:
        """Objective, larger is better; -inf if the candidate is not feasible."""
        if self.problem is None or self.candidate.metric_training is None:
            return -np.inf
        return self.problem.task.primary_metric.ranked(self.candidate.metric_training)


def _best(evaluated: Sequence[_EvaluatedCandidate]) -> _EvaluatedCandidate:
    return max(evaluated, key=lambda result: result.value)  # the first of equals


def _parameter_combinations(design: Design, section: SearchSection) -> Iterator[Design]:
    """Yield every combination of joints and width limits, those of the design first."""
    fabrication = design.fabrication
    own = (fabrication.width_min_mm, fabrication.width_max_mm)
    for ratio, length, (low, high) in product(
        _with_own(fabrication.joint_ratio, section.joint_ratio),
        _with_own(fabrication.joint_length_mm, section.joint_length_mm),
        _with_own(own, section.width_limits_mm),
    ):
        parameters = {
            "joint_ratio": ratio,
            "joint_length_mm": length,
            "width_min_mm": low,
            "width_max_mm": high,
            "width_initial_mm": _inside(fabrication.width_initial_mm, low, high),
        }
        yield design.model_copy(update={"fabrication": fabrication.model_copy(update=parameters)})


def _inside(width_mm: float, low: float, high: float) -> float:
    """Return the width if it is inside the limits, otherwise their middle."""
    return width_mm if low < width_mm < high else (low + high) / 2


def _with_own(own: T, others: Sequence[T]) -> list[T]:
    return [own, *(value for value in others if value != own)]


def _placement_designs(problem: Problem, count: int) -> list[Design]:
    """Return designs with the best random placements of the ports by the bar model."""
    found = (design for design in placements(problem, count) if _is_feasible(problem, design))
    return list(islice(found, N_PLACEMENTS))


def _check_free_nodes(problem: Problem) -> None:
    free = len(free_nodes(problem.network))
    n_required = len(port_nodes(problem.design))
    if free < n_required:
        given = f"ports at {n_required} nodes, with {free} free ones"
        raise InputError("[compensate.search] ports", given, "at most one port node per free node")


def _is_feasible(problem: Problem, design: Design) -> bool:
    """Return True if the part can be built: ports need space for their eyelets."""
    placed = make_problem(design, problem.folder)
    try:
        _ = PrintedPart(placed, placed.start_widths_mm).tiling
    except GeometryError:
        return False
    return True


def _evaluate(
    design: Design, problem: Problem, timer: StageTimer, number: str
) -> _EvaluatedCandidate:
    shape, section = design.fabrication, design.task
    candidate = Candidate(
        joint_ratio=shape.joint_ratio,
        joint_length_mm=shape.joint_length_mm,
        width_min_mm=shape.width_min_mm,
        width_max_mm=shape.width_max_mm,
        inputs=tuple(item.port.node for item in section.inputs),
        outputs=tuple(item.port.node for item in section.outputs),
    )
    joint, wall = shape.joint_ratio * shape.width_min_mm, problem.printer.printable_wall_mm
    if joint < wall:
        reason = f"joint width {joint:g} mm, minimum of {problem.printer.name} {wall:g} mm"
        return _EvaluatedCandidate(candidate.model_copy(update={"refused": reason}), None)
    try:
        with timer.stage(f"candidate {number}"):
            found = require_trainable(calibrated(_candidate_problem(design, problem), timer))
            metric, metric_training = _predict_metrics(found, timer)
    except MnnfabError as error:  # overlapping joints, uncoupled ports, mesher timeout
        return _EvaluatedCandidate(candidate.model_copy(update={"refused": str(error)}), None)
    values = {"metric": metric, "metric_training": metric_training}
    return _EvaluatedCandidate(candidate.model_copy(update=values), found)


def _candidate_problem(design: Design, problem: Problem) -> TrainableProblem:
    """Return the problem of a candidate, with the initial widths of the design."""
    found = require_trainable(make_problem(design, problem.folder))
    if problem.start_table is None:
        return found
    start = frozen_floats(np.clip(problem.start_widths_mm, *found.width_limits_mm))
    return replace(found, start_widths_mm=start, start_table=problem.start_table)


def _predict_metrics(problem: TrainableProblem, timer: StageTimer) -> tuple[float, float]:
    """Return the metric of all samples and of the training samples after one correction."""
    section = problem.design.compensate
    loss_scale_mm = section.loss_scale_mm if section else None
    training = train_problem(problem)
    first = evaluator(problem)(problem, training, None, 0, timer)
    corrected = replace(problem, surrogate=first.following)
    trained = replace(corrected, task=with_loss_scale(problem.task, loss_scale_mm))
    retrained = continue_training(trained, training.widths_mm, timer)
    return predicted_metrics(corrected, retrained.widths_mm)
