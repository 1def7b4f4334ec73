"""Evaluation of the candidates of a search under their loads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.compensation.loop import train_corrected
from mnnfab.compensation.ranking import candidate_limits
from mnnfab.compensation.record import Candidate
from mnnfab.compensation.rounds import evaluator, read_metric
from mnnfab.network.ports import nodes_of
from mnnfab.printed_part.calibration import calibrated
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.trainable_models.trainables import train_problem
from mnnfab.units import NEWTON_PER_GF

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.design.design import Design
    from mnnfab.printed_part.part import PortPart
    from mnnfab.progress.watcher import StageTimer


@dataclass(frozen=True, eq=False)
class EvaluatedCandidate:
    """A candidate, and its problem if it is feasible.

    Args:
        candidate: entry of the record.
        problem: its problem; None if it is refused.
    """

    candidate: Candidate
    problem: TrainableProblem | None


def evaluated(
    problem: TrainableProblem, candidate: Candidate, timer: StageTimer
) -> EvaluatedCandidate:
    """Return a candidate with the values of its loaded part, trained and compensated once.

    Args:
        problem: problem of the candidate.
        candidate: entry of the record without values.
        timer: stage timer.

    Raises:
        MnnfabError: if it cannot be trained, built or solved.
    """
    found = require_trainable(calibrated(problem, timer))
    values = _loaded_values(found, _compensated_once(found, timer))
    loaded = candidate.model_copy(update=values)
    limits = candidate_limits(found).met(loaded)
    return EvaluatedCandidate(loaded.model_copy(update={"limits": limits}), found)


def refused(candidate: Candidate, reason: str) -> EvaluatedCandidate:
    """Return a candidate that is not feasible, with the reason."""
    return EvaluatedCandidate(candidate.model_copy(update={"refused": reason}), None)


def candidate_of(design: Design, load_factor: float) -> Candidate:
    """Return the candidate of a design, which is not evaluated yet."""
    shape, task = design.fabrication, design.task
    return Candidate(
        joint_ratio=shape.joint_ratio,
        joint_length_mm=shape.joint_length_mm,
        width_min_mm=shape.width_min_mm,
        width_max_mm=shape.width_max_mm,
        thickness_mm=shape.thickness_mm,
        load_factor=load_factor,
        inputs=tuple(nodes_of([item.port for item in task.inputs])),
        outputs=tuple(nodes_of([item.port for item in task.outputs])),
    )


def _compensated_once(problem: TrainableProblem, timer: StageTimer) -> PortPart:
    """Return the part after a training, one correction by its reference model, and another."""
    section = problem.design.compensate
    loss_scale_mm = section.loss_scale_mm if section else None
    first = evaluator(problem)(problem, train_problem(problem), None, 0, timer)
    corrected, retrained = train_corrected(problem, first, loss_scale_mm, timer)
    return PrintedPart(corrected, retrained.widths_mm, timer)


def _loaded_values(problem: TrainableProblem, part: PortPart) -> dict[str, Any]:
    """Return the values of a loaded part, by the frame that its continuum model calibrates.

    The path of a perfect part may stay straight beyond a bifurcation, and linear buckling leaves
    out how the part moves before: the smaller load factor counts.
    """
    from mnnfab.loaded_part.calibrated_frame import calibrated_frame
    from mnnfab.loaded_part.sweep import sweep_loads

    loads = problem.task.loads_N
    frame = calibrated_frame(part)
    buckling = float(frame.buckling_out_of_plane(loads).min())
    sweep = sweep_loads(frame, loads, buckling)
    stability = min(float(sweep.stability.min()), buckling)
    at_loads = sweep.at(1.0)
    strain = float(at_loads.strains.max())  # NaN if a sample is lost
    return {
        "metric": _rounded(read_metric(problem, at_loads.outputs_mm)),
        "metric_training": _rounded(
            read_metric(problem, at_loads.outputs_mm, problem.task.train_indices)
        ),
        "stability": _rounded(stability),
        "strain": _rounded(strain),
        "load_gf": _rounded(_largest_load_gf(loads)),
        "mass_g": _rounded(part.mass_g),
    }


def _largest_load_gf(loads_N: FloatArray) -> float:
    return float(np.abs(loads_N).sum(axis=1).max()) / NEWTON_PER_GF


def _rounded(value: float) -> float | None:
    """Return a number to ten digits, for the record; None if it is not finite."""
    return float(f"{value:.10g}") if np.isfinite(value) else None
