"""Validation with the user's own measurements of a part, as `mnnfab lab measure` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mnnfab.errors import InputError
from mnnfab.lab.analysis.observations import OBSERVATIONS, load_observations
from mnnfab.vv.comparison import Comparison

if TYPE_CHECKING:
    from mnnfab.lab.analysis.observations import Observation


def own_comparisons(
    measured: Sequence[Path], part_sha256: str, mesh_error: float
) -> list[Comparison]:
    """Return the comparison of every measured displacement.

    The simulation is the rubber model where the measurement has it, otherwise the continuum model.

    Args:
        measured: folders written by `mnnfab lab measure`, or tables like their observations.csv.
        part_sha256: hash of the shape of the part of the report.
        mesh_error: relative error of the displacements by the mesh.

    Raises:
        InputError: if a folder has no measurements, or none of a displacement; if they are of
            another part; or if a value has no uncertainty at all.
    """
    comparisons = []
    for path in measured:
        table = path / OBSERVATIONS if path.is_dir() else path
        if not table.is_file():
            allowed = "a folder written by `mnnfab lab measure`, such as EXPERIMENT/measured"
            raise InputError(str(path), f"no {OBSERVATIONS}", allowed)
        found = [one for one in load_observations(table) if one.unit == "mm"]
        if not found:
            raise InputError(str(table), "no displacements", "rows with the unit mm")
        for one in found:
            _check_part(table, one.part, part_sha256)
        comparisons += [_comparison(table, one, mesh_error) for one in found]
    return comparisons


def _check_part(table: Path, given: str, part_sha256: str) -> None:
    if given and not part_sha256.startswith(given):
        allowed = f"those of the part of this run, {part_sha256[: len(given)]}"
        raise InputError(str(table), f"measurements of part {given}", allowed)


def _comparison(table: Path, observation: Observation, mesh_error: float) -> Comparison:
    rubber = observation.rubber
    simulated = observation.continuum if rubber is None else rubber
    found = Comparison(
        observation.experiment,
        observation.quantity,
        simulated,
        observation.measured,
        mesh_error * abs(simulated),
        observation.continuum_sd,
        observation.measured_sd,
        is_of_part=bool(observation.part),
    )
    if not found.validation_mm > 0:
        given = f"{observation.quantity}: no uncertainty of measurement, inputs or mesh"
        raise InputError(str(table), given, "a standard deviation above 0")
    return found
