"""Record of the compensation: rounds, candidates of the search, and the selection of a round."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from mnnfab.design.section import Many, Number, Positive, Section
from mnnfab.design.section_errors import damaged_file
from mnnfab.errors import InputError
from mnnfab.io.files import read_json
from mnnfab.model.stiffness_law import Calibration
from mnnfab.model.surrogate import Correction, FrameCorrection, Surrogate
from mnnfab.task.metrics import PrimaryMetric
from mnnfab.task.task import Task, TaskT

SURROGATE = "surrogate.json"
LimitsMet = Literal["met with margin", "met", "not met"]


class Round(Section):
    """One round: a training, and the reference model of its widths.

    The reference of bars is the linear continuum model, that of the loaded frame the rubber model,
    whose metrics are those as read.

    Args:
        number: number of the round; 0 is the training on the uncorrected model.
        loss_scale_mm: loss scale of the training; None for that of the task.
        difference: relative difference between the model, as trained on, and its reference: of
            the flexibility matrices, or of the outputs of all samples.
        scale: best-fit scale of the correction of bars used in training; of the frame, the factor
            on the stiffness of its hubs.
        additive: norm of the additive term of that correction over that of the matrix or outputs.
        metric_predicted: metric predicted by the model that is trained.
        metric: metric by the reference model.
        metric_training: the same on the training samples alone.
        loss_training: loss of the task by the reference model on the training samples.
        dofs: degrees of freedom of the last mesh.
        discretisation_error: estimated discretisation error of the flexibility matrix.
        modulus_deviation: largest deviation of the effective moduli by the continuum model from
            their targets, in tolerances; None without such targets.
        kept: True if its widths are the result.
    """

    number: Annotated[int, Field(ge=0)]
    loss_scale_mm: Positive | None = None
    difference: Number
    scale: Number
    additive: Number
    metric_predicted: Number
    metric: Number
    metric_training: Number
    loss_training: Number
    dofs: Annotated[int, Field(ge=0)]
    discretisation_error: Number
    modulus_deviation: Number | None = None
    kept: bool = False


class Candidate(Section):
    """A candidate of the search, trained, compensated once, and loaded.

    Its values are those of the loaded part by the frame with large rotations that the continuum
    model of the same widths calibrates at rest. Records of earlier versions have a metric by the
    linear model or the loaded frame, and no other values.

    Args:
        joint_ratio: width of the joint over the width of the middle.
        joint_length_mm: length from the node to the taper.
        width_min_mm: lower limit of the width of the middle.
        width_max_mm: upper limit of the width of the middle.
        thickness_mm: thickness of the part; None in records of versions that did not search it.
        load_factor: factor on the loads of the design.
        inputs: nodes of the inputs, in order.
        outputs: nodes of the outputs, in order.
        metric: metric as read, of all samples; None if a sample of a task with target
            displacements has no stable state in the plane.
        metric_training: the same of the training samples alone.
        stability: smallest factor on the loads at which a sample becomes unstable, in or out of
            the plane; None if no instability was found.
        strain: largest strain at the joints of all samples; None if a sample has no stable state
            in the plane.
        limits: whether stability, strain and the metric of the training samples meet the limits
            of the design, and stability and strain with the margin for the differences between
            frame, rubber and solid; None if they were not evaluated.
        load_gf: largest total of the loads of a sample.
        mass_g: mass of the part.
        refused: reason if the candidate is not feasible, otherwise empty.
        chosen: True for the candidate that was selected.
    """

    joint_ratio: Number
    joint_length_mm: Number
    width_min_mm: Number
    width_max_mm: Number
    thickness_mm: Number | None = None
    load_factor: Number = 1.0
    inputs: Many[int]
    outputs: Many[int]
    metric: Number | None = None
    metric_training: Number | None = None
    stability: Number | None = None
    strain: Number | None = None
    limits: LimitsMet | None = None
    load_gf: Number | None = None
    mass_g: Number | None = None
    refused: str = ""
    chosen: bool = False


class _CorrectionEntry(Section):
    scale: Positive
    additive_mm_per_N: Many[Many[Number]]


class _FrameEntry(Section):
    hub_stiffness: Positive
    differences_mm: Many[Many[Number]]


class _CalibrationEntry(Section):
    widths_mm: Many[Positive]
    softening: Many[Positive]

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        if len(self.widths_mm) != len(self.softening) or not self.widths_mm:
            msg = "one compliance ratio (softening) per width"
            raise ValueError(msg)
        return self


class Compensation(Section):
    """Record of the compensation, stored in `surrogate.json`.

    Args:
        calibration: calibration of the stiffness law.
        correction: correction of the bar model on which the kept widths were trained.
        frame: correction of the loaded frame on which the kept widths were trained.
        modulus_differences: correction of the effective moduli that have targets.
        rounds: all rounds.
        candidates: candidates of the search; empty without a search.
    """

    calibration: _CalibrationEntry | None = None
    correction: _CorrectionEntry | None = None
    frame: _FrameEntry | None = None
    modulus_differences: Many[Number] | None = None
    rounds: Many[Round] = ()
    candidates: Many[Candidate] = ()

    @property
    def surrogate(self) -> Surrogate:
        """Surrogate with this calibration and correction."""
        calibration, correction, frame = self.calibration, self.correction, self.frame
        return Surrogate(
            Calibration(calibration.widths_mm, calibration.softening) if calibration else None,
            Correction(correction.scale, np.array(correction.additive_mm_per_N))
            if correction
            else None,
            FrameCorrection(frame.hub_stiffness, np.array(frame.differences_mm)) if frame else None,
            None if self.modulus_differences is None else np.array(self.modulus_differences),
        )

    @property
    def kept(self) -> Round | None:
        """The round whose widths are the result; None without rounds."""
        return next((entry for entry in self.rounds if entry.kept), None)


EMPTY_RECORD = Compensation()


def compensation_of(
    surrogate: Surrogate, rounds: Sequence[Round] = (), candidates: Sequence[Candidate] = ()
) -> Compensation:
    """Return the record of a surrogate, with its rounds and candidates."""
    calibration, correction, frame = surrogate.calibration, surrogate.correction, surrogate.frame
    return Compensation(
        calibration=_CalibrationEntry(
            widths_mm=calibration.widths_mm, softening=calibration.softening
        )
        if calibration
        else None,
        correction=_CorrectionEntry(
            scale=correction.scale,
            additive_mm_per_N=tuple(tuple(row) for row in correction.additive.tolist()),
        )
        if correction
        else None,
        frame=_FrameEntry(
            hub_stiffness=frame.hub_stiffness,
            differences_mm=tuple(tuple(row) for row in frame.differences_mm.tolist()),
        )
        if frame
        else None,
        modulus_differences=None
        if surrogate.modulus_differences is None
        else tuple(surrogate.modulus_differences.tolist()),
        rounds=tuple(rounds),
        candidates=tuple(candidates),
    )


def compensation_text(compensation: Compensation) -> str:
    """Return the text of `surrogate.json`."""
    return json.dumps(compensation.model_dump(), indent=2, allow_nan=False) + "\n"


def load_compensation(path: Path, task: Task | None) -> Compensation:
    """Read the record of a compensation; an empty one if the file does not exist.

    Raises:
        InputError: if the file was not written by `compensation_text`, or has other ports.
    """
    if not path.exists():
        return EMPTY_RECORD
    allowed = "a file written by mnnfab"
    values = read_json(path, allowed)
    try:
        found = Compensation.model_validate(values)
    except ValidationError as error:
        raise damaged_file(path, error) from error
    if found.frame is not None and task is not None:
        rows = found.frame.differences_mm
        if len(rows) != len(task.loads_N) or any(len(row) != len(task.outputs) for row in rows):
            given = "a correction for other samples than those of the design"
            raise InputError(f"{path}, frame", given, allowed)
    if found.correction is not None and task is not None:
        rows = found.correction.additive_mm_per_N
        if len(rows) != len(task.outputs) or any(len(row) != len(task.inputs) for row in rows):
            given = "a correction for other ports than those of the design"
            raise InputError(f"{path}, correction", given, allowed)
    return found


def with_loss_scale(task: TaskT, loss_scale_mm: float | None) -> TaskT:
    """Return the task with the loss scale of a round, if it has its own.

    Raises:
        InputError: if the loss of the task has no such scale.
    """
    if loss_scale_mm is None:
        return task
    if task.loss.scale_mm is None:
        given = f"trained with a loss scale of {loss_scale_mm:g} mm"
        allowed = 'a design whose loss has a scale, as in the training: normalisation = "softmax"'
        raise InputError(SURROGATE, given, allowed)
    return replace(task, loss=replace(task.loss, scale_mm=loss_scale_mm))  # type: ignore[type-var]


def best_round(rounds: Sequence[Round], primary_metric: PrimaryMetric, tolerance: float) -> int:
    """Return the index of the round to keep.

    It is the round with the best metric of the training samples by the reference model, among
    those that the trained model predicts within the tolerance; the last one of equal rounds. The
    first round, trained on the uncorrected model, is kept only if it is better than these. Where
    effective moduli have targets, their deviation counts as that of any other target.
    """
    agreeing = [place for place, entry in enumerate(rounds) if entry.difference <= tolerance]
    places = agreeing or list(range(1, len(rounds))) or [0]
    ranked = [
        primary_metric.ranked(max(entry.metric_training, entry.modulus_deviation or 0.0))
        if entry.modulus_deviation is not None
        else primary_metric.ranked(entry.metric_training)
        for entry in rounds
    ]
    best = max(places, key=lambda place: (ranked[place], place))
    return 0 if ranked[0] > ranked[best] else best
