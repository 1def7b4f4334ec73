"""Evidence of a run: what the report needs besides the results of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.verification.run import verify
from mnnfab.vv.inputs import input_uncertainty
from mnnfab.vv.own import own_comparisons
from mnnfab.vv.paper import validate_on_paper
from mnnfab.vv.part_range import range_of
from mnnfab.vv.solution import verify_solution

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.printed_part.part import PortPart
    from mnnfab.task.task import LoadCase
    from mnnfab.verification.run import Verification
    from mnnfab.vv.comparison import Comparison
    from mnnfab.vv.inputs import InputUncertainty
    from mnnfab.vv.paper import PaperValidation
    from mnnfab.vv.part_range import PartRange
    from mnnfab.vv.solution import SolutionVerification


@dataclass(frozen=True, eq=False)
class Evidence:
    """Verification and validation of a run.

    Args:
        code: code verification of this version on this machine.
        cases: load cases of the part.
        outputs_mm: their outputs by the rubber model, (n_cases, n_out).
        solution: solution verification of these outputs.
        inputs: their uncertainty by the inputs.
        reading_mm: standard deviation of a reading of each output, (n_out,).
        paper: validation with published measurements.
        own: comparisons with the user's own measurements.
        range: range of the part under its load cases.
        reads_no_lengths: whether the task compares outputs with each other alone, not with
            lengths, so that a factor on all outputs changes no answer.
    """

    code: Verification
    cases: tuple[LoadCase, ...]
    outputs_mm: FloatArray
    solution: SolutionVerification
    inputs: InputUncertainty
    reading_mm: FloatArray
    paper: PaperValidation
    own: tuple[Comparison, ...]
    range: PartRange
    reads_no_lengths: bool


def gather_evidence(part: PortPart, mesh_error: float, measured: Sequence[Path]) -> Evidence:
    """Verify the code and the solution, carry the inputs, and compare with measurements.

    Args:
        part: the part of a run.
        mesh_error: estimated relative error of its outputs by the mesh.
        measured: folders of the user's own measurements of the part.

    Raises:
        InputError: if the part has no load case that it carries, or a measurement is not valid.
        ToolError: if a solver fails.
    """
    timer, task = part.timer, part.problem.task
    own = tuple(own_comparisons(measured, mesh_error))  # first: it takes no time and may be wrong
    cases, outputs = _stable_cases(part)
    loads = np.array([case.loads_N for case in cases])
    with timer.stage("code verification"):
        code = verify((), timer.watcher)
    with timer.stage("solution verification"):
        solution = verify_solution(part, loads, outputs)
    with timer.stage("input uncertainty"):
        inputs = input_uncertainty(part, loads)
    return Evidence(
        code=code,
        cases=cases,
        outputs_mm=outputs,
        solution=solution,
        inputs=inputs,
        reading_mm=task.reading_sd(part.problem.design.check.resolution_mm),
        paper=validate_on_paper(timer),
        own=own,
        range=range_of(part, loads),
        reads_no_lengths=task.target_kind == "classes" and task.readout.scaled(2.0) == task.readout,
    )


def _stable_cases(part: PortPart) -> tuple[tuple[LoadCase, ...], FloatArray]:
    """Return the load cases with loads whose path the rubber model follows, and their outputs."""
    task = part.problem.task
    cases = [case for case in task.load_cases if any(case.loads_N)]
    states = part.rubber.states(np.array([case.loads_N for case in cases]).reshape(len(cases), -1))
    outputs = states.outputs_mm(task.outputs)
    stable = np.flatnonzero(np.isfinite(outputs).all(axis=1))
    if not stable.size:
        given = "a part without a load case that has a stable equilibrium"
        raise InputError("report --vv", given, "a part that carries a load case; see its report")
    return tuple(cases[number] for number in stable), outputs[stable]
