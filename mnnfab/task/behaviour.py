"""Behaviours: one load case with a target; and tasks that only compare models."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnnfab.arrays import frozen_floats
from mnnfab.design.behaviour_section import Behaviour
from mnnfab.design.design import Design
from mnnfab.errors import InputError
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.network.ports import AnyPort
from mnnfab.task.cases import make_cases
from mnnfab.task.loss_choice import make_loss
from mnnfab.task.metrics import ZERO_PREDICTION, Baseline, PrimaryMetric
from mnnfab.task.task import (
    DataSplit,
    LoadCase,
    Task,
    behaviour_class_metrics,
    behaviour_target_metrics,
    no_metrics,
)
from mnnfab.units import NEWTON_PER_GF


def make_behaviour(
    section: Behaviour,
    design: Design,
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
    folder: Path,
) -> Task:
    """Return the task of a behaviour.

    Raises:
        InputError: if the data do not fit the ports, or the loads or targets are all zero.
    """
    schedule, resolution_mm = design.schedule, design.check.resolution_mm
    for key in ("test_fraction", "validation_fraction"):
        if getattr(schedule, key):
            given = f"{getattr(schedule, key):g}"
            raise InputError(f"[training] {key}", given, "0: a behaviour is trained on all cases")
    if section.has_cases:
        return make_cases(section, design, inputs, outputs, folder)
    loads = np.array([section.loads_gf]) * NEWTON_PER_GF
    if section.targets_mm is not None:
        targets = np.array([section.targets_mm])
        loss = make_loss(
            section, section.loss or "mse", targets, "[task] targets_mm", resolution_mm
        )
        evaluate = behaviour_target_metrics
        primary_metric = PrimaryMetric(
            "relative_error", "lower", ZERO_PREDICTION, "relative_error", ZERO_PREDICTION
        )
    else:
        targets = np.eye(len(outputs))[[section.target_class or 0]]
        chosen = section.model_copy(update={"normalisation": section.normalisation or "share"})
        loss = make_loss(
            chosen, section.loss or "cross-entropy", targets, "[task] target_class", resolution_mm
        )
        equal = Baseline(1 / len(outputs))
        evaluate = behaviour_class_metrics
        primary_metric = PrimaryMetric("target_share", "higher", equal, "target_share", equal)
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(targets),
        loss=loss,
        split=DataSplit(np.array([0])),
        evaluate=evaluate,
        primary_metric=primary_metric,
        load_cases=(LoadCase("the load", tuple(loads[0].tolist())),),
    )


def make_comparison(inputs: tuple[AnyPort, ...], outputs: tuple[AnyPort, ...]) -> Task:
    """Return a task without targets, for model comparison at the ports under 1 gf each."""
    loads = np.eye(len(inputs)) * NEWTON_PER_GF
    return Task(
        kind="none",
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(np.zeros((len(inputs), len(outputs)))),
        loss=SquaredError(1.0),
        split=DataSplit(np.arange(len(inputs))),
        evaluate=no_metrics,
        primary_metric=None,
        load_cases=tuple(
            LoadCase(f"1 gf on {port}", tuple(row))
            for port, row in zip(inputs, loads.tolist(), strict=True)
        ),
    )
