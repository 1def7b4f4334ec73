"""Compensation: the rounds of training on bars that a continuum corrected, and which is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import Field, ValidationError, model_validator

from mnnfab.design.section import Many, Number, Positive, Section
from mnnfab.design.section_errors import damaged_file
from mnnfab.errors import InputError
from mnnfab.io.files import read_text
from mnnfab.losses.kinds.cross_entropy import SoftmaxCrossEntropy
from mnnfab.model.stiffness_law import Calibration
from mnnfab.model.surrogate import Correction, Surrogate
from mnnfab.task.metrics import PrimaryMetric
from mnnfab.task.task import Task

SURROGATE = "surrogate.json"


class Round(Section):
    """One training, and the continuum of its widths.

    Args:
        number: 0 was trained on bars as the stiffness law says.
        loss_scale_mm: of its training, if it was not the task's.
        difference: of the flexibility that the bars predicted from the continuum's, as a
            share of its norm.
        scale: factor of the correction that it was trained with.
        additive: ‖Δ‖ of that correction over the norm of the flexibility.
        metric_predicted: headline metric that the bars predicted.
        metric: on the continuum.
        metric_training: on the continuum and the training samples alone.
        loss_training: the task's own loss there.
        dofs: of the last mesh.
        discretisation_error: estimated, of its flexibility.
        kept: whether its widths are the result.
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
    kept: bool = False


class Candidate(Section):
    """One choice of what the widths alone cannot change.

    Args:
        joint_ratio: width of the joint over the width of the middle.
        joint_length_mm: from the node to the taper.
        width_min_mm: narrowest middle.
        width_max_mm: widest middle.
        inputs: nodes of the inputs, in order.
        outputs: nodes of the outputs, in order.
        metric: that bars predict which its own continuum corrected, on all samples.
        metric_training: on the training samples alone, by which it is judged.
        refused: why it cannot be, if so.
        chosen: whether it is the one that was compensated.
    """

    joint_ratio: Number
    joint_length_mm: Number
    width_min_mm: Number
    width_max_mm: Number
    inputs: Many[int]
    outputs: Many[int]
    metric: Number | None = None
    metric_training: Number | None = None
    refused: str = ""
    chosen: bool = False


class _CorrectionEntry(Section):
    scale: Positive
    additive_mm_per_N: Many[Many[Number]]


class _CalibrationEntry(Section):
    widths_mm: Many[Positive]
    softening: Many[Positive]

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        if len(self.widths_mm) != len(self.softening) or not self.widths_mm:
            msg = "one softening a width"
            raise ValueError(msg)
        return self


class Compensation(Section):
    """What the loop did, as `surrogate.json` keeps it.

    Args:
        calibration: of the stiffness law.
        correction: with which the kept widths are predicted.
        rounds: all of them.
        candidates: of the search; empty without one.
    """

    calibration: _CalibrationEntry | None = None
    correction: _CorrectionEntry | None = None
    rounds: Many[Round] = ()
    candidates: Many[Candidate] = ()

    @property
    def surrogate(self) -> Surrogate:
        """The surrogate that these numbers are."""
        calibration, correction = self.calibration, self.correction
        return Surrogate(
            Calibration(calibration.widths_mm, calibration.softening) if calibration else None,
            Correction(correction.scale, np.array(correction.additive_mm_per_N))
            if correction
            else None,
        )

    @property
    def kept(self) -> Round | None:
        """The round whose widths are the result."""
        return next((entry for entry in self.rounds if entry.kept), None)


NOTHING = Compensation()


def compensation_of(
    surrogate: Surrogate, rounds: Sequence[Round] = (), candidates: Sequence[Candidate] = ()
) -> Compensation:
    """Return the record of a surrogate and how it came about."""
    calibration, correction = surrogate.calibration, surrogate.correction
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
        rounds=tuple(rounds),
        candidates=tuple(candidates),
    )


def compensation_text(compensation: Compensation) -> str:
    """Return `surrogate.json`."""
    return json.dumps(compensation.model_dump(), indent=2, allow_nan=False) + "\n"


def load_compensation(path: Path, task: Task | None) -> Compensation:
    """Read a compensation back; an empty one if there is no such file.

    Raises:
        InputError: if the file is not what `compensation_text` gives, or of other ports.
    """
    if not path.exists():
        return NOTHING
    allowed = "what mnnfab wrote"
    try:
        found = Compensation.model_validate_json(read_text(path))
    except ValidationError as error:
        raise damaged_file(path, error) from error
    if found.correction is not None and task is not None:
        rows = found.correction.additive_mm_per_N
        if len(rows) != len(task.outputs) or any(len(row) != len(task.inputs) for row in rows):
            given = "a correction of other ports than the design's"
            raise InputError(f"{path}, correction", given, allowed)
    return found


def trained_task(task: Task, loss_scale_mm: float | None) -> Task:
    """Return the task as a round trained it: with a loss scale of its own, if it had one.

    Raises:
        InputError: if its loss has no scale.
    """
    if loss_scale_mm is None:
        return task
    if not isinstance(task.loss, SoftmaxCrossEntropy):
        given = f"trained with a loss scale of {loss_scale_mm:g} mm"
        allowed = 'a design with normalisation = "softmax", as it was when it was trained'
        raise InputError(SURROGATE, given, allowed)
    return replace(task, loss=SoftmaxCrossEntropy(loss_scale_mm))


def best_round(rounds: Sequence[Round], primary_metric: PrimaryMetric, tolerance: float) -> int:
    """Return the place of the round to keep.

    The best on the continuum by the training samples, among those that the bars predicted
    within the tolerance; of equals the last. The first round, which nothing had corrected, is
    kept only if none of them does as well.
    """
    agreeing = [place for place, entry in enumerate(rounds) if entry.difference <= tolerance]
    places = agreeing or list(range(1, len(rounds))) or [0]
    ranked = [primary_metric.ranked(entry.metric_training) for entry in rounds]
    best = max(places, key=lambda place: (ranked[place], place))
    return 0 if ranked[0] > ranked[best] else best
