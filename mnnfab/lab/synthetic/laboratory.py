"""Synthetic experiment: rendered photographs of the rubber model instead of the printed part.

The part under all weights of a load step and its own weight is a stable equilibrium of the rubber
model. It is rendered with the imaging errors of a camera and written as a folder that `mnnfab lab
measure` reads like any other. The true positions are in `truth.csv`, which is not read by any
command; it serves to evaluate the accuracy of the measurement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tomli_w

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.io.tables import table_text
from mnnfab.lab.experiment.boards import Board, board_for
from mnnfab.lab.experiment.experiment import EXPERIMENT, PART_DIGITS
from mnnfab.lab.experiment.rubber_steps import step_fields
from mnnfab.lab.experiment.shots import SHOTS, Positions, Shot, shots_text
from mnnfab.lab.experiment.steps import STEPS, Step, steps_text
from mnnfab.lab.folder import write_files
from mnnfab.lab.opencv import Image, opencv
from mnnfab.lab.synthetic.lens import Lens, lens_at
from mnnfab.lab.synthetic.render import Sensor, develop, expose
from mnnfab.lab.synthetic.scene import Part, Shape, board_shape, position_field
from mnnfab.random_streams import Stream, random_generator

if TYPE_CHECKING:
    from fem.continuum import Continuum
    from mnnfab.printed_part.part import PortPart

#: Camera poses of the calibration views: rotations about x, y and the line of sight, degrees.
LENS_VIEWS = (
    *((12.0, 0.0, 0.0), (-12.0, 3.0, 1.0), (0.0, 14.0, -2.0), (3.0, -14.0, 0.0)),
    *((9.0, 9.0, 5.0), (-9.0, 8.0, -3.0), (8.0, -10.0, 12.0), (-8.0, -9.0, -10.0)),
)
#: Rigid-body motion of the part: translation, mm, and rotation, degrees.
RIGID_MM, RIGID_DEG = (0.37, -0.23), 0.15
TRUTH = "truth.csv"


@dataclass(frozen=True)
class PhotoSettings:
    """Settings of the synthetic photographs.

    Args:
        mm_per_px: pixel size on the board.
        distance_mm: distance of the camera.
        tilt_deg: rotation of the camera against the board.
        distortion: k1, k2, p1 and p2 of the lens.
        sensor: blur, illumination and noise.
        dots: paint the dots of the nodes.
        offset_mm: distance of the part's face in front of the board's.
        quality: quality of the JPEG files.
        margin_mm: margin around the part in the window, and around the board.
        repeats: photographs per load step.
        seed: seed of the noise.
    """

    mm_per_px: float = 0.02
    distance_mm: float = 500.0
    tilt_deg: tuple[float, float, float] = (2.0, -3.0, 0.7)
    distortion: tuple[float, float, float, float] = (-0.2, 0.1, 2e-4, -1e-4)
    sensor: Sensor = field(default_factory=Sensor)
    dots: bool = True
    offset_mm: float = 0.0
    quality: int = 95
    margin_mm: float = 4.0
    repeats: int = 2
    seed: int = 0

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.distance_mm / self.mm_per_px


@dataclass(frozen=True, eq=False)
class Scene:
    """Scene of an experiment: part, board and camera.

    Args:
        part: the part.
        board: the board around it.
        lens: the camera.
    """

    part: Part
    board: Board
    lens: Lens

    @cached_property
    def background(self) -> Shape:
        """Black area of the board; cached, since it has thousands of polygons."""
        return board_shape(self.board)

    def shapes(self, step: Step, field: FloatArray) -> list[Shape]:
        """Return the visible shapes in a load step, from back to front.

        Args:
            step: the load step, with the weights on the strings.
            field: displacements from rest, (n_dofs,) mm.
        """
        base = step.added_to or step
        at_eyelets = base.weights if base.role == "forward" else ()
        ends = []
        for weight in step.all_weights:
            places = self.part.load_points if weight in at_eyelets else self.part.node_positions
            direction = np.sign(weight.load_gf) * np.array(weight.port.vector)
            ends.append((places(field)[weight.port.node, :2], direction))
        reach = sum(self.board.size_mm)
        return [
            self.background,
            *self.part.strings(ends, reach),  # behind the part, so that they do not cover dots
            *self.part.shapes(field),
        ]

    def true_pixels(self, field: FloatArray) -> FloatArray:
        """Return the true pixels of the nodes with a displacement field, (n_nodes, 2)."""
        return self.lens.project(self.part.node_positions(field))


def make_scene(part: PortPart, settings: PhotoSettings) -> Scene:
    """Return the scene of a part: board around it, camera in front of both."""
    continuum = part.continuum
    points = continuum.quadratic_points
    low, high = points.min(axis=0), points.max(axis=0)
    board = board_for(*(high - low + 2 * settings.margin_mm).tolist())
    board = board.model_copy(update={"plane_offset_mm": settings.offset_mm})
    assert board.window_mm is not None, "board_for returns a board with a window"
    left, lower, right, upper = board.window_mm
    shift = np.array([left + right, lower + upper]) / 2 - (low + high) / 2
    size = [round((s + 2 * settings.margin_mm) / settings.mm_per_px) for s in board.size_mm]
    lens = lens_at(
        (board.size_mm[0] / 2, board.size_mm[1] / 2),
        settings.distance_mm,
        settings.focal_px,
        (size[0], size[1]),
        settings.tilt_deg,
        settings.distortion,
    )
    subject = Part(continuum, frozen_floats(shift), settings.offset_mm, settings.dots)
    return Scene(subject, board, lens)


def lens_photographs(
    scene: Scene, settings: PhotoSettings, generator: np.random.Generator
) -> list[Image]:
    """Return photographs of the board without the part, from several sides."""
    images = []
    for number, tilt in enumerate(LENS_VIEWS):
        lens = lens_at(
            (scene.board.size_mm[0] / 2, scene.board.size_mm[1] / 2),
            (1.12 + 0.04 * (number % 3)) * settings.distance_mm,
            settings.focal_px,
            scene.lens.size_px,
            tilt,
            settings.distortion,
        )
        exposure = expose([scene.background], lens, settings.sensor)
        images.append(develop(exposure, settings.sensor, generator))
    return images


def photograph(
    part: PortPart,
    steps: Sequence[Step],
    folder: Path,
    settings: PhotoSettings | None = None,
) -> None:
    """Write a complete synthetic experiment into an empty folder.

    Args:
        part: part whose rubber model is photographed.
        steps: load steps, with the zero.
        folder: folder for photographs and tables.
        settings: settings of the photographs.

    Raises:
        UnstableError: if a load step has no stable equilibrium; nothing is written then.
    """
    settings = settings or PhotoSettings()
    problem, timer = part.problem, part.timer
    with timer.stage("loaded part"):
        fields = fields_of(part, steps)
    generator = random_generator(settings.seed, Stream.SYNTHETIC_CAMERA)
    scene = make_scene(part, settings)
    with timer.stage("photographs of the board"):
        for number, image in enumerate(lens_photographs(scene, settings, generator)):
            _write(folder / f"lens-{number}.jpg", image, settings.quality)
    shots, rows = [], []
    for step, displacements in zip(steps, fields, strict=True):
        with timer.stage(f"photographs of {step.name}"):
            exposure = expose(scene.shapes(step, displacements), scene.lens, settings.sensor)
            pixels = scene.true_pixels(displacements)
            node_positions = scene.part.node_positions(displacements)
            for repeat in range(settings.repeats):
                name = f"{step.name}-{repeat}.jpg"
                _write(
                    folder / name, develop(exposure, settings.sensor, generator), settings.quality
                )
                shots.append(Shot(name, step.name))
        for node, (pixel, position) in enumerate(
            zip(pixels.tolist(), node_positions.tolist(), strict=True)
        ):
            rows.append((step.name, node, *pixel, *position[:2]))
    header = ("step", "node", "x_px", "y_px", "x_mm", "y_mm")
    name = f"synthetic {problem.design.name}"
    files = {
        STEPS: steps_text(steps),
        SHOTS: shots_text(tuple(shots)),
        TRUTH: table_text(header, rows),
        EXPERIMENT: experiment_text(name, scene.board, settings, part.shape_sha256[:PART_DIGITS]),
    }
    write_files(folder, files)


def experiment_text(name: str, board: Board, settings: PhotoSettings, part: str) -> str:
    """Return the experiment.toml of a synthetic experiment; `part` is the hash of the part."""
    values = {
        "schema": 1,
        "name": name[:80],
        "part": part,
        "kind": "photographs",
        "elongation": "length",
        "camera": {
            "calibration": "lens-*.jpg",
            "tracking": "dots" if settings.dots else "shapes",
        },
        "board": board.model_dump(mode="json"),
    }
    return tomli_w.dumps(values)


def positions_of(
    part: PortPart,
    steps: Sequence[Step],
    noise_mm: float,
    generator: np.random.Generator,
    repeats: int = 2,
) -> Positions:
    """Return positions as measured in an experiment on the rubber model, without photographs.

    Args:
        part: part whose rubber model is measured.
        steps: load steps, with the zero.
        noise_mm: noise of one coordinate of one node in one shot, and of the common translation.
        generator: generator of the noise.
        repeats: shots per load step.

    Raises:
        UnstableError: if a load step has no stable equilibrium.
    """
    scene_part = Part(part.continuum, np.zeros(2))
    places = [scene_part.node_positions(field)[:, :2] for field in fields_of(part, steps)]
    shots = [Shot(f"{step.name}-{n}", step.name) for step in steps for n in range(repeats)]
    positions = np.repeat(np.array(places), repeats, axis=0)
    positions = positions + noise_mm * generator.standard_normal(positions.shape)
    positions = positions + noise_mm * generator.standard_normal((len(shots), 1, 2))
    return Positions(tuple(shots), frozen_floats(positions))


def fields_of(part: PortPart, steps: Sequence[Step]) -> list[FloatArray]:
    """Return the displacement field of the part in every load step from rest, (n_dofs,) mm each.

    Raises:
        UnstableError: if a load step has no stable equilibrium.
    """
    fields = step_fields(part.rubber, part.problem.task, steps)
    return [
        field + _rigid_motion(part.continuum, field) if step.role == "rigid" else field
        for step, field in zip(steps, fields, strict=True)
    ]


def _rigid_motion(continuum: Continuum, field: FloatArray) -> FloatArray:
    """Return the rigid-body motion of the displaced part about its centre, (n_dofs,) mm."""
    positions = (position_field(continuum) + field).reshape(-1, 2)
    angle = np.radians(RIGID_DEG)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    offsets = positions - positions.mean(axis=0)
    displacements: FloatArray = (offsets @ rotation.T - offsets + np.array(RIGID_MM)).ravel()
    return displacements


def _write(path: Path, image: Image, quality: int) -> None:
    cv2 = opencv()
    _, data = cv2.imencode(path.suffix, image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    path.write_bytes(data.tobytes())
