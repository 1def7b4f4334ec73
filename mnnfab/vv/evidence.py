"""Evidence of a run: what the report needs besides the results of the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.errors import InputError
from mnnfab.loaded_part.calibrated_frame import calibrated_frame
from mnnfab.loaded_part.requirements import requirements_of
from mnnfab.model.model import ScaledOutputs
from mnnfab.task.task import is_scored
from mnnfab.verification.run import verify
from mnnfab.vv.inputs import input_uncertainty
from mnnfab.vv.model_form import compare_with_solid
from mnnfab.vv.own import own_comparisons
from mnnfab.vv.paper import validate_on_paper
from mnnfab.vv.part_range import range_of, with_all_samples
from mnnfab.vv.sampled import read_prints, sample_prints
from mnnfab.vv.solution import verify_solution

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.printed_part.part import PortPart
    from mnnfab.task.task import LoadCase
    from mnnfab.verification.run import Verification
    from mnnfab.vv.comparison import Comparison
    from mnnfab.vv.inputs import InputUncertainty
    from mnnfab.vv.model_form import SolidComparison
    from mnnfab.vv.paper import PaperValidation
    from mnnfab.vv.part_range import PartRange
    from mnnfab.vv.sampled import SampledPrints
    from mnnfab.vv.solution import SolutionVerification


@dataclass(frozen=True, eq=False)
class Evidence:
    """Verification and validation of a run.

    Args:
        code: code verification of this version on this machine.
        cases: load cases of the part: those with a stable equilibrium, at most `MAX_CASES` with
            the largest loads.
        omitted: names of the other load cases.
        outputs_mm: their outputs by the rubber model, (n_cases, n_out).
        solution: solution verification of these outputs.
        solid: their outputs under small loads by the solid and in plane stress; None if the solid
            is too large.
        inputs: their uncertainty by the inputs.
        sampled: prints with random errors under these load cases.
        read: prints with all uncertain inputs under the loads of all samples, with the modulus of
            the published prints if that is of the same material; None without a requirement or a
            tolerance study, and for large tasks.
        reading_mm: standard deviation of a reading of each output, (n_out,).
        paper: validation with published measurements.
        own: comparisons with the user's own measurements.
        range: range of the part under its load cases, and of all samples.
        print_factor: modulus of the design over that of the published prints: a print moves as
            under loads times this factor. None for another material.
        printed_mm: outputs under these loads, (n_cases, n_out); those of the design if the factor
            is None; NaN without a stable equilibrium.
        print_metric: metric of a task with lengths with the modulus of the published prints; None
            for other tasks, and without a requirement.
    """

    code: Verification
    cases: tuple[LoadCase, ...]
    omitted: tuple[str, ...]
    outputs_mm: FloatArray
    solution: SolutionVerification
    solid: SolidComparison | None
    inputs: InputUncertainty
    sampled: SampledPrints
    read: LoadedPrints | None
    reading_mm: FloatArray
    paper: PaperValidation
    own: tuple[Comparison, ...]
    range: PartRange
    print_factor: float | None
    printed_mm: FloatArray
    print_metric: PrintMetric | None

    @property
    def input_mm(self) -> FloatArray:
        """Standard uncertainty u_input of the outputs, (n_cases, n_out).

        Print errors are taken as sampled where the first order is smaller.
        """
        prints = np.fmax(self.inputs.print_mm, self.sampled.sd_mm)
        found: FloatArray = np.hypot(prints, self.inputs.of_material_mm)
        return found

    @property
    def sizes_mm(self) -> FloatArray:
        """Largest output of each load case, at least the error of a reading, (n_cases,)."""
        sizes: FloatArray = np.maximum(np.abs(self.outputs_mm).max(axis=1), self.reading_mm.max())
        return sizes


@dataclass(frozen=True)
class PrintMetric:
    """The primary metric by the linear continuum model, read without error.

    Args:
        value: its value.
        required: limit of the design on the metric as read.
        met: whether the value meets the limit.
    """

    value: float
    required: float
    met: bool


def gather_evidence(
    part: PortPart, report: Mapping[str, Any], measured: Sequence[Path]
) -> Evidence:
    """Verify the code and the solution, carry the inputs, and compare with measurements.

    Args:
        part: the part of a run.
        report: values of the `report.json` of the run.
        measured: folders of the user's own measurements of the part.

    Raises:
        InputError: if the part has no load case that it carries, or a measurement is not valid.
        ToolError: if a solver fails.
    """
    timer, task = part.timer, part.problem.task
    if task.prescribed is not None:
        given = "a task with prescribed displacements"
        raise InputError("report --vv", given, "a task under loads")
    # Measurements before anything that takes time: they may be wrong.
    own = tuple(own_comparisons(measured, part.shape_sha256, _mesh_error(report)))
    cases, omitted, outputs = _stable_cases(part)
    loads = np.array([case.loads_N for case in cases])
    with timer.stage("code verification"):
        code = verify((), timer.watcher)
    with timer.stage("solution verification"):
        solution = verify_solution(part, loads, outputs)
    with timer.stage("input uncertainty"):
        inputs = input_uncertainty(part, loads)
        frame = calibrated_frame(part)
        sampled = sample_prints(part, frame, loads)
    with timer.stage("solid"):
        solid = compare_with_solid(part, loads)
    paper = validate_on_paper(timer)
    factor = _print_factor(part, paper)
    with timer.stage("prints"):
        read = read_prints(part, frame, inputs.modulus, factor or 1.0)
    return Evidence(
        code=code,
        cases=cases,
        omitted=omitted,
        outputs_mm=outputs,
        solution=solution,
        solid=solid,
        inputs=inputs,
        sampled=sampled,
        read=read,
        reading_mm=task.reading_sd(part.problem.design.check.resolution_mm),
        paper=paper,
        own=own,
        range=with_all_samples(range_of(part, loads), report),
        print_factor=factor,
        printed_mm=outputs
        if factor is None
        else part.rubber.states(factor * loads).outputs_mm(task.outputs),
        print_metric=_print_metric(part, factor),
    )


#: Largest number of load cases that are verified: each takes a solution on three meshes.
MAX_CASES = 20
#: Material of the published prints.
PAPER_MATERIAL = "agilus30"


def _print_factor(part: PortPart, paper: PaperValidation) -> float | None:
    material = part.problem.material
    if material.name != PAPER_MATERIAL:
        return None
    return material.youngs_modulus_MPa / paper.calibration.modulus_MPa


def _mesh_error(report: Mapping[str, Any]) -> float:
    """Return the relative error of the outputs by the mesh of the run."""
    loaded, linear = report["loaded"] or {}, report["discretisation"] or {}
    return float(loaded.get("discretisation_error") or linear.get("error") or 0.0)


def _print_metric(part: PortPart, factor: float | None) -> PrintMetric | None:
    task, limit = part.problem.task, requirements_of(part.problem).metric_limit
    if factor is None or limit is None or not is_scored(task) or task.compares_outputs_alone:
        return None
    primary = task.primary_metric
    value = primary.of(task.metrics(ScaledOutputs(part.continuum.response, factor)))
    return PrintMetric(value, limit, met=primary.worse_by(limit, value) <= 0)


def _stable_cases(part: PortPart) -> tuple[tuple[LoadCase, ...], tuple[str, ...], FloatArray]:
    """Return the load cases that are verified, the names of the others, and the outputs."""
    task = part.problem.task
    cases = sorted(
        (case for case in task.load_cases if any(case.loads_N)),
        key=lambda case: -max(map(abs, case.loads_N)),
    )[:MAX_CASES]
    cases = [case for case in task.load_cases if case in cases]
    states = part.rubber.states(np.array([case.loads_N for case in cases]).reshape(len(cases), -1))
    outputs = states.outputs_mm(task.outputs)
    stable = np.flatnonzero(np.isfinite(outputs).all(axis=1))
    if not stable.size:
        given = "a part without a load case that has a stable equilibrium"
        raise InputError("report --vv", given, "a part that carries a load case; see its report")
    kept = tuple(cases[number] for number in stable)
    others = tuple(case.name for case in task.load_cases if any(case.loads_N) and case not in kept)
    return kept, others, outputs[stable]
