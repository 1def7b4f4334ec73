"""The description of an experiment, `experiment.toml`: what was measured, and how.

Beside it lie `steps.csv` (what hung), `shots.csv` (which photograph or frame is of which step),
and the photographs or the table of positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from mnnfab.design.section import FileName, Positive, Section, refusal
from mnnfab.design.section_errors import first_fault, read_toml
from mnnfab.errors import InputError
from mnnfab.lab.experiment.boards import Board
from mnnfab.lab.experiment.reading import UNSEEN, Reading
from mnnfab.lab.experiment.shots import SHOTS, Positions, Shot, load_shots
from mnnfab.lab.experiment.steps import STEPS, Step, load_steps
from mnnfab.lab.experiment.track_tables import read_tracks

EXPERIMENT = "experiment.toml"
#: Digits of the part's hash that are written.
PART_DIGITS = 12
#: As `UNSEEN`, of hubs that are followed by their shapes: bonds that turn drag the picture of a
#: hub along.
UNSEEN_BY_SHAPES = 0.01
#: Millimetres in the units that a table may be in.
UNITS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3, "in": 25.4}


class PositionsSection(Section):
    """[positions] a table of joint centres.

    Args:
        file: its name.
        layout: "long" (mnnfab's own), "dltdv", "imagej", "trackmate", "deeplabcut", or "auto".
        units: "mm", "cm", "m", "um", "in" or "px".
        mm_per_px: size of a pixel; taken from the part itself if not given.
        y_axis: where y points, "up" or "down" as in most pictures.
        points: "by-number", where point n is node n, or "by-place", where their order means
            nothing and the part is upright.
    """

    file: FileName = "positions.csv"
    layout: Literal["auto", "long", "dltdv", "imagej", "trackmate", "deeplabcut"] = "auto"
    units: Literal["mm", "cm", "m", "um", "in", "px"] = "mm"
    mm_per_px: Positive | None = None
    y_axis: Literal["up", "down"] = "up"
    points: Literal["by-number", "by-place"] = "by-number"

    @model_validator(mode="after")
    def _pixels_alone_have_a_size(self) -> Self:
        if self.mm_per_px is not None and self.units != "px":
            raise refusal("mm_per_px", f'given, with units = "{self.units}"', 'units = "px"')
        return self

    @property
    def unit_mm(self) -> float | None:
        """Length of the unit; none if only the part tells."""
        return self.mm_per_px if self.units == "px" else UNITS_MM[self.units]


class CameraSection(Section):
    """[camera] how photographs are turned into millimetres.

    Args:
        calibration: photographs of the board from several sides, as a pattern ("lens-*.jpg");
            without them the lens is taken to be perfect.
        reference: photograph of the board in its place, where the others do not show it; camera
            and board must then stand still.
        tracking: "dots" if the joints' dots are painted, otherwise "shapes": the hubs themselves.
        part: "dark" on something light, or "light".
    """

    calibration: FileName | None = None
    reference: FileName | None = None
    tracking: Literal["dots", "shapes"] = "dots"
    part: Literal["dark", "light"] = "dark"


class ExperimentSection(Section):
    """experiment.toml.

    Args:
        schema_: 1.
        name: of the experiment.
        part: first digits of the hash of the part's bonds, as the kit writes it: a measurement of
            another part is then refused.
        kind: "positions" for a table, "photographs" for pictures.
        elongation: "length", how much longer a bond is, with large displacements in the bars of
            error; or "projection" of the displacements on its direction, for parts that obey
            linear theory as those of rehearsals do.
        position_sd_mm: noise of one coordinate of one joint, where no step has two shots.
        unseen_share: standard deviation of what repeats do not show, as a share of a joint's own
            displacement; 0.0005 if not given, 0.01 where hubs are tracked by their shapes.
        youngs_modulus_MPa: what the predictions are made with, if not the design's material.
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
        """How it is read."""
        shapes = self.kind == "photographs" and self.camera.tracking == "shapes"
        usual = UNSEEN_BY_SHAPES if shapes else UNSEEN
        return Reading(
            by_place=self.kind == "positions" and self.positions.points == "by-place",
            stated_sd_mm=self.position_sd_mm,
            elongation_by=self.elongation,
            unseen=usual if self.unseen_share is None else self.unseen_share,
        )


@dataclass(frozen=True)
class Experiment:
    """An experiment as its folder has it.

    Args:
        folder: where its files are.
        section: its description.
        steps: what hung.
    """

    folder: Path
    section: ExperimentSection
    steps: tuple[Step, ...]

    @property
    def where(self) -> str:
        """What messages call it."""
        return str(self.folder)


def load_experiment(folder: Path) -> Experiment:
    """Read the description of an experiment and its steps.

    Raises:
        InputError: if something is missing or cannot be used.
    """
    if not folder.is_dir():
        allowed = "a folder with experiment.toml, as `mnnfab kit` makes one"
        raise InputError(str(folder), "no such folder", allowed)
    path = folder / EXPERIMENT
    values = read_toml(path, "the description of an experiment")
    try:
        section = ExperimentSection.model_validate(values)
    except ValidationError as error:
        raise first_fault(path, error) from error
    return Experiment(folder, section, load_steps(folder / STEPS))


def read_positions(experiment: Experiment, n_nodes: int) -> Positions:
    """Read the table of positions of an experiment.

    Raises:
        InputError: if frames and steps do not go together.
    """
    section = experiment.section.positions
    path = experiment.folder / section.file
    if not path.exists():
        allowed = "a form filled in and called so, a table of tracking software, or photographs"
        raise InputError(str(path), "no such file", f'{allowed} (kind = "photographs")')
    tracks = read_tracks(path, section.layout, n_nodes)
    shots = tracks.shots or _shots_of(experiment.folder / SHOTS, tracks.frames, path)
    rows = [tracks.frames.index(shot.source) for shot in shots]
    return Positions(shots, tracks.places[rows], section.unit_mm, section.y_axis)


def _shots_of(path: Path, frames: tuple[str, ...], table: Path) -> tuple[Shot, ...]:
    shots = load_shots(path)
    for shot in shots:
        if shot.source not in frames:
            allowed = f"frames of {table.name}: {', '.join(frames[:12])}"
            raise InputError(str(path), f'frame "{shot.source}"', allowed)
    return shots
