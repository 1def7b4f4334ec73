"""Observations: measured values with the predictions of both models and standard deviations."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.errors import InputError
from mnnfab.io.tables import Table, column_numbers, optional_numbers, read_table, table_text
from mnnfab.lab.experiment.experiment import PART_DIGITS
from mnnfab.network.ports import displacement_name, port_sd, read_ports

if TYPE_CHECKING:
    from mnnfab.lab.analysis.analysis import Analysis

OBSERVATIONS = "observations.csv"


@dataclass(frozen=True)
class Observation:
    """Measured value and its predictions, in one unit.

    Args:
        experiment: name of the experiment.
        quantity: measured quantity.
        unit: unit of all values.
        measured: measured value.
        measured_sd: its standard deviation.
        bars: prediction of the uncorrected bar model.
        bars_sd: standard deviation over print samples.
        continuum: prediction of the continuum model.
        continuum_sd: standard deviation over print samples.
        rubber: prediction of the rubber model; None if it is not known.
        part: first digits of the hash of the shape of the part; empty if it is not known.
    """

    experiment: str
    quantity: str
    unit: str
    measured: float
    measured_sd: float
    bars: float
    bars_sd: float
    continuum: float
    continuum_sd: float
    rubber: float | None = None
    part: str = ""


_NAMES = tuple(observation.name for observation in fields(Observation))
#: Tables of earlier versions lack the last columns.
_REQUIRED, _RUBBER, _PART = _NAMES[:-2], _NAMES[-2], _NAMES[-1]


def observations_of(analysis: Analysis) -> list[Observation]:
    """Return the output displacements (inputs in adjoint load steps) of an analysis."""
    measurement, prediction, task = (
        analysis.measurement,
        analysis.prediction,
        analysis.part.problem.task,
    )
    observations = []
    for s, step in enumerate(measurement.steps):
        for port in task.inputs if step.role == "adjoint" else task.outputs:
            bars, continuum, rubber, measured = (
                float(read_ports([port], nodes[s].ravel())[0])
                for nodes in (
                    prediction.bars_mm,
                    prediction.continuum_mm,
                    prediction.loaded_mm,
                    measurement.displacements_mm,
                )
            )
            lost = step.name in prediction.unstable
            spread = port_sd(port, prediction.sd_mm[s])
            sd_mm = np.repeat(measurement.displacement_sd_mm[s][:, None], 2, axis=1)
            share = abs(bars / continuum) if continuum else 1.0
            observations.append(
                Observation(
                    experiment=analysis.experiment.section.name,
                    quantity=f"{step.name}: {displacement_name(port)}",
                    unit="mm",
                    measured=measured,
                    measured_sd=port_sd(port, sd_mm),
                    bars=bars,
                    bars_sd=spread * share,
                    continuum=continuum,
                    continuum_sd=spread,
                    rubber=None if lost else rubber,
                    part=analysis.part.shape_sha256[:PART_DIGITS],
                )
            )
    return observations


def observations_text(observations: list[Observation]) -> str:
    """Return observations as CSV."""
    rows = [["" if cell is None else cell for cell in astuple(one)] for one in observations]
    return table_text(_NAMES, rows)


def load_observations(path: Path) -> list[Observation]:
    """Read observations from CSV.

    Raises:
        InputError: if a column is missing or a standard deviation is negative.
    """
    table = read_table(path)
    missing = [name for name in _REQUIRED if name not in table.header]
    if missing:
        raise InputError(
            str(path), f"no column {missing[0]}", f"the columns {', '.join(_REQUIRED)}"
        )
    text_columns = [[row[table.header.index(name)] for row in table.rows] for name in _NAMES[:3]]
    numbers = np.column_stack([column_numbers(table, name) for name in _REQUIRED[3:]])
    for row, line in zip(numbers[:, 1::2], table.lines, strict=True):
        if (row < 0).any():
            raise InputError(f"{path}, {line}", "a negative standard deviation", "0 or more")
    return [
        replace(Observation(*names, *row), rubber=rubber, part=part)
        for names, row, rubber, part in zip(
            zip(*text_columns, strict=True),
            numbers.tolist(),
            _rubber(table),
            _parts(table),
            strict=True,
        )
    ]


def _parts(table: Table) -> list[str]:
    """Return the parts; empty where a table does not have them."""
    if _PART not in table.header:
        return [""] * len(table.rows)
    place = table.header.index(_PART)
    return [row[place] for row in table.rows]


def _rubber(table: Table) -> list[float | None]:
    """Return the predictions of the rubber model; None where a table does not have them."""
    if _RUBBER not in table.header:
        return [None] * len(table.rows)
    numbers = optional_numbers(table, _RUBBER).tolist()
    return [None if math.isnan(number) else number for number in numbers]
