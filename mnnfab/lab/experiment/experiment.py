"""Description of an experiment, `experiment.toml`: what was measured, and how.

The folder also holds `steps.csv` (applied weights), `shots.csv` (load step of each photograph or
video frame), and the photographs or the table of positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from mnnfab.design.section import FileName, Positive, Section, section_error
from mnnfab.design.section_errors import first_error
from mnnfab.errors import InputError
from mnnfab.io.files import read_toml
from mnnfab.lab.experiment.boards import Board
from mnnfab.lab.experiment.reading import UNMODELLED_SHARE, Reading
from mnnfab.lab.experiment.shots import SHOTS, Positions, Shot, load_shots
from mnnfab.lab.experiment.steps import STEPS, Step, load_steps
from mnnfab.lab.experiment.track_tables import read_tracks
from mnnfab.lab.experiment.tracks import LIKELIHOODS
from mnnfab.lab.experiment.weak_points import MIN_LIKELIHOOD, Threshold, without_weak_points

EXPERIMENT = "experiment.toml"
#: Number of digits of the part's hash in experiment.toml.
PART_DIGITS = 12
#: As `UNMODELLED_SHARE`, for hubs tracked by shape: rotating bonds bias the position of a hub.
UNMODELLED_SHARE_BY_SHAPE = 0.01
#: Columns that `min_likelihood` needs.
TOLD_LIKELIHOODS = f"no such key, or a table with a column {', '.join(LIKELIHOODS)} of every point"
#: Allowed units of a table, in millimetres.
UNITS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3, "in": 25.4}


class PositionsSection(Section):
    """[positions] table of node positions.

    Args:
        file: name of the table.
        layout: "long" (mnnfab's own), "dltdv", "imagej", "trackmate", "deeplabcut", "sleap", or
            "auto".
        units: "mm", "cm", "m", "um", "in" or "px".
        mm_per_px: size of a pixel; fitted to the size of the part if not given.
        y_axis: direction of y, "up", or "down" as in most pictures.
        points: "by-number", point n is node n, or "by-place", points in any order are assigned by
            position; the part must be upright.
        min_likelihood: positions of lower likelihood are left out, if the table states it.
    """

    file: FileName = "positions.csv"
    layout: Literal["auto", "long", "dltdv", "imagej", "trackmate", "deeplabcut", "sleap"] = "auto"
    units: Literal["mm", "cm", "m", "um", "in", "px"] = "mm"
    mm_per_px: Positive | None = None
    y_axis: Literal["up", "down"] = "up"
    points: Literal["by-number", "by-place"] = "by-number"
    min_likelihood: Annotated[float, Field(ge=0, le=1)] = MIN_LIKELIHOOD

    @model_validator(mode="after")
    def _pixels_alone_have_a_size(self) -> Self:
        if self.mm_per_px is not None and self.units != "px":
            raise section_error("mm_per_px", f'given, with units = "{self.units}"', 'units = "px"')
        return self

    @property
    def unit_mm(self) -> float | None:
        """Length of the unit; None if it is fitted to the size of the part."""
        return self.mm_per_px if self.units == "px" else UNITS_MM[self.units]


class CameraSection(Section):
    """[camera] conversion of photographs into millimetres.

    Args:
        calibration: photographs of the board from several sides, as a pattern ("lens-*.jpg");
            without them the lens is assumed to be free of distortion.
        reference: photograph of the board in its position, if the other photographs do not show
            it; camera and board must then not move.
        tracking: "dots" if the dots of the nodes are painted, otherwise "shapes": the shapes of
            the hubs are tracked.
        part: "dark" on a light background, or "light".
    """

    calibration: FileName | None = None
    reference: FileName | None = None
    tracking: Literal["dots", "shapes"] = "dots"
    part: Literal["dark", "light"] = "dark"


class ExperimentSection(Section):
    """Contents of experiment.toml.

    Args:
        schema_: 1.
        name: name of the experiment.
        part: first digits of the hash of the part's bonds, as the kit writes it: a measurement of
            another part is then refused.
        kind: "positions" for a table, "photographs" for pictures.
        elongation: "length", the change of a bond's length, with large displacements in the error
            bars; or "projection" of the displacements on the bond's direction, for parts that obey
            linear theory, as those of rehearsals do.
        position_sd_mm: noise of one coordinate of one node, if no load step has two shots.
        unseen_share: unmodelled share: standard deviation of errors that repeats do not show, as a
            share of the displacement of the node itself; 0.0005 if not given, 0.01 for hubs tracked
            by their shapes.
        youngs_modulus_MPa: modulus of the predictions, if not that of the design's material.
    """

    schema_: Annotated[Literal[1], Field(alias="schema")]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    part: Annotated[str, Field(pattern="^[0-9a-f]{6,64}$")] | None = None
    kind: Literal["positions", "photographs"]
    elongation: Literal["length", "projection"] = "length"
    position_sd_mm: Positive | None = None
    unseen_share: Annotated[float, Field(ge=0, le=1)] | None = None
    youngs_modulus_MPa: Positive | None = None
    positions: PositionsSection = PositionsSection()
    camera: CameraSection = CameraSection()
    board: Board = Board()

    @property
    def reading(self) -> Reading:
        """Options for evaluating the positions."""
        shapes = self.kind == "photographs" and self.camera.tracking == "shapes"
        default_share = UNMODELLED_SHARE_BY_SHAPE if shapes else UNMODELLED_SHARE
        return Reading(
            by_place=self.kind == "positions" and self.positions.points == "by-place",
            stated_sd_mm=self.position_sd_mm,
            elongation_by=self.elongation,
            unmodelled_share=default_share if self.unseen_share is None else self.unseen_share,
        )


@dataclass(frozen=True)
class Experiment:
    """Experiment as read from its folder.

    Args:
        folder: folder of its files.
        section: contents of experiment.toml.
        steps: load steps.
    """

    folder: Path
    section: ExperimentSection
    steps: tuple[Step, ...]

    @property
    def where(self) -> str:
        """Location named in error messages."""
        return str(self.folder)


def load_experiment(folder: Path) -> Experiment:
    """Read the description of an experiment and its load steps.

    Raises:
        InputError: if a file is missing or invalid.
    """
    if not folder.is_dir():
        allowed = "a folder with experiment.toml, as written by `mnnfab kit`"
        raise InputError(str(folder), "no such folder", allowed)
    path = folder / EXPERIMENT
    values = read_toml(path, "the description of an experiment")
    try:
        section = ExperimentSection.model_validate(values)
    except ValidationError as error:
        raise first_error(path, error, "the keys listed in docs/reference/experiment.md") from error
    return Experiment(folder, section, load_steps(folder / STEPS))


def read_positions(experiment: Experiment, n_nodes: int) -> Positions:
    """Read the table of positions of an experiment.

    Raises:
        InputError: if the table is missing or its frames do not match the load steps.
    """
    section = experiment.section.positions
    path = experiment.folder / section.file
    if not path.exists():
        allowed = "the completed form, a table of tracking software, or photographs"
        raise InputError(str(path), "no such file", f'{allowed} (kind = "photographs")')
    tracks = read_tracks(path, section.layout, n_nodes)
    shots = tracks.shots or _load_frames(experiment.folder / SHOTS, tracks.frames, path)
    rows = [tracks.frames.index(shot.source) for shot in shots]
    positions = Positions(
        shots,
        tracks.coordinates[rows],
        section.unit_mm,
        section.y_axis,
        findings=tracks.findings,
    )
    likelihood = tracks.likelihood
    if likelihood is None and "min_likelihood" in section.model_fields_set:
        given = f"min_likelihood = {section.min_likelihood:g}, but no likelihoods in {path.name}"
        raise InputError(f"{experiment.folder / EXPERIMENT}, [positions]", given, TOLD_LIKELIHOODS)
    noun = "point" if section.points == "by-place" else "node"
    return without_weak_points(
        str(path),
        positions,
        None if likelihood is None else likelihood[rows],
        Threshold(section.min_likelihood, noun),
    )


def _load_frames(path: Path, frames: tuple[str, ...], table: Path) -> tuple[Shot, ...]:
    shots = load_shots(path)
    for shot in shots:
        if shot.source not in frames:
            allowed = f"frames of {table.name}: {', '.join(frames[:12])}"
            raise InputError(str(path), f'frame "{shot.source}"', allowed)
    return shots
