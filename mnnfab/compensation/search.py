"""Search over joints, width limits, thickness, loads and ports, each candidate under its loads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mnnfab.arrays import frozen_floats
from mnnfab.compensation.candidates import (
    EvaluatedCandidate,
    candidate_of,
    evaluated,
    refused,
)
from mnnfab.compensation.loop import require_section
from mnnfab.compensation.ranking import CandidateLimits, candidate_limits
from mnnfab.compensation.record import Candidate
from mnnfab.errors import GeometryError, InputError, MnnfabError
from mnnfab.findings import Finding
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.loading import make_problem
from mnnfab.problem.port_placement import free_nodes, placements, port_nodes
from mnnfab.problem.problem import Problem, TrainableProblem, require_trainable
from mnnfab.task.reading import read_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mnnfab.design.check_section import SearchSection
    from mnnfab.design.design import Design
    from mnnfab.design.fabrication import Fabrication
    from mnnfab.progress.watcher import StageTimer

T = TypeVar("T")

#: Number of port placements that are evaluated after the screening.
N_PLACEMENTS = 3


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Result of the search.

    Args:
        problem: problem of the best candidate.
        candidates: all candidates, in order of evaluation.
        findings: a finding if the best candidate does not meet the limits.
    """

    problem: TrainableProblem
    candidates: tuple[Candidate, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Variant:
    """A design of the search, and the factor of its loads on those of the given design."""

    design: Design
    load_factor: float


def search(problem: Problem, timer: StageTimer) -> SearchResult:
    """Evaluate the candidates of the [compensate.search] section.

    The first candidates are all combinations of the values of the section with the ports of the
    design, the following ones the best placements of the ports with the best combination. Each
    candidate is trained on the model of the design, compensated once, trained again, and
    evaluated under its loads. Of those that meet the limits of the design, the one with the best
    metric as read of the training samples is chosen, as `CandidateLimits.rank` states; if none
    does, the one nearest to the limits, with a finding.

    Raises:
        InputError: if the design has no such section, no candidate is feasible, or there are
            fewer free nodes than ports.
    """
    section = require_section(problem).search
    if section is None:
        where = f"{problem.design.name}, [compensate.search]"
        raise InputError(where, "missing", "a section [compensate.search]")
    if section.ports:
        _check_free_nodes(problem)
    variants = list(_combinations(problem.design, section))
    total = len(variants) + (N_PLACEMENTS if section.ports else 0)
    found = [
        _evaluate(variant, problem, timer, f"{number} of {total}")
        for number, variant in enumerate(variants, 1)
    ]
    limits = candidate_limits(require_trainable(problem))
    best = _best(found, limits)
    chosen = best.problem
    if chosen is None:
        given = f"no candidate is feasible: {best.candidate.refused}"
        raise InputError("[compensate.search]", given, "feasible values")
    if section.ports:
        with timer.stage(f"screen {section.ports} placements of the ports"):
            designs = _placement_designs(chosen, section.ports)
        placed = [_Variant(design, best.candidate.load_factor) for design in designs]
        found += [
            _evaluate(variant, problem, timer, f"{number} of {total}")
            for number, variant in enumerate(placed, len(variants) + 1)
        ]
        best = _best(found, limits)
    candidates = (one.candidate.model_copy(update={"chosen": one is best}) for one in found)
    findings = _findings(found.index(best) + 1, best, limits, read_label(chosen.task))
    return SearchResult(best.problem or chosen, tuple(candidates), tuple(findings))


def _best(found: Sequence[EvaluatedCandidate], limits: CandidateLimits) -> EvaluatedCandidate:
    return max(found, key=lambda one: limits.rank(one.candidate))  # the first of equals


def _findings(
    number: int, best: EvaluatedCandidate, limits: CandidateLimits, label: str
) -> Iterator[Finding]:
    """Yield a warning if the best candidate, of this number, does not meet the limits."""
    if best.candidate.limits == "not met":
        values = limits.compared(best.candidate, label)
        message = f"no candidate meets the limits; candidate {number} is the nearest: {values}"
        yield Finding("search-limits", "warning", "[compensate.search]", message)


def _combinations(design: Design, section: SearchSection) -> Iterator[_Variant]:
    """Yield every combination of the values of a search, those of the design first."""
    shape = design.fabrication
    own = (shape.width_min_mm, shape.width_max_mm)
    for ratio, length, (low, high), thickness, factor in product(
        _with_own(shape.joint_ratio, section.joint_ratio),
        _with_own(shape.joint_length_mm, section.joint_length_mm),
        _with_own(own, section.width_limits_mm),
        _with_own(shape.thickness_mm, section.thickness_mm),
        _with_own(1.0, section.load_factor),
    ):
        values = {"joint_ratio": ratio, "joint_length_mm": length, "thickness_mm": thickness}
        fabrication = _with_limits(shape.model_copy(update=values), low, high)
        task = design.task if factor == 1.0 else design.task.with_load_factor(factor)
        changes = {"fabrication": fabrication, "task": task}
        yield _Variant(design.model_copy(update=changes), factor)


def _with_limits(shape: Fabrication, low: float, high: float) -> Fabrication:
    """Return fabrication with other width limits; initial widths outside start in their middle."""
    initial = shape.width_initial_mm
    inside = initial if low < initial < high else (low + high) / 2
    limits = {"width_min_mm": low, "width_max_mm": high, "width_initial_mm": inside}
    return shape.model_copy(update=limits)


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
    variant: _Variant, problem: Problem, timer: StageTimer, number: str
) -> EvaluatedCandidate:
    candidate = candidate_of(variant.design, variant.load_factor)
    shape, printer = variant.design.fabrication, problem.printer
    walls = {
        "joint width": shape.joint_ratio * shape.width_min_mm,
        "thickness": shape.thickness_mm,
    }
    thinnest, allowed = min(walls, key=walls.__getitem__), printer.printable_wall_mm
    if walls[thinnest] < allowed:
        reason = f"{thinnest} {walls[thinnest]:g} mm, minimum of {printer.name} {allowed:g} mm"
        return refused(candidate, reason)
    try:
        with timer.stage(f"candidate {number}"):
            return evaluated(_variant_problem(variant.design, problem), candidate, timer)
    except MnnfabError as error:  # overlapping joints, uncoupled ports, mesher timeout
        return refused(candidate, str(error))


def _variant_problem(design: Design, problem: Problem) -> TrainableProblem:
    """Return the problem of a candidate, with the initial widths of the design."""
    found = require_trainable(make_problem(design, problem.folder))
    if problem.start_table is None:
        return found
    start = frozen_floats(np.clip(problem.start_widths_mm, *found.width_limits_mm))
    return replace(found, start_widths_mm=start, start_table=problem.start_table)
