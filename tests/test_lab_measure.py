"""Measurements: tables of several tools, what is wrong with them, noise, gradients with errors.

The part is a continuum whose displacements are known; what is measured is that with noise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laboratory import FIG1_STEPS, behaviour_bench, fig1_bench, linear_positions, port_step

from mnnfab.errors import InputError
from mnnfab.io.tables import table_text
from mnnfab.lab.analysis.checks import check_measurement, check_swapped_shots, null_test
from mnnfab.lab.analysis.prediction import continuum_fields, predict
from mnnfab.lab.experiment.experiment import load_experiment, read_positions
from mnnfab.lab.experiment.plan import (
    make_plan,
    plan_model,
    single_weights,
    weights_at,
    with_zero,
)
from mnnfab.lab.experiment.reading import Reading
from mnnfab.lab.experiment.shots import Positions, Shot
from mnnfab.lab.experiment.steps import AppliedWeight, Step, load_steps, steps_text
from mnnfab.lab.experiment.track_tables import read_tracks
from mnnfab.lab.measurement.alignment import align, fit_similarity
from mnnfab.lab.measurement.gradient import measured_gradient, measured_response, reciprocity
from mnnfab.lab.measurement.measurement import measure
from mnnfab.network.network import Network
from mnnfab.network.ports import Port
from mnnfab.printed_part.part import PortPart

LINEAR = Reading(elongation_by="projection", unmodelled_share=0.0)
NOISE_MM = 0.002


@pytest.fixture(scope="module")
def fig1() -> PortPart:
    return fig1_bench()


@pytest.fixture(scope="module")
def behaviour() -> PortPart:
    return behaviour_bench()


def measured(bench: PortPart, steps: tuple[Step, ...], seed: int, repeats: int = 2) -> Positions:
    generator = np.random.default_rng(seed)
    return linear_positions(bench, steps, NOISE_MM, generator, repeats)


def test_error_bars_of_the_gradient_cover_the_truth(fig1: PortPart) -> None:
    """Nine to ten of ten intervals of 95 % hold the continuum's own gradient, over 200 draws."""
    truth = fig1.problem.task.stiffness_gradient(fig1.continuum.response)
    covered, cosines = [], []
    for seed in range(200):
        positions = measured(fig1, FIG1_STEPS, seed)
        found = measure("test", positions, FIG1_STEPS, fig1.problem.network, LINEAR)
        gradient = measured_gradient(
            "test", found, fig1.problem.task, fig1.problem.task.train_indices, n_draws=300
        )
        covered.append(gradient.contains(truth))
        agreement = gradient.compare_with(truth)
        assert agreement is not None
        cosines.append(agreement.cosine)
    assert 0.90 <= np.mean(covered) <= 0.99
    assert np.mean(covered, axis=0).min() > 0.85  # none of the bonds by itself is left out
    assert min(cosines) > 0.98


def test_noise_is_told_from_repeats(fig1: PortPart) -> None:
    found = measure("t", measured(fig1, FIG1_STEPS, 0, 20), FIG1_STEPS, fig1.problem.network)
    assert found.noise.node_mm == pytest.approx(NOISE_MM, rel=0.05)
    assert found.noise.shift_mm == pytest.approx(NOISE_MM, rel=0.4)


def test_bias_of_a_shared_zero_is_taken_out(fig1: PortPart) -> None:
    """With one zero for both steps the mean product is too large by its variance."""
    truth = fig1.problem.task.stiffness_gradient(fig1.continuum.response)
    network, rows = fig1.problem.network, fig1.problem.task.train_indices
    found = []
    for seed in range(60):
        positions = measured(fig1, FIG1_STEPS, 1000 + seed)
        one = measure("test", positions, FIG1_STEPS, network, LINEAR)
        found.append(measured_gradient("t", one, fig1.problem.task, rows, n_draws=300).gradient)
    mean, sd = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(60)
    assert np.mean((mean - truth) / sd) < 0.5


def test_one_weight_at_a_time_gives_the_whole_response(behaviour: PortPart) -> None:
    steps = with_zero(single_weights(behaviour.problem.task))
    fields = continuum_fields(behaviour.continuum)
    moved = fields.displacements_mm(behaviour.problem.task, steps)
    nodes = behaviour.problem.network.nodes
    shots = tuple(Shot(step.name, step.name) for step in steps)
    reading = Reading(stated_sd_mm=1e-9, elongation_by="projection", unmodelled_share=0.0)
    network = behaviour.problem.network
    found = measure("t", Positions(shots, nodes + moved), steps, network, reading)
    response = measured_response("t", found, behaviour.problem.task)
    truth = behaviour.continuum.response
    # The alignment turns and shifts by rounding alone.
    np.testing.assert_allclose(response.flexibility, truth.flexibility, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(response.elongations, truth.elongations, atol=1e-8)
    assert reciprocity(found, behaviour.problem.task) == pytest.approx(0.0, abs=1e-8)
    gradient = measured_gradient(
        "t", found, behaviour.problem.task, behaviour.problem.task.train_indices, n_draws=50
    )
    wanted = behaviour.problem.task.stiffness_gradient(truth)
    np.testing.assert_allclose(gradient.gradient, wanted, atol=1e-4 * np.abs(wanted).max())


def test_two_steps_as_the_paper_hangs_them_give_the_same_gradient(behaviour: PortPart) -> None:
    """A load and the rounded adjoint loads of its loss, against the exact gradient."""
    task = behaviour.problem.task
    outputs = behaviour.continuum.response.outputs(task.loads_N)
    slopes = task.output_gradient(outputs, task.train_indices)[0]
    grams = np.round(40.0 * slopes / np.abs(slopes).max())
    load = port_step("forward", 10, "y", -5.0)
    steps = with_zero((load, Step("adjoint", "adjoint", weights_at(task.outputs, grams))))
    moved = continuum_fields(behaviour.continuum).displacements_mm(behaviour.problem.task, steps)
    shots = tuple(Shot(step.name, step.name) for step in steps)
    places = behaviour.problem.network.nodes + moved
    reading = Reading(stated_sd_mm=1e-6, elongation_by="projection", unmodelled_share=0.0)
    found = measure("t", Positions(shots, places), steps, behaviour.problem.network, reading)
    gradient = measured_gradient(
        "t", found, behaviour.problem.task, behaviour.problem.task.train_indices, n_draws=50
    )
    agreement = gradient.compare_with(
        behaviour.problem.task.stiffness_gradient(behaviour.continuum.response)
    )
    agreement = gradient.compare_with(
        behaviour.problem.task.stiffness_gradient(behaviour.continuum.response)
    )
    assert agreement is not None
    assert gradient.unspanned < 0.02
    assert agreement.cosine > 0.9995
    assert agreement.scale == pytest.approx(1.0, abs=0.02)


def test_steps_that_do_not_span_are_refused(behaviour: PortPart) -> None:
    steps = with_zero((port_step("forward", 10, "y", -5.0), port_step("adjoint", 12, "y", -5.0)))
    found = measure("t", measured(behaviour, steps, 0), steps, behaviour.problem.network)
    with pytest.raises(InputError, match="adjoint loads of the loss"):
        measured_gradient("t", found, behaviour.problem.task, behaviour.problem.task.train_indices)
    far = (*steps[:2], Step(steps[2].name, "adjoint", (AppliedWeight(Port(99, "y"), -5.0),)))
    with pytest.raises(InputError, match="nodes 0 to 13"):
        measure("t", measured(behaviour, steps, 0), far, behaviour.problem.network)


def test_a_part_moved_as_a_whole_stretches_no_bond(fig1: PortPart) -> None:
    positions = measured(fig1, FIG1_STEPS, 3, 4)
    places = positions.coordinates.copy()
    angle = np.radians(0.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    rigid = [n for n, shot in enumerate(positions.shots) if shot.step == "rigid"]
    places[rigid] = places[rigid] @ turn.T + [0.4, -0.2]
    moved = Positions(positions.shots, places)
    found = measure("t", moved, FIG1_STEPS, fig1.problem.network, LINEAR)
    test = null_test(found)
    assert test is not None
    assert test[0] < 1.5 * test[1]
    assert test[1] == pytest.approx(NOISE_MM * np.sqrt(2 * (1 / 4 + 1 / 4)), rel=0.1)


@given(
    angle=st.floats(-3.1, 3.1),
    scale=st.floats(0.01, 100),
    shift=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)),
)
def test_similarity_undoes_itself(angle: float, scale: float, shift: tuple[float, float]) -> None:
    nodes = np.array([[0.0, 0.0], [16.0, 0.0], [8.0, 14.0], [3.0, 5.0]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found = fit_similarity(scale * nodes @ turn.T + np.array(shift), nodes)
    moved = scale * nodes @ turn.T + np.array(shift)
    np.testing.assert_allclose(found.apply(moved), nodes, atol=1e-6)
    assert found.scale == pytest.approx(1 / scale)


def test_wrong_units_axes_and_numbers_are_told_apart(paper_network: Network) -> None:
    nodes = paper_network.nodes
    for factor, word in ((1e-3, "metres"), (1 / 25.4, "inches"), (50.0, "pixels")):
        with pytest.raises(InputError, match=word):
            align("t", factor * nodes, paper_network, 1.0, by_place=False)
    with pytest.raises(InputError, match="mirrored"):
        align("t", nodes * [1, -1], paper_network, 1.0, by_place=False)
    swapped = nodes.copy()
    swapped[[3, 7]] = swapped[[7, 3]]
    with pytest.raises(InputError, match="nodes 3, 7 are permuted"):
        align("t", swapped, paper_network, 1.0, by_place=False)
    lost = nodes.copy()
    lost[5] += [9.0, 3.0]
    with pytest.raises(InputError, match="node 5 is"):
        align("t", lost, paper_network, 1.0, by_place=False)


def test_joints_are_found_by_their_places(paper_network: Network) -> None:
    generator = np.random.default_rng(0)
    order = generator.permutation(paper_network.n_nodes)
    pixels = 50 * (paper_network.nodes + 0.2 * generator.standard_normal((14, 2)))[order] + 2000
    found, rows = align("t", pixels, paper_network, None, by_place=True)
    assert (order[rows] == np.arange(14)).all()
    assert found.scale == pytest.approx(1 / 50, rel=0.02)


def test_swapped_shots_are_refused(fig1: PortPart) -> None:
    network = fig1.problem.network
    steps = (*FIG1_STEPS[:1], *FIG1_STEPS[2:])
    positions = measured(fig1, steps, 5)

    def check(names: dict[str, str]) -> None:
        shots = tuple(Shot(s.source, names.get(s.source, s.step)) for s in positions.shots)
        moved = Positions(shots, positions.coordinates)
        found = measure("t", moved, steps, network, LINEAR)
        loads = found.steps
        foreseen = predict(fig1, loads)
        check_swapped_shots("t", shots, found, foreseen)

    check({})
    with pytest.raises(InputError, match=r"matches load step (adjoint|forward); the steps"):
        check({"forward-1": "adjoint", "adjoint-1": "forward"})
    with pytest.raises(InputError, match=r"swapped|without any weight"):
        check({"forward-1": "zero", "zero-1": "forward"})
    both = {f"forward-{n}": "zero" for n in range(2)}
    both |= {f"zero-{n}": "forward" for n in range(2)}
    with pytest.raises(InputError, match=r"swapped|without any weight"):
        check(both)


@pytest.mark.ci
def test_loads_in_another_unit_and_other_parts_are_told(fig1: PortPart) -> None:
    network = fig1.problem.network
    for factor, wrong in ((9.8, True), (1e-3, True), (1.4, False)):
        steps = tuple(
            Step(
                s.name, s.role, tuple(AppliedWeight(w.port, w.load_gf * factor) for w in s.weights)
            )
            for s in FIG1_STEPS
        )
        positions = measured(fig1, FIG1_STEPS, 2)
        found = measure("t", positions, steps, network, LINEAR)
        foreseen = predict(fig1, found.steps)
        if not wrong:
            check_swapped_shots("t", positions.shots, found, foreseen)
            continue
        with pytest.raises(InputError, match=r"1 mN = 0\.102 gf"):
            check_swapped_shots("t", positions.shots, found, foreseen)


def test_a_wrong_scale_and_bonds_that_turn_are_said(fig1: PortPart) -> None:
    """Four per cent of size, and the second order of elongations by length."""
    positions = measured(fig1, FIG1_STEPS, 4)
    larger = Positions(positions.shots, 1.04 * positions.coordinates)
    found = measure("t", larger, FIG1_STEPS, fig1.problem.network)
    codes = {one.code: one for one in check_measurement(found, None)}
    assert codes["size"].value == pytest.approx(1.04, abs=1e-3)
    linear = measure("t", positions, FIG1_STEPS, fig1.problem.network, LINEAR)
    by_length = measure("t", positions, FIG1_STEPS, fig1.problem.network)
    more = by_length.elongations_mm - linear.elongations_mm
    share = np.linalg.norm(more) / np.linalg.norm(by_length.elongations_mm)
    turning = {one.code: one for one in check_measurement(by_length, None)}["turning"]
    assert turning.value == pytest.approx(share, rel=0.15)
    told = {one.code: one.severity for one in check_measurement(linear, None)}
    assert "size" not in told
    assert told["turning"] == "info"  # it is not in the elongations, but a print would have it


def layouts(places: np.ndarray) -> dict[str, str]:
    """The same frames as several tools write them; places (n_frames, n_points, 2)."""
    frames, points = range(len(places)), range(places.shape[1])
    wide = [[value for point in frame for value in point] for frame in places.tolist()]
    return {
        "dltdv": table_text([f"pt{p + 1}_cam1_{a}" for p in points for a in "XY"], wide),
        "imagej": table_text(
            (" ", "Area", "X", "Y", "Slice"),
            [(n, 0, *places[f, p], f + 1) for n, (f, p) in enumerate(np.ndindex(places.shape[:2]))],
        ),
        "trackmate": table_text(
            ("TRACK_ID", "POSITION_X", "POSITION_Y", "FRAME"),
            [(p + 7, *places[f, p], f) for p in reversed(points) for f in frames],
        ),
        "deeplabcut": "\n".join(
            [
                ",".join(["scorer", *["me"] * (2 * len(points))]),
                ",".join(["bodyparts", *(f"n{p:02d}" for p in points for _ in "xy")]),
                ",".join(["coords", *"xy" * len(points)]),
                *(",".join(map(str, [f, *wide[f]])) for f in frames),
            ]
        ),
    }


@pytest.mark.parametrize("name", ["dltdv", "imagej", "trackmate", "deeplabcut"])
def test_layouts_of_tools_are_read(tmp_path: Path, name: str) -> None:
    places = np.random.default_rng(0).uniform(size=(3, 4, 2))
    path = tmp_path / "tracked.csv"
    path.write_text(layouts(places)[name])
    found = read_tracks(path, "auto", 4)
    np.testing.assert_allclose(found.coordinates, places)
    assert len(found.frames) == 3
    with pytest.raises(InputError, match="one per node"):
        read_tracks(path, name, 3)
    with pytest.raises(InputError, match='layout "long"'):
        read_tracks(path, "long", 4)


ADDED = "step,role,node,axis,load_gf,added_to\n"
EXPERIMENT = """
schema = 1
name = "test"
kind = "positions"
[positions]
units = "px"
y_axis = "down"
"""


def test_a_table_of_pixels_is_read_with_its_frames(tmp_path: Path, fig1: PortPart) -> None:
    """Pixels, y down, a tool's layout: the part itself tells how large a pixel is."""
    positions = measured(fig1, FIG1_STEPS, 7)
    pixels = 40 * positions.coordinates * [1, -1] + [3000, 100]
    (tmp_path / "experiment.toml").write_text(EXPERIMENT)
    (tmp_path / "steps.csv").write_text(steps_text(FIG1_STEPS))
    (tmp_path / "positions.csv").write_text(layouts(pixels)["dltdv"])
    rows = [(frame, shot.step) for frame, shot in enumerate(positions.shots)]
    (tmp_path / "shots.csv").write_text(table_text(("shot", "step"), rows))
    experiment = load_experiment(tmp_path)
    read = read_positions(experiment, 14)
    found = measure("t", read, experiment.steps, fig1.problem.network, LINEAR)
    assert found.scale == pytest.approx(1 / 40, rel=2e-3)
    truth = continuum_fields(fig1.continuum).displacements_mm(fig1.problem.task, found.steps)
    np.testing.assert_allclose(found.displacements_mm, truth, atol=6 * NOISE_MM)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("experiment.toml", "schema = 1\n", "name: missing"),
        ("experiment.toml", EXPERIMENT.replace('"px"', '"furlong"'), "positions.units"),
        ("experiment.toml", EXPERIMENT + "zoom = 3\n", "unknown key"),
        ("experiment.toml", "schema = \n", "TOML syntax error"),
        ("steps.csv", "step,role,node,axis,load_gf\na,zero,3,y,-5\n", "role zero"),
        ("steps.csv", "step,role,node,axis,load_gf\na,pull,3,y,-5\n", 'role "pull"'),
        ("steps.csv", "step,role,node,axis,load_gf\n../a,zero,,,0\n", "letters, digits"),
        ("steps.csv", "step,role,node,axis,load_gf\na,forward,3,z,-5\n", 'axis "z"'),
        ("steps.csv", "step,role,node,axis,load_gf\na,probe,3,y,-5\n", "a forward step in"),
        ("steps.csv", ADDED + "a,forward,3,y,-5,\nb,probe,4,y,1,c\n", 'probe with "c"'),
        ("steps.csv", ADDED + "a,forward,3,y,-5,\nb,adjoint,4,y,1,a\n", "role adjoint added to a"),
        ("steps.csv", ADDED + "a,forward,3,y,-5,\nb,probe,4,y,0,a\n", "other than 0"),
        ("shots.csv", "shot,step\n0,zero\n0,zero\n", "0 twice"),
        ("shots.csv", "shot,step\n99,zero\n", 'frame "99"'),
        ("positions.csv", "step,node,x,y\nzero,0,1,\n", "missing"),
        ("positions.csv", "a,b\n1,2\n", "a known layout"),
    ],
)
def test_bad_files_are_told(tmp_path: Path, file: str, text: str, message: str) -> None:
    (tmp_path / "experiment.toml").write_text(EXPERIMENT)
    (tmp_path / "steps.csv").write_text(steps_text(FIG1_STEPS))
    (tmp_path / "positions.csv").write_text(layouts(np.zeros((2, 14, 2)))["dltdv"])
    (tmp_path / "shots.csv").write_text("shot,step\n0,zero\n1,forward\n")
    (tmp_path / file).write_text(text)
    with pytest.raises(InputError, match=message):
        read_positions(load_experiment(tmp_path), 14)


def test_steps_survive_their_table(tmp_path: Path, behaviour: PortPart) -> None:
    problem = behaviour.problem
    steps = make_plan(problem.task, plan_model(problem, behaviour.widths_mm)).steps
    assert {step.role for step in steps} == {"forward", "adjoint", "probe"}
    (tmp_path / "steps.csv").write_text(steps_text(with_zero(steps)))
    assert load_steps(tmp_path / "steps.csv") == with_zero(steps)


def test_a_step_says_what_hangs() -> None:
    hung = (AppliedWeight(Port(12, "y"), -5.0), AppliedWeight(Port(7, "x"), 3.0))
    words = "5 g down on node 12; 3 g to the right over a pulley on node 7"
    assert str(Step("a", "forward", hung)) == words
