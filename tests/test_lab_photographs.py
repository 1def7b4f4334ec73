"""Photographs: loaded rubber measured back, and photographs that cannot be used.

Pictures of 0.02 mm a pixel with perspective, lens distortion, blur, uneven light, noise and JPEG;
the truth is what the renderer was told. Errors are tried on coarser ones.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import EXAMPLES
from laboratory import FIG1_STEPS, LOADED_STEPS, fig1_bench

from mnnfab.errors import InputError
from mnnfab.lab.analysis.analysis import Analysis, analyse
from mnnfab.lab.analysis.checks import null_test
from mnnfab.lab.experiment.boards import Board, board_for, board_svg
from mnnfab.lab.experiment.experiment import Experiment, ExperimentSection, load_experiment
from mnnfab.lab.experiment.node_rotation import MAX_ROTATION, node_rotations, with_limited_rotation
from mnnfab.lab.experiment.plan import make_plan, plan_model, single_weights, with_zero
from mnnfab.lab.experiment.shots import Positions, Shot
from mnnfab.lab.measurement.loaded_gradient import loaded_gradient
from mnnfab.lab.measurement.measurement import measure
from mnnfab.lab.photo.camera import Camera, Plane, calibrate, plane_of
from mnnfab.lab.photo.corners import Corners, find_corners
from mnnfab.lab.photo.dots import find_dot
from mnnfab.lab.photo.photographs import PartGeometry, Tracker, load_image
from mnnfab.lab.synthetic.laboratory import (
    PhotoSettings,
    experiment_text,
    fields_of,
    lens_photographs,
    make_scene,
    photograph,
)
from mnnfab.lab.synthetic.lens import lens_at
from mnnfab.lab.synthetic.render import Sensor, develop, expose
from mnnfab.lab.synthetic.scene import PAINT, PAPER, RUBBER, Shape, board_shape
from mnnfab.printed_part.part import PortPart, PrintedPart
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import require_ports

pytestmark = pytest.mark.ci

if os.environ.get("MNNFAB_PEERS") == "required":  # in .ci/run, which installs it
    import cv2
else:
    cv2 = pytest.importorskip("cv2")

#: What the issue of photographs asks for, pixels.
POSITION_RMS_PX, POSITION_BIAS_PX = 0.05, 0.02


@pytest.fixture(scope="module")
def fig1() -> PortPart:
    return fig1_bench()


@pytest.fixture(scope="module")
def fine(fig1: PortPart, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Analysis]:
    """Fig. 1 with probes photographed at 0.02 mm a pixel, and measured."""
    folder = tmp_path_factory.mktemp("fine")
    specimen = fig1
    photograph(specimen, LOADED_STEPS, folder)
    return folder, analyse(fig1, folder)


def truth(folder: Path) -> dict[str, np.ndarray]:
    """Where joints really are in each step, (n_nodes, 2) px."""
    rows = np.genfromtxt(folder / "truth.csv", delimiter=",", names=True, dtype=None, encoding=None)
    steps = dict.fromkeys(rows["step"].tolist())
    return {
        step: np.column_stack([rows[axis][rows["step"] == step] for axis in ("x_px", "y_px")])
        for step in steps
    }


def test_positions_are_recovered(fine: tuple[Path, Analysis]) -> None:
    folder, found = fine
    assert found.photographs is not None
    assert found.photographs.mm_per_px == pytest.approx(0.02, rel=0.01)
    known = truth(folder)
    off = np.array(
        [
            pixels - known[shot.step]
            for shot, pixels in zip(found.positions.shots, found.photographs.pixels, strict=True)
        ]
    )
    assert np.sqrt((off**2).mean()) < POSITION_RMS_PX
    assert np.abs(off.mean(axis=(0, 1))).max() < POSITION_BIAS_PX


def test_a_part_moved_as_a_whole_stretches_less_than_the_noise(
    fine: tuple[Path, Analysis],
) -> None:
    test = null_test(fine[1].measurement)
    assert test is not None
    stretched, stated = test
    assert stretched < stated < 0.0005


def test_the_gradient_of_fig_1_is_recovered(fine: tuple[Path, Analysis], fig1: PortPart) -> None:
    gradient = fine[1].gradient
    assert gradient is not None
    own = fig1.problem.task.stiffness_gradient(fig1.rubber)
    agreement = gradient.compare_with(own)
    assert agreement is not None
    assert agreement.cosine > 0.9995
    assert agreement.scale == pytest.approx(1.0, abs=0.01)
    assert gradient.contains(own).mean() > 0.8
    # It is not the gradient of the linear part.
    linear = gradient.compare_with(fine[1].gradients["continuum"])
    assert linear is not None
    assert linear.relative_error > 5 * agreement.relative_error


def test_bias_over_sub_pixel_shifts_is_small() -> None:
    """A dot moved by hundredths of a pixel is found there, whatever part of a pixel it is at."""
    # The light of a whole photograph falls off over 5000 pixels, of which these are few.
    sensor = Sensor(gradient=0.2 * 120 / 5000, falloff=0.0)
    generator, radius = np.random.default_rng(0), 0.34
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    lens = lens_at((0.0, 0.0), 500.0, 25_000.0, (120, 120))
    off = []
    for shift in np.linspace(0, 1, 11):
        centre = 0.02 * np.array([shift, 0.3 * shift])
        shapes = [
            Shape((3.0 * circle,), 0.0, RUBBER),
            Shape((radius * circle + centre,), 0.0, PAINT),
        ]
        light = expose(shapes, lens, sensor)
        seen = lens.project(np.array([[*centre, 0.0]]))[0]
        found = [
            find_dot(develop(light, sensor, generator), np.rint(seen), radius / 0.02)
            for _ in range(12)
        ]
        off.append([np.array(dot.centre) - seen for dot in found if dot is not None])
        assert len(off[-1]) == 12
    means = np.mean(off, axis=1)
    assert np.abs(means).max() < POSITION_BIAS_PX
    assert np.sqrt(np.square(off).mean()) < POSITION_RMS_PX


def test_a_strained_dot_by_an_edge_is_found() -> None:
    """The ellipse that strain makes of a dot is not drawn to the paper behind a thin rim."""
    sensor, generator, radius = Sensor(), np.random.default_rng(0), 0.45
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    stretch = np.array([[1.1, -0.08], [-0.08, 0.95]])
    dot = radius * np.column_stack([np.cos(angles), np.sin(angles)]) @ stretch
    lens = lens_at((0.0, 0.0), 500.0, 25_000.0, (160, 160))
    normal = np.array([-0.8, -0.6])  # of the edge, 0.05 mm beside the dot
    along, edge = np.array([0.6, -0.8]), ((dot @ normal).max() + 0.05) * normal
    body = edge + np.array([3 * along, 3 * along - 3 * normal, -3 * along - 3 * normal, -3 * along])
    paper = 9 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    shapes = [Shape((paper,), 0.0, PAPER), Shape((body,), 0.0, RUBBER), Shape((dot,), 0.0, PAINT)]
    image = develop(expose(shapes, lens, sensor), sensor, generator)
    seen = lens.project(np.zeros((1, 3)))[0]
    found = find_dot(image, np.rint(seen), radius / 0.02)
    assert found is not None
    assert np.hypot(*(np.array(found.centre) - seen)) < 0.1  # 0.2 px off with a circle


def test_the_lens_is_recovered(fig1: PortPart) -> None:
    """OpenCV finds the distortion that our own formula has put into the pictures."""
    studio = PhotoSettings(mm_per_px=0.06)
    stage = make_scene(fig1, studio)
    images = lens_photographs(stage, studio, np.random.default_rng(0))
    views = [find_corners("t", image, stage.board) for image in images]
    camera = calibrate("t", views, stage.lens.size_px)
    assert camera.reprojection_error_px < 0.15
    width, height = stage.lens.size_px
    x, y = np.meshgrid(np.linspace(-0.4, 0.4, 9) * width, np.linspace(-0.4, 0.4, 9) * height)
    pinhole = np.column_stack([x.ravel(), y.ravel()]) / studio.focal_px
    straight = replace(stage.lens, position_mm=(0.0, 0.0, 1.0), tilt_deg=(0.0, 0.0, 0.0))
    seen = straight.project(np.column_stack([pinhole * [1, -1], np.zeros(81)]))
    rays = camera.rays(seen)
    homography, _ = cv2.findHomography(rays, pinhole)
    back = cv2.perspectiveTransform(rays[:, None], homography)[:, 0]
    bent = np.abs(seen - (pinhole * studio.focal_px + (np.array([width, height]) - 1) / 2))
    left = np.abs(back - pinhole) * studio.focal_px
    assert bent.max() > 1
    assert left.max() < 0.2


def test_a_part_in_front_of_its_board_is_measured_where_it_is() -> None:
    """Perspective magnifies what is nearer: the plane's offset takes that out exactly."""
    lens = lens_at((40.0, 30.0), 400.0, 8000.0, (2000, 1500), (3.0, -4.0, 1.0))
    board = Board(squares=(16, 12))
    corners = board.corners_mm
    flat = lens.project(np.column_stack([corners, np.zeros(len(corners))]))
    matrix = np.array([[8000.0, 0, 999.5], [0, 8000.0, 749.5], [0, 0, 1]])
    camera = Camera(matrix, np.zeros(5), (2000, 1500), 0.0)
    plane: Plane = plane_of(camera, Corners(flat, corners), 3.0)
    places = np.array([[20.0, 20.0], [60.0, 40.0], [40.0, 30.0]])
    seen = lens.project(np.column_stack([places, np.full(3, 3.0)]))
    np.testing.assert_allclose(plane.positions(seen), places, atol=1e-5)
    np.testing.assert_allclose(plane.pixels(places), seen, atol=1e-4)


COARSE = PhotoSettings(mm_per_px=0.05, repeats=1)
COARSE_STEPS = (*FIG1_STEPS[:1], *FIG1_STEPS[2:])


@pytest.fixture(scope="module")
def coarse_original(fig1: PortPart, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same at 0.05 mm a pixel, one shot a step, the lens not asked for."""
    folder = tmp_path_factory.mktemp("coarse")
    specimen = fig1
    photograph(specimen, COARSE_STEPS, folder, COARSE)
    text = (folder / "experiment.toml").read_text().replace('calibration = "lens-*.jpg"\n', "")
    text = "position_sd_mm = 0.001\n" + text
    (folder / "experiment.toml").write_text(text)
    return folder


@pytest.fixture
def coarse(coarse_original: Path, tmp_path: Path) -> Path:
    shutil.copytree(coarse_original, tmp_path / "exp")
    return tmp_path / "exp"


def tracker(folder: Path, bench: PortPart) -> Tracker:
    image = load_image(folder / "zero-0.jpg")
    height, width = image.shape
    matrix = np.array([[1e4, 0, (width - 1) / 2], [0, 1e4, (height - 1) / 2], [0, 0, 1.0]])
    fabrication = bench.problem.design.fabrication
    subject = PartGeometry(
        bench.problem.network, bench.tiling, fabrication.disc_radius_mm, fabrication.joint_length_mm
    )
    return Tracker(
        load_experiment(folder), subject, Camera(matrix, np.zeros(5), (width, height), 0)
    )


def test_coarse_photographs_do_too(coarse: Path, fig1: PortPart) -> None:
    found = analyse(fig1, coarse)
    assert found.gradient is not None
    agreement = found.gradient.compare_with(found.gradients["continuum"])
    assert agreement is not None
    assert agreement.cosine > 0.99
    assert "lens" in {finding.code for finding in found.findings}


def test_hubs_are_followed_without_dots(fig1: PortPart, tmp_path: Path) -> None:
    """Where nothing is painted the hubs are followed; bonds that turn drag them along."""
    studio = PhotoSettings(mm_per_px=0.05, repeats=1, dots=False)
    photograph(fig1, COARSE_STEPS, tmp_path, studio)
    text = (tmp_path / "experiment.toml").read_text().replace('calibration = "lens-*.jpg"\n', "")
    (tmp_path / "experiment.toml").write_text("position_sd_mm = 0.002\n" + text)
    found = analyse(fig1, tmp_path)
    assert found.gradient is not None
    own = found.gradients["continuum"]
    agreement = found.gradient.compare_with(own)
    assert agreement is not None
    assert agreement.cosine > 0.98
    assert found.gradient.contains(own).mean() > 0.8


def test_a_part_with_eyelets_is_measured_too(tmp_path: Path) -> None:
    """A held-out case: a load case of iris-lab with probes; holes of eyelets are no dots."""
    problem = require_ports(load_problem(EXAMPLES / "paper" / "iris-lab.toml"))
    bench = PrintedPart(problem, problem.start_widths_mm)
    plan = single_weights(bench.problem.task)
    assert (
        node_rotations(bench.problem.task, plan, bench.continuum).max() > 0.3
    )  # eyelets beside their nodes
    ports = with_limited_rotation(bench.problem.task, plan, bench.continuum)
    assert node_rotations(bench.problem.task, ports, bench.continuum).max() < MAX_ROTATION
    assert [abs(one.weights[0].load_gf) for one in ports] == [5, 2, 5, 2, 5, 5, 5]
    case = make_plan(problem.task, plan_model(problem, bench.widths_mm)).cases[1]
    steps = with_zero((case.forward, *case.probes))
    photograph(bench, steps, tmp_path, PhotoSettings(mm_per_px=0.05))
    found = analyse(bench, tmp_path)
    assert found.gradient is not None
    own = found.gradients["rubber"]
    agreement = found.gradient.compare_with(own)
    assert agreement is not None
    assert agreement.cosine > 0.98
    assert found.gradient.contains(own).mean() >= 0.85
    assert not [one for one in found.findings if one.severity == "warning"]


def test_what_is_wrong_with_a_photograph_is_said(coarse: Path, fig1: PortPart) -> None:
    image = load_image(coarse / "zero-0.jpg")
    look = tracker(coarse, fig1).locate_nodes
    with pytest.raises(InputError, match=r"blurred|no board|of its corners found"):
        look("blurred", cv2.GaussianBlur(image, (0, 0), 6))
    with pytest.raises(InputError, match="blurred: edges are"):
        look("blurred", cv2.GaussianBlur(image, (0, 0), 4))
    with pytest.raises(InputError, match="cropped, or from another camera"):
        look("cropped", image[:, :-100])
    with pytest.raises(InputError, match="no board found"):
        look("dark", np.zeros_like(image))
    empty = image.copy()
    height, width = image.shape
    empty[height // 4 : -height // 4, width // 6 : -width // 6] = 220
    with pytest.raises(InputError, match="no part of this design"):
        look("empty", empty)
    x, y = np.rint(truth(coarse)["zero"][3]).astype(int)
    strung = image.copy()
    strung[:, x - 1 : x + 2] = 90
    with pytest.raises(InputError, match="the dot of node 3 is not a complete disc"):
        look("strung", strung)
    hidden = image.copy()
    x, y = np.rint(truth(coarse)["zero"][6]).astype(int)
    hidden[y - 40 : y + 40, x - 40 : x + 40] = 128
    with pytest.raises(InputError, match="node 6 is not found"):
        look("hidden", hidden)


def test_missing_swapped_and_broken_files_are_told_and_nothing_is_written(
    coarse: Path, fig1: PortPart
) -> None:
    before = {path.name: path.read_bytes() for path in coarse.iterdir()}

    def refused(message: str) -> None:
        with pytest.raises(InputError, match=message):
            analyse(fig1, coarse)

    (coarse / "forward-0.jpg").rename(coarse / "other.jpg")
    refused("1 of 3 photographs are missing: forward-0.jpg")
    (coarse / "forward-0.jpg").write_bytes(before["forward-0.jpg"][:2000])
    refused("not a picture|cropped|board")
    (coarse / "forward-0.jpg").write_bytes(before["adjoint-0.jpg"])
    (coarse / "adjoint-0.jpg").write_bytes(before["forward-0.jpg"])
    refused("swapped")
    (coarse / "adjoint-0.jpg").write_bytes(before["adjoint-0.jpg"])
    (coarse / "forward-0.jpg").write_bytes(before["zero-0.jpg"])
    (coarse / "zero-0.jpg").write_bytes(before["forward-0.jpg"])
    refused("swapped")
    text = (coarse / "shots.csv").read_text().replace("zero-0.jpg", "../zero-0.jpg")
    (coarse / "shots.csv").write_text(text)
    refused("a file in the folder of the experiment")
    assert {path.name for path in coarse.iterdir()} == {*before, "other.jpg"}


def test_boards_are_found_as_printed() -> None:
    """A ChArUco board with and without window, and a checkerboard, from pictures of them."""
    for board in (
        board_for(70.0, 50.0),
        Board(squares=(12, 9), window=False, square_mm=8.0, marker_mm=6.0),
        Board(kind="checkerboard", squares=(12, 9), square_mm=8.0),
    ):
        width, height = board.size_mm
        size = (round((width + 12) / 0.06), round((height + 12) / 0.06))
        lens = lens_at((width / 2, height / 2), 400.0, 400 / 0.06, size, (4.0, -5.0, 2.0))
        light = expose([board_shape(board)], lens, Sensor())
        image = develop(light, Sensor(), np.random.default_rng(0))
        found = find_corners("t", image, board)
        seen = lens.project(
            np.column_stack([found.positions_mm, np.zeros(len(found.positions_mm))])
        )
        assert len(found.pixels) > 30
        assert np.sqrt(np.square(found.pixels - seen).mean()) < 0.1
        assert board_svg(board).count("<path") == 1


def test_boards_that_cannot_be_told_are_refused() -> None:
    for values, message in (
        ({"kind": "checkerboard", "squares": (10, 8)}, "upside down"),
        ({"marker_mm": 5.0}, "less than 5"),
        ({"squares": (60, 60)}, "1800 markers"),
    ):
        with pytest.raises(ValueError, match=message):
            Board(**values)


@pytest.mark.slow
def test_error_bars_cover_the_truth_over_200_sets_of_photographs(fig1: PortPart) -> None:
    """Noise drawn anew in every photograph of 200 experiments, the rest of the chain as it is."""
    studio = PhotoSettings()
    stage = make_scene(fig1, studio)
    generator = np.random.default_rng(0)
    images = lens_photographs(stage, studio, generator)
    views = [find_corners("t", image, stage.board) for image in images]
    camera = calibrate("t", views, stage.lens.size_px)
    steps = (*LOADED_STEPS[:1], *LOADED_STEPS[2:])
    section = ExperimentSection.model_validate(
        tomllib.loads(experiment_text("t", stage.board, studio, "0" * 12))
    )
    fabrication = fig1.problem.design.fabrication
    subject = PartGeometry(
        fig1.problem.network, fig1.tiling, fabrication.disc_radius_mm, fabrication.joint_length_mm
    )
    lights = [
        expose(stage.shapes(step, moved), stage.lens, studio.sensor)
        for step, moved in zip(steps, fields_of(fig1, steps), strict=True)
    ]
    own = fig1.problem.task.stiffness_gradient(fig1.rubber)
    covered, cosines = [], []
    for _ in range(200):
        tracker = Tracker(Experiment(Path(), section, steps), subject, camera)
        shots, places = [], []
        for step, light in zip(steps, lights, strict=True):
            for repeat in range(2):
                found = tracker.locate_nodes("t", develop(light, studio.sensor, generator))
                shots.append(Shot(f"{step.name}-{repeat}", step.name))
                places.append(found.positions)
        positions = Positions(tuple(shots), np.array(places))
        measurement = measure("t", positions, steps, fig1.problem.network, section.reading)
        gradient = loaded_gradient("t", measurement, fig1.problem.task)
        covered.append(gradient.contains(own).mean())
        agreement = gradient.compare_with(own)
        assert agreement is not None
        cosines.append(agreement.cosine)
    assert min(cosines) > 0.98
    assert 0.90 <= np.mean(covered) <= 0.99
