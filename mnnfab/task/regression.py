"""Regression: loads and displacements from a table, or on lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.design.design import Design
from mnnfab.design.network_section import NetworkFile
from mnnfab.design.task_section import Regression
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.network.ports import AnyPort
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.load_table import read_load_table
from mnnfab.task.loss_choice import make_loss
from mnnfab.task.metrics import ZERO_PREDICTION, Baseline, PrimaryMetric
from mnnfab.task.split import spanning_split, split_findings, split_samples
from mnnfab.task.task import (
    LoadCase,
    Task,
    displacement_metrics,
)
from mnnfab.units import NEWTON_PER_GF

DEFAULT_SAMPLES = 100


def make_regression(
    section: Regression,
    design: Design,
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
    folder: Path,
) -> Task:
    """Return the task of a regression.

    Raises:
        InputError: if the data do not fit the ports, or the loads or targets are all zero.
    """
    findings: tuple[Finding, ...] = ()
    schedule = design.schedule
    if section.dataset is not None:
        table = read_load_table(folder / section.dataset, inputs, outputs, section.missing)
        loads, targets = table.loads_N, table.displacements_mm
        drawn = split_samples(len(loads), schedule)
        split = spanning_split(drawn, loads)
        findings = table.findings
        if isinstance(design.network, NetworkFile):  # names of columns may have ids of its file
            findings = tuple(one for one in findings if one.code != "port-names")
        if design.widths is None:
            findings += split_findings(Path(section.dataset).name, drawn, split, table.lines)
    else:
        loads, targets = _points_on_lines(section, schedule.seed)
        split = split_samples(len(loads), schedule)
    largest = int(np.abs(loads).sum(axis=1).argmax())
    if not loads[largest].any():
        raise InputError(section.dataset or "[task]", "loads all 0", "loads that are not all 0")
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(targets),
        loss=make_loss(
            section, section.loss, targets, "[task] targets", design.check.resolution_mm
        ),
        split=split,
        evaluate=displacement_metrics,
        primary_metric=PrimaryMetric(
            "relative_error",
            "lower",
            ZERO_PREDICTION,
            "relative_error_train",
            _no_motion(targets, split.train),
        ),
        load_cases=(LoadCase("largest load", tuple(loads[largest].tolist())),),
        input_findings=findings,
    )


def _no_motion(targets: FloatArray, rows: IntArray) -> Baseline:
    """Return the error of zero displacements on some samples, over the size of all targets."""
    size = (targets**2).mean()
    return Baseline(float(np.sqrt((targets[rows] ** 2).mean() / size))) if size else ZERO_PREDICTION


def _points_on_lines(section: Regression, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw loads of both signs and return them with the displacements on the lines, plus noise."""
    generator = random_generator(seed, Stream.REGRESSION_SAMPLES)
    largest = (section.max_load_gf or 0.0) * NEWTON_PER_GF
    loads = generator.uniform(-largest, largest, size=(section.samples or DEFAULT_SAMPLES, 1))
    targets = loads * np.array(section.slopes_mm_per_N)
    return loads, targets + (section.noise_mm or 0.0) * generator.standard_normal(targets.shape)
