"""Shots matched with the shape at rest and the prediction: exchanged nodes, wrong loads, no result.

What cannot be is refused with shot and nodes; what can be, such as a softer part or a camera that
moved, is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from laboratory import FIG1_STEPS, behaviour_bench, fig1_bench, linear_positions, timer

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.tables import table_text
from mnnfab.lab.analysis.analysis import analyse
from mnnfab.lab.analysis.checks import check_swapped_shots
from mnnfab.lab.analysis.comparison import factors_of, factors_text
from mnnfab.lab.analysis.load_checks import check_loads
from mnnfab.lab.analysis.matching import check_nodes
from mnnfab.lab.analysis.modulus import best_fit
from mnnfab.lab.analysis.observations import Observation
from mnnfab.lab.analysis.prediction import Prediction, predict
from mnnfab.lab.experiment.reading import Reading
from mnnfab.lab.experiment.shots import Positions, Shot
from mnnfab.lab.experiment.steps import ZERO, AppliedWeight, Step, steps_text, weights_on
from mnnfab.lab.material.identification import Readings, identify
from mnnfab.lab.material.identifying import identify_from
from mnnfab.lab.measurement.measurement import Measurement, measure
from mnnfab.lab.operations import begin_session, continue_session
from mnnfab.lab.session.rehearsal import rehearse
from mnnfab.printed_part.part import PortPart
from mnnfab.reproduce import paper

#: One shot is enough where noise is not the subject.
READING = Reading(stated_sd_mm=0.01)
BY_PLACE = replace(READING, by_place=True)
DESIGN = Path(__file__).resolve().parent.parent / "examples" / "paper" / "behaviour-left.toml"
ZEROS, RIGIDS, FORWARD, ADJOINT = [0, 1], [2, 3], [4, 5], [6, 7]
Fault = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="module")
def bench() -> PortPart:
    return fig1_bench()


@pytest.fixture(scope="module")
def positions(bench: PortPart) -> Positions:
    """Two shots of each of zero, rigid, forward and adjoint."""
    return linear_positions(bench, FIG1_STEPS, 0.002, np.random.default_rng(5))


@pytest.fixture(scope="module")
def prediction(bench: PortPart) -> Prediction:
    return predict(bench, FIG1_STEPS[2:])


def check(
    bench: PortPart,
    positions: Positions,
    prediction: Prediction,
    reading: Reading = READING,
    steps: tuple[Step, ...] = FIG1_STEPS,
) -> tuple[Measurement, list[Finding]]:
    """All checks of an analysis that refuse a measurement."""
    problem = bench.problem
    found = measure("t", positions, steps, problem.network, reading)
    stiffness = problem.law.stiffness(bench.widths_mm)
    findings = check_nodes("t", positions, found, prediction, stiffness)
    check_loads("t", found, prediction, problem.task)
    check_swapped_shots("t", positions.shots, found, prediction)
    return found, findings


def with_fault(positions: Positions, rows: list[int], fault: Fault) -> Positions:
    coordinates = positions.coordinates.copy()
    for row in rows:
        coordinates[row] = fault(coordinates[row].copy())
    return Positions(positions.shots, coordinates)


def exchange(first: int, second: int) -> Fault:
    def fault(points: np.ndarray) -> np.ndarray:
        points[[first, second]] = points[[second, first]]
        return points

    return fault


def move(node: int, *place: float) -> Fault:
    def fault(points: np.ndarray) -> np.ndarray:
        points[node] = place
        return points

    return fault


def camera(angle_deg: float, *shift: float) -> Fault:
    """A motion of the whole part in the picture."""
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return lambda points: points @ turn.T + np.array(shift)


def test_any_two_exchanged_nodes_are_named(
    bench: PortPart, positions: Positions, prediction: Prediction
) -> None:
    """Fixed, inner and loaded nodes with every other node."""
    for pair in {(min(a, b), max(a, b)) for a in (0, 7, 12) for b in range(14) if a != b}:
        wrong = with_fault(positions, FORWARD, exchange(*pair))
        message = rf"shot forward-0, forward-1: nodes {pair[0]}, {pair[1]} are exchanged"
        with pytest.raises(InputError, match=message):
            check(bench, wrong, prediction)


@pytest.mark.parametrize(
    ("rows", "fault", "message"),
    [
        ([5], exchange(7, 8), "shot forward-1: nodes 7, 8 are exchanged"),
        ([*FORWARD, *ADJOINT], exchange(7, 8), "adjoint-1: nodes 7, 8.*Most shots"),
        (RIGIDS, exchange(7, 8), "shot rigid-0, rigid-1: nodes 7, 8 are exchanged"),
        ([1], exchange(7, 8), "t, shot zero-1: nodes 7, 8 are permuted"),
        (ZEROS, exchange(7, 8), "t, shot zero-0: nodes 7, 8 are permuted"),
        ([4], lambda p: camera(4, 20, -9)(exchange(2, 9)(p)), "nodes 2, 9 are exchanged"),
        ([4], lambda p: np.roll(p, -1, axis=0), r"shot forward-0: nodes 0, 1, 2, .*\(0 at 1, 1 at"),
        ([4, 6], lambda p: np.vstack([p[1:], p[-1:]]), "nodes 1, 2, 3, 4, 6, .* are exchanged"),
        ([5], lambda p: move(9, *p[10])(p), "forward-1: node 9 is at the place of node 10"),
        ([1], lambda p: move(9, *p[10])(p), "t, shot zero-1: node 9 is 1"),
        ([5], move(9, 0.0, 0.0), r"forward-1: node 9 at \(0, 0\), 33"),
        ([5], move(9, 100.0, -80.0), "forward-1: node 9: up to 127 mm .* times the work"),
        ([4], lambda p: p * [1, -1], "shot forward-0: nodes mirrored"),
        (FORWARD, lambda p: p[:, ::-1], "shot forward-0, forward-1: nodes mirrored"),
        ([1], lambda p: p * [1, -1], "t, shot zero-1: nodes mirrored .*\n.*y_axis"),
        ([1], lambda p: p[:, ::-1], "t, shot zero-1: nodes mirrored .*\n.*columns x and y"),
        ([6], lambda p: p / 1000, "shot adjoint-0: the part is 0.001 times as large"),
        ([6], lambda p: 40 * p + 2000, "shot adjoint-0: the part is 4.* times as large"),
        ([1], lambda p: p / 1000, "t, shot zero-1: .*probably metres"),
    ],
)
def test_what_cannot_be_is_refused_with_shot_and_nodes(
    bench: PortPart,
    positions: Positions,
    prediction: Prediction,
    rows: list[int],
    fault: Fault,
    message: str,
) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        check(bench, with_fault(positions, rows, fault), prediction)


@pytest.mark.parametrize("factor", [0.2, 0.5, 2.0, 5.0])
def test_softer_and_stiffer_parts_are_read(
    bench: PortPart, positions: Positions, prediction: Prediction, factor: float
) -> None:
    """Displacements of up to 10 mm, more than half a bond; exchanged nodes are found there too."""
    zero = positions.coordinates[:2].mean(axis=0)
    softer = Positions(positions.shots, zero + factor * (positions.coordinates - zero))
    found, findings = check(bench, softer, prediction)
    assert findings == []
    fit = best_fit(found.displacements_mm, prediction.continuum_mm, found.displacement_sd_mm)
    assert fit.reason is None
    assert fit.scale == pytest.approx(factor, rel=0.02)
    with pytest.raises(InputError, match="nodes 11, 13 are exchanged"):
        check(bench, with_fault(softer, [4], exchange(11, 13)), prediction)


@pytest.mark.parametrize("motion", [camera(0.3, 0.4, -0.2), camera(-3, 5, 8), camera(90, 200, 0)])
def test_a_camera_that_moved_is_no_fault_of_nodes(
    bench: PortPart, positions: Positions, prediction: Prediction, motion: Fault
) -> None:
    """Neither in single shots nor in all; but the modulus is told only if the motion is small."""
    for rows in ([4, 6], [*FORWARD, *ADJOINT], RIGIDS):
        assert check(bench, with_fault(positions, rows, motion), prediction)[1] == []
    moved = with_fault(positions, [*FORWARD, *ADJOINT], motion)
    found, _ = check(bench, moved, prediction)
    fit = best_fit(found.displacements_mm, prediction.continuum_mm, found.displacement_sd_mm)
    small = np.abs(moved.coordinates - positions.coordinates).max() < 1
    assert (fit.reason is None) == small


@pytest.mark.parametrize("noise_mm", [0.02, 0.1])
def test_noise_is_no_fault(bench: PortPart, prediction: Prediction, noise_mm: float) -> None:
    """A tenth of the displacements; unloaded shots differ by as much."""
    for seed in range(5):
        noisy = linear_positions(bench, FIG1_STEPS, noise_mm, np.random.default_rng(seed), 3)
        assert check(bench, noisy, prediction, Reading())[1] == []


def test_a_point_some_millimetres_off_is_a_warning(
    bench: PortPart, positions: Positions, prediction: Prediction
) -> None:
    for distance_mm in (2.0, 6.0):
        place = positions.coordinates[5, 9] + [0.0, distance_mm]
        off = with_fault(positions, [5], move(9, *place))
        (told,) = check(bench, off, prediction)[1]
        assert (told.code, told.severity, told.where) == (
            "suspect-node",
            "warning",
            "shot forward-1",
        )
        assert told.value == pytest.approx(distance_mm, abs=0.02)
        assert told.message.startswith("node 9: ")
    # A loaded node may be anywhere if a bond broke: its bonds need not be stretched far.
    both = with_fault(positions, FORWARD, lambda p: move(12, *(p[12] + [6, -6]))(p))
    wheres = [one.where for one in check(bench, both, prediction)[1]]
    assert wheres == ["shot forward-0", "shot forward-1"]


def relabelled(positions: Positions, names: dict[str, str]) -> Positions:
    """The same shots assigned to other load steps, by step or by shot."""
    shots = tuple(
        Shot(s.source, names.get(s.source, names.get(s.step, s.step))) for s in positions.shots
    )
    return Positions(shots, positions.coordinates)


def test_wrong_loads_are_refused(
    bench: PortPart, positions: Positions, prediction: Prediction
) -> None:
    exchanged = relabelled(positions, {"forward": "adjoint", "adjoint": "forward"})
    with pytest.raises(InputError, match="load step forward are those of adjoint, and reversed"):
        check(bench, exchanged, prediction)
    zero = positions.coordinates[:2].mean(axis=0)
    with pytest.raises(InputError, match="all load steps moved against their weights"):
        check(bench, Positions(positions.shots, 2 * zero - positions.coordinates), prediction)
    # By place, a mirrored picture of a symmetric lattice looks like the design.
    mirrored = Positions(positions.shots, positions.coordinates * [-1, 1])
    with pytest.raises(InputError, match="those of the part mirrored left to right"):
        check(bench, mirrored, prediction, BY_PLACE)
    assert check(bench, positions, prediction, BY_PLACE)[1] == []
    other_order = with_fault(positions, [1], exchange(3, 4))
    with pytest.raises(InputError, match="shot zero-1: points in another order than in zero-0"):
        check(bench, other_order, prediction, BY_PLACE)


def test_half_and_full_weight_on_one_node(bench: PortPart) -> None:
    """Their displacements differ by a factor only; exchanged, they are refused."""
    steps = (
        ZERO,
        *(Step(f"load{g}", "forward", (AppliedWeight(paper.RIGHT, -g),)) for g in (5.0, 10.0)),
    )
    positions = linear_positions(bench, steps, 0.002, np.random.default_rng(0))
    prediction = predict(bench, steps[1:])
    assert check(bench, positions, prediction, READING, steps)[1] == []
    exchanged = relabelled(positions, {"load5.0": "load10.0", "load10.0": "load5.0"})
    with pytest.raises(InputError, match=r"load step load5\.0 are those of load10\.0"):
        check(bench, exchanged, prediction, READING, steps)


def test_a_wrong_sign_of_one_weight_is_named() -> None:
    bench = behaviour_bench()
    first, second = bench.problem.task.outputs
    applied = Step("case", "adjoint", (*weights_on(first, -10.0), *weights_on(second, 6.0)))
    noted = replace(applied, weights=(applied.weights[0], *weights_on(second, -6.0)))
    positions = linear_positions(bench, (ZERO, applied), 0.002, np.random.default_rng(0))
    assert check(bench, positions, predict(bench, (applied,)), READING, (ZERO, applied))[1] == []
    with pytest.raises(InputError, match="load step case are those with 6 g up"):
        check(bench, positions, predict(bench, (noted,)), READING, (ZERO, noted))


def write(folder: Path, positions: Positions) -> Path:
    folder.mkdir(exist_ok=True)
    text = 'schema = 1\nname = "t"\nkind = "positions"\nelongation = "projection"\n'
    (folder / "experiment.toml").write_text(text)
    (folder / "steps.csv").write_text(steps_text(FIG1_STEPS))
    rows = [
        (shot.step, number, node, *place)
        for number, (shot, places) in enumerate(
            zip(positions.shots, positions.coordinates.tolist(), strict=True)
        )
        for node, place in enumerate(places)
    ]
    table = table_text(("step", "repeat", "node", "x", "y"), rows)
    (folder / "positions.csv").write_text(table)
    return folder


def test_a_negative_modulus_is_no_result(
    bench: PortPart, positions: Positions, tmp_path: Path
) -> None:
    """The camera went down by more than the part: told, without a modulus; not identified."""
    moved = with_fault(positions, [*FORWARD, *ADJOINT], camera(0, 0, 6))
    folder = write(tmp_path / "moved", moved)
    (told,) = (one for one in analyse(bench, folder).findings if one.code == "scale")
    assert told.severity == "warning"
    assert "no modulus explains: the displacements are opposite to the weights" in told.message
    assert "MPa" not in told.message
    with pytest.raises(InputError, match="moved: no modulus: the displacements are opposite"):
        identify_from(bench, [folder])
    exchanged = write(tmp_path / "exchanged", with_fault(positions, FORWARD, exchange(7, 8)))
    with pytest.raises(InputError, match="forward, repeat 4, forward, repeat 5: nodes 7, 8"):
        identify_from(bench, [exchanged])
    values, predicted = np.array([-1.0, 0.2]), np.ones((5, 2))
    with pytest.raises(InputError, match="coupon bar: no modulus"):
        identify(bench.problem, [Readings("coupon bar", values, np.eye(2), predicted)])


def test_opposite_values_have_no_factor() -> None:
    observations = [
        Observation("e", f"u{n}", "mm", -value, 0.1, value, 0.1, value, 0.1)
        for n, value in enumerate((1.0, 2.0))
    ]
    factors = factors_of(observations)
    assert all(np.isnan(factor.factor) and factor.left_percent == 100 for factor in factors)
    assert "none    100.0 %" in factors_text(factors)


@pytest.mark.ci
def test_a_session_takes_no_impossible_measurement(tmp_path: Path) -> None:
    """Exchanged nodes, and a camera that moved: refused, and no round is written."""
    folder, wrong = tmp_path / "session", tmp_path / "wrong"
    begin_session(DESIGN, folder)
    source = rehearse(folder, "positions", timer())
    wrong.mkdir()
    for name in ("steps.csv", "experiment.toml"):
        (wrong / name).write_bytes((source / name).read_bytes())
    header, *lines = (source / "positions.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines]  # step, repeat, node, x, y
    loaded = [row[0] not in {"zero", "rigid"} for row in rows]
    other = {"7": "8", "8": "7"}
    exchanged = [
        [*row[:2], other.get(row[2], row[2]) if hung else row[2], *row[3:]]
        for row, hung in zip(rows, loaded, strict=True)
    ]
    moved = [
        [*row[:4], str(float(row[4]) + 5 * hung)] for row, hung in zip(rows, loaded, strict=True)
    ]
    for cells, message in ((exchanged, "nodes 7, 8 are exchanged"), (moved, "no modulus")):
        text = "\n".join([header, *map(",".join, cells)]) + "\n"
        (wrong / "positions.csv").write_text(text)
        with pytest.raises(InputError, match=message):
            continue_session(folder, wrong)
    assert not (folder / "round-001").exists()
    assert not (folder / "round-000" / "measured").exists()
