"""Assessment of the loaded part: all samples by the frame, the critical ones by the rubber."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.io.short_repr import short_repr
from mnnfab.loaded_part.calibrated_frame import CalibratedFrame, calibrated_frame
from mnnfab.loaded_part.cases import LoadedCase, loaded_cases
from mnnfab.loaded_part.discretisation import loaded_error
from mnnfab.loaded_part.envelope import Envelope, make_envelope
from mnnfab.loaded_part.instabilities import (
    Instability,
    rubber_instabilities,
    solid_instabilities,
    swept_instabilities,
)
from mnnfab.loaded_part.remedies import Remedy, find_remedies
from mnnfab.loaded_part.requirements import Requirements, requirements_of
from mnnfab.loaded_part.rubber_samples import RubberSamples, solve_samples
from mnnfab.loaded_part.solid import make_solid, smallest_out_of_plane
from mnnfab.loaded_part.sweep import Sweep, SweptStates, sweep_loads
from mnnfab.task.reading import ReadMetric, metric_as_read
from mnnfab.task.task import is_scored

if TYPE_CHECKING:
    from fem.solid_buckling import SolidBuckling
    from mnnfab.printed_part.part import PortPart
    from mnnfab.task.task import Task


@dataclass(frozen=True, eq=False)
class LoadedPart:
    """A part as it hangs under the loads of its task.

    Args:
        requirements: limits that it must meet.
        frame: calibrated frame.
        sweep: all samples over the load factor, by the frame.
        envelope: metrics and limits over the load factor.
        cases: load cases by the rubber model.
        checked: samples that the rubber model solved as well.
        buckling: buckling of the solid by the name of each load case, and of the critical sample
            if it is none of them; empty if the solid was not solved.
        instabilities: the losses of stability that the models found.
        discretisation_error: estimated relative error of the outputs of the load cases by the mesh;
            None if the path of a load case was lost.
        outputs_mm: outputs of all samples, (n_samples, n_out): by the rubber model where it was
            solved, otherwise by the frame; NaN where no stable state was found.
        read: metric as read; None for a task without a metric.
        linear_read: metric as read of the linear continuum model; None without a metric.
        remedies: changes after which the requirements are met, where the loads are outside of the
            window.
    """

    requirements: Requirements
    frame: CalibratedFrame
    sweep: Sweep
    envelope: Envelope
    cases: tuple[LoadedCase, ...]
    checked: RubberSamples
    buckling: dict[str, SolidBuckling]
    instabilities: tuple[Instability, ...]
    discretisation_error: float | None
    outputs_mm: FloatArray
    read: ReadMetric | None
    linear_read: ReadMetric | None
    remedies: tuple[Remedy, ...] = ()

    __repr__ = short_repr

    @property
    def frame_offsets_mm(self) -> FloatArray:
        """Outputs minus those of the frame, (n_samples, n_out) mm; 0 where one is lost."""
        found = self.outputs_mm - self.at_loads.outputs_mm
        offsets: FloatArray = np.where(np.isfinite(found), found, 0.0)
        return offsets

    @property
    def at_loads(self) -> SweptStates:
        """States of all samples under the loads of the task, by the frame."""
        return self.sweep.at(1.0)


def assess_loaded_part(part: PortPart) -> LoadedPart:
    """Return the assessment of a part under the loads of its task.

    Raises:
        UnstableError: if the part does not carry its own weight.
        ToolError: if a solver fails or memory is insufficient.
    """
    task, requirements = part.problem.task, requirements_of(part.problem)
    frame = calibrated_frame(part)
    factors = frame.buckling_out_of_plane(task.loads_N)
    solid = make_solid(part, factors)
    buckling = solid.buckling() if solid else {}
    sweep = sweep_loads(frame, task.loads_N, smallest_out_of_plane(buckling))
    checked = solve_samples(part, sweep, factors)
    cases = loaded_cases(part, buckling, requirements.stability)
    instabilities = (
        *swept_instabilities(sweep),
        *rubber_instabilities(checked, cases, requirements.stability),
        *solid_instabilities(buckling),
    )
    continuum = part.continuum.response
    envelope = make_envelope(task, sweep, continuum, requirements, instabilities)
    remedies: tuple[Remedy, ...] = ()
    # Other loads or thicknesses would have other reactions.
    if not envelope.includes(1.0) and task.prescribed is None:
        remedies = find_remedies(part, frame, requirements, envelope, solid)
    outputs = sweep.at(1.0).outputs_mm.copy()
    outputs[checked.samples] = checked.rubber_mm
    return LoadedPart(
        requirements=requirements,
        frame=frame,
        sweep=sweep,
        envelope=envelope,
        cases=cases,
        checked=checked,
        buckling=buckling,
        instabilities=instabilities,
        discretisation_error=loaded_error(part, cases),
        outputs_mm=frozen_floats(outputs),
        read=_read(task, outputs, requirements),
        linear_read=_read(task, continuum.outputs(task.loads_N), requirements),
        remedies=remedies,
    )


def _read(task: Task, outputs_mm: FloatArray, requirements: Requirements) -> ReadMetric | None:
    if not is_scored(task):
        return None
    return metric_as_read(task, outputs_mm, requirements.resolution_mm)
