"""Photographs of an experiment: from image files to the positions of the nodes in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.arrays import FloatArray, frozen_floats
from mnnfab.errors import InputError
from mnnfab.io.files import read_bytes
from mnnfab.lab.experiment.shots import SHOTS, Positions, Shot, check_steps, load_shots
from mnnfab.lab.opencv import Image, opencv
from mnnfab.lab.photo.camera import Camera, Plane, calibrate, plane_of
from mnnfab.lab.photo.corners import Corners, find_corners
from mnnfab.lab.photo.locating import Pose, locate
from mnnfab.lab.photo.tracking import (
    HUB_REACH,
    SEARCH_SHARE,
    HubPictures,
    Photograph,
    hub_shapes,
    hubs_of,
    track_dots,
    track_hubs,
)

if TYPE_CHECKING:
    from geometry.tiling import Tiling
    from mnnfab.lab.experiment.experiment import Experiment
    from mnnfab.network.network import Network
    from mnnfab.progress.watcher import StageTimer

#: Largest number of pixels of a photograph.
MAX_PIXELS = 400_000_000


@dataclass(frozen=True, eq=False)
class PhotographResult:
    """Positions found in the photographs.

    Args:
        positions: positions of the nodes, mm on the board.
        pixels: the same in pixels, (n_shots, n_nodes, 2).
        camera: calibrated camera.
        residual_mm: residual of the board's corners in each photograph, (n_shots,).
        mm_per_px: pixel size of the first photograph.
    """

    positions: Positions
    pixels: FloatArray
    camera: Camera
    residual_mm: FloatArray
    mm_per_px: float


@dataclass(frozen=True, eq=False)
class PartGeometry:
    """Geometry of the photographed part.

    Args:
        network: its nodes.
        tiling: its shape.
        dot_radius_mm: radius of its dots.
        joint_length_mm: length of a joint.
        moves_mm: expected displacement of the nodes in load steps, (n_nodes, 2) by the name of the
            step; nodes of other steps are looked for where they are without load.
    """

    network: Network
    tiling: Tiling
    dot_radius_mm: float
    joint_length_mm: float
    moves_mm: Mapping[str, FloatArray] = field(default_factory=dict)


def read_photographs(
    experiment: Experiment, subject: PartGeometry, timer: StageTimer
) -> PhotographResult:
    """Find the nodes in all photographs of an experiment.

    Raises:
        InputError: naming the photograph and its fault.
    """
    folder = experiment.folder
    shots = load_shots(folder / SHOTS)
    check_steps(str(folder / SHOTS), shots, experiment.steps)
    _require_files(folder, shots)
    zeros = {step.name for step in experiment.steps if step.role == "zero"}
    with timer.stage("lens"):
        camera = _camera(experiment, shots)
    order = sorted(range(len(shots)), key=lambda n: (shots[n].step not in zeros, n))
    tracker = Tracker(experiment, subject, camera)
    located: dict[int, LocatedNodes] = {}
    for count, number in enumerate(order, start=1):
        with timer.stage(f"photograph {count} of {len(shots)}"):
            path, step = folder / shots[number].source, shots[number].step
            located[number] = tracker.locate_nodes(str(path), load_image(path), step)
    ordered = [located[number] for number in range(len(shots))]
    return PhotographResult(
        positions=Positions(shots, frozen_floats(np.array([nodes.positions for nodes in ordered]))),
        pixels=np.array([nodes.pixels for nodes in ordered]),
        camera=camera,
        residual_mm=np.array([nodes.residual_mm for nodes in ordered]),
        mm_per_px=ordered[0].mm_per_px,
    )


def load_image(path: Path) -> Image:
    """Read a photograph as grey levels.

    Raises:
        InputError: if it is missing or not a picture.
    """
    cv2 = opencv()
    data = np.frombuffer(read_bytes(path), dtype=np.uint8)
    image = None
    if data.size:
        try:
            # EXIF orientation is ignored: a rotated picture would need a rotated lens model.
            flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
            image = cv2.imdecode(data, flags)
        except cv2.error as error:  # too large for OpenCV
            raise InputError(
                str(path), f"not a picture: {error.err}", "JPEG, PNG or TIFF"
            ) from error
    if image is None or image.size > MAX_PIXELS:
        raise InputError(str(path), "not a picture, or truncated", "a complete JPEG, PNG or TIFF")
    grey: Image = image
    return grey


def _require_files(folder: Path, shots: tuple[Shot, ...]) -> None:
    from mnnfab.design.section import relative_file_name

    for shot in shots:
        try:
            relative_file_name(shot.source)
        except ValueError as error:
            given, allowed = f'"{shot.source}"', "a file in the folder of the experiment"
            raise InputError(str(folder / SHOTS), given, allowed) from error
    for shot in shots:
        if not (folder / shot.source).resolve().is_relative_to(folder.resolve()):
            given, allowed = f"{shot.source} is outside of it", "a file in the folder itself"
            raise InputError(str(folder), given, allowed)
    missing = [shot.source for shot in shots if not (folder / shot.source).is_file()]
    if missing:
        text = ", ".join(missing[:8]) + (" …" if len(missing) > 8 else "")
        given = f"{len(missing)} of {len(shots)} photographs are missing: {text}"
        raise InputError(str(folder), given, "every photograph listed in shots.csv")


def _camera(experiment: Experiment, shots: tuple[Shot, ...]) -> Camera:
    section, folder = experiment.section.camera, experiment.folder
    board = experiment.section.board
    if section.calibration is None:
        if board.plane_offset_mm:
            raise InputError(
                f"{folder}, board.plane_offset_mm",
                f"{board.plane_offset_mm:g} without [camera] calibration",
                "photographs of the board from several sides, or 0",
            )
        height, width = load_image(folder / shots[0].source).shape
        focal = 4.0 * max(height, width)  # arbitrary: absorbed by the homography
        matrix = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1.0]])
        return Camera(matrix, np.zeros(5), (width, height), 0.0)
    where = f"{folder}, camera.calibration"
    try:
        names = sorted(path for path in folder.glob(section.calibration) if path.is_file())
    except ValueError as error:
        given = f'"{section.calibration}": {error}'
        raise InputError(where, given, 'a pattern like "lens-*.jpg"') from error
    if not names:
        raise InputError(where, f'no file "{section.calibration}"', "photographs of the board")
    views, sizes = [], set()
    for path in names:
        image = load_image(path)
        sizes.add((image.shape[1], image.shape[0]))
        views.append(find_corners(str(path), image, board))
    if len(sizes) > 1:
        text = ", ".join(f"{w} × {h}" for w, h in sorted(sizes))
        raise InputError(where, f"pictures of {text} pixels", "pictures of one camera, uncropped")
    return calibrate(where, views, sizes.pop())


@dataclass(frozen=True, eq=False)
class LocatedNodes:
    """Joints found in one photograph.

    Args:
        positions: positions of the nodes, (n_nodes, 2) mm on the board.
        pixels: the same in pixels.
        residual_mm: residual of the board's corners.
        mm_per_px: pixel size of the picture.
    """

    positions: FloatArray
    pixels: FloatArray
    residual_mm: float
    mm_per_px: float


class Tracker:
    """Tracker of the nodes over photographs; the first, without load, gives their positions."""

    def __init__(self, experiment: Experiment, subject: PartGeometry, camera: Camera) -> None:
        self.experiment, self.subject, self.camera = experiment, subject, camera
        self.unloaded_mm: FloatArray | None = None
        self.rotation = np.eye(2)
        self.hubs: HubPictures | None = None
        self.fixed_plane: tuple[Plane, Corners] | None = None
        self.search_mm = SEARCH_SHARE * float(subject.network.lengths.min())

    def locate_nodes(self, where: str, image: Image, step: str = "") -> LocatedNodes:
        """Find the nodes in a photograph.

        Args:
            where: location named in error messages.
            image: the photograph.
            step: name of its load step.

        Raises:
            InputError: if its size differs, or board or nodes are not found.
        """
        section = self.experiment.section.camera
        self._require_size(where, image)
        plane, corners = self._plane(where, image)
        photograph = Photograph(where, image, plane, section.part == "dark")
        find = self._dots if section.tracking == "dots" else self._hubs
        pixels = find(photograph, step)
        positions = plane.positions(pixels)
        if self.unloaded_mm is None:
            self.unloaded_mm = positions
        return LocatedNodes(positions, pixels, plane.residual_mm, corners.mm_per_px)

    def _require_size(self, where: str, image: Image) -> None:
        size = (image.shape[1], image.shape[0])
        if size != self.camera.size_px:
            width, height = self.camera.size_px
            given = f"{size[0]} × {size[1]} pixels; cropped, or from another camera"
            raise InputError(where, given, f"{width} × {height}, as the other photographs")

    def _plane(self, where: str, image: Image) -> tuple[Plane, Corners]:
        section, board = self.experiment.section.camera, self.experiment.section.board
        if section.reference is None:
            corners = find_corners(where, image, board)
            return plane_of(self.camera, corners, board.plane_offset_mm), corners
        if self.fixed_plane is None:
            reference = self.experiment.folder / section.reference
            reference_image = load_image(reference)
            self._require_size(str(reference), reference_image)
            corners = find_corners(str(reference), reference_image, board)
            self.fixed_plane = plane_of(self.camera, corners, board.plane_offset_mm), corners
        return self.fixed_plane

    def _pose(self, photograph: Photograph) -> Pose:
        pose = locate(
            photograph.where,
            photograph.image,
            photograph.plane,
            self.subject.tiling,
            dark=photograph.dark,
        )
        self.rotation = pose.rotation
        return pose

    def _expected(self, unloaded_mm: FloatArray, step: str) -> FloatArray:
        """Return where the nodes are expected in a load step, (n_nodes, 2) mm on the board."""
        moves = self.subject.moves_mm.get(step)
        return unloaded_mm if moves is None else unloaded_mm + moves @ self.rotation.T

    def _dots(self, photograph: Photograph, step: str) -> FloatArray:
        if self.unloaded_mm is None:
            expected_mm = self._pose(photograph).apply(self.subject.network.nodes)
        else:
            expected_mm = self._expected(self.unloaded_mm, step)
        return track_dots(photograph, expected_mm, self.subject.dot_radius_mm, self.search_mm)

    def _hubs(self, photograph: Photograph, step: str) -> FloatArray:
        reach = HUB_REACH * self.subject.joint_length_mm
        if self.hubs is None or self.unloaded_mm is None:
            pose, nodes = self._pose(photograph), self.subject.network.nodes
            tiling = self.subject.tiling
            placed_tiling = replace(tiling, points=frozen_floats(pose.apply(tiling.points)))
            expected_mm = pose.apply(nodes)
            drawn = hub_shapes(photograph, placed_tiling, expected_mm, reach)
            pixels = track_hubs(photograph, drawn, expected_mm, self.search_mm / 3)
            self.hubs = hubs_of(photograph, pixels, reach)
            return pixels
        expected_mm = self._expected(self.unloaded_mm, step)
        return track_hubs(photograph, self.hubs, expected_mm, self.search_mm)
