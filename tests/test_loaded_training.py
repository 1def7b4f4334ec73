"""Training on the loaded frame: exact gradients, lost states, constraints and compensation."""
# ruff: noqa: D102 - the protocols document the methods

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from given_widths import DESIGN
from scipy import sparse
from scipy.special import log_ndtr
from small import COARSE
from taylor import ORDER, ORDER_ERROR, losses, targets_for, taylor_orders

from fem.bar_equilibrium import TrueLengthBars
from fem.frames.kernels.arrays import Points
from fem.frames.kernels.measures import STEP
from fem.frames.measures import StateMeasures
from fem.frames.modes import DenseModes
from fem.frames.network_frame import NetworkFrames
from fem.frames.solvers import MAX_DENSE
from fem.frames.stability import out_of_plane, planar_ratios
from fem.frames.width_model import FrameWidthModel
from fem.nonlinear_bars import NonlinearBars
from mnnfab import (
    Fabrication,
    InputError,
    Port,
    load_problem,
    make_problem,
    parse_design,
    train_problem,
    triangular_patch,
)
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import LostStateError
from mnnfab.loaded_part.requirements import requirements_of
from mnnfab.losses.kinds.as_read import AsReadCrossEntropy
from mnnfab.losses.loss import Loss
from mnnfab.losses.reading import log_probabilities
from mnnfab.model.model import PortModel, WidthModel
from mnnfab.model.springs import SpringEquilibrium, SpringModel
from mnnfab.network.network import Network
from mnnfab.pipeline import pipeline
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.profiles import material
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.runs.load import load_run
from mnnfab.task.task import DataSplit, ScoredTask
from mnnfab.trainable_models.constraints import LoadedConstraints
from mnnfab.trainable_models.loaded_frame import loaded_frame_model
from mnnfab.trainable_models.trainables import trainable_of
from mnnfab.training.optimisation import OptimisationRun, Schedule, train_adam, train_lbfgs
from mnnfab.training.training import _keep_best, train
from mnnfab.validation.training_results import training_findings

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SAMPLES = np.array([0, 60, 130])


@pytest.fixture(scope="module")
def iris() -> TrainableProblem:
    """Three flowers under the weights of the example."""
    return require_trainable(load_problem(EXAMPLES / "iris.toml"))


@pytest.fixture(scope="module")
def widths(iris: TrainableProblem) -> FloatArray:
    generator = np.random.default_rng(1)
    return generator.uniform(2.3, 3.1, iris.network.n_bonds)


@pytest.mark.parametrize("loss", losses().values(), ids=losses())
@pytest.mark.parametrize("model", ["bars", "frame", "corrected frame"])
def test_width_gradients_are_exact(
    iris: TrainableProblem, widths: FloatArray, model: str, loss: Loss
) -> None:
    """By the order of the Taylor remainder, for every loss."""
    task = replace(iris.task, loss=loss, targets=targets_for(loss, iris.task.targets))
    models: dict[str, WidthModel] = {"bars": iris.spring_model()}
    if model != "bars":
        frame = loaded_frame_model(iris)
        differences = np.random.default_rng(3).normal(0.0, 0.05, frame.differences_mm.shape)
        models = {"frame": frame, "corrected frame": replace(frame, differences_mm=differences)}
    used = models[model]
    direction = np.random.default_rng(2).standard_normal(len(widths))

    def value(step: float) -> float:
        solved = used.solve(widths + step * direction, task.loads_N[SAMPLES])
        return task.loss.value(solved.outputs_mm, task.targets[SAMPLES])

    equilibrium = used.solve(widths, task.loads_N[SAMPLES])
    slope = float(task.width_gradient(equilibrium, SAMPLES) @ direction)
    orders = taylor_orders(value, slope, [4e-3, 2e-3, 1e-3])
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)


@pytest.mark.parametrize("loss", losses().values(), ids=losses())
def test_in_situ_gradient_of_bars_of_true_length(
    iris: TrainableProblem, widths: FloatArray, loss: Loss
) -> None:
    """Elongation of the loaded bars times their elongation by a small additional weight."""
    targets = targets_for(loss, iris.task.targets)
    task = replace(iris.task, loss=loss, loads_N=iris.task.loads_N / 4, targets=targets)
    stiffness = iris.law.stiffness(widths)
    direction = stiffness * np.random.default_rng(2).standard_normal(len(widths))

    def model(step: float) -> TrueLengthBars:
        bars = NonlinearBars(iris.network, stiffness + step * direction)
        return TrueLengthBars(bars, task.inputs, task.outputs)

    slope = float(task.stiffness_gradient(model(0.0), SAMPLES) @ direction)
    orders = taylor_orders(
        lambda step: task.loss_value(model(step), SAMPLES), slope, [4e-3, 2e-3, 1e-3]
    )
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)


@pytest.fixture(scope="module")
def thin(iris: TrainableProblem) -> TrainableProblem:
    """The same part, 3 mm thick: unstable out of its plane."""
    fabrication = iris.design.fabrication.model_copy(update={"thickness_mm": 3.0})
    return replace(iris, design=iris.design.model_copy(update={"fabrication": fabrication}))


@pytest.mark.parametrize("measure", ["in plane", "out of plane", "strain"])
def test_gradients_of_stability_and_strain(
    thin: TrainableProblem, widths: FloatArray, measure: str
) -> None:
    model, direction = loaded_frame_model(thin), np.random.default_rng(4).standard_normal(28)

    def found(step: float) -> tuple[float, FloatArray]:
        equilibrium = model.solve(widths + step * direction, thin.task.loads_N[[130]])
        measures = StateMeasures(model.model.frames, equilibrium)
        if measure == "strain":
            return measures.strain_excess(0, 0.1)
        outside = measure == "out of plane"
        mode = measures.mode(0, out_of_plane=outside)
        return mode.ratio, measures.by_widths(0, mode, out_of_plane=outside)

    slope = float(found(0.0)[1] @ direction)
    orders = taylor_orders(lambda step: found(step)[0], slope, [8e-3, 4e-3, 2e-3])
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)
    ahead, behind = (found(sign * 1e-3)[0] for sign in (1, -1))
    assert slope == pytest.approx((ahead - behind) / 2e-3, rel=1e3 * STEP)


def test_stability_is_that_of_the_sweep(thin: TrainableProblem, widths: FloatArray) -> None:
    """The modes belong to the eigenvalues by which stability is assessed."""
    model = loaded_frame_model(thin)
    equilibrium = model.solve(widths, thin.task.loads_N[SAMPLES])
    measures, frame = StateMeasures(model.model.frames, equilibrium), equilibrium.model.frame
    points = equilibrium.states.points
    wanted = planar_ratios(frame, points), out_of_plane(frame, points).ratios
    for sample in range(len(SAMPLES)):
        for outside in (False, True):
            mode = measures.mode(sample, out_of_plane=outside)
            assert mode.ratio == pytest.approx(wanted[outside][sample], abs=5e-3)
            again = measures.mode(sample, out_of_plane=outside, start=mode.start)
            assert again.ratio == pytest.approx(mode.ratio, abs=1e-6)


def test_far_on_the_wrong_side_the_probability_is_that_of_the_closed_form() -> None:
    """Two outputs a and b: |x| > |y| if x - y > 0 and x + y > 0, up to tiny terms."""
    sizes = np.array([[1.0, 40.0], [30.0, 100.0], [3.0, 2.0]])
    found = log_probabilities(sizes, np.array([0, 0, 0]))
    first, second = sizes.T
    wanted = log_ndtr((first - second) / np.sqrt(2)) + log_ndtr((first + second) / np.sqrt(2))
    np.testing.assert_allclose(found.values[1:], wanted[1:], rtol=1e-3)
    near = np.logaddexp(wanted[0], 2 * log_ndtr(-(first + second) / np.sqrt(2))[0])
    assert found.values[0] == pytest.approx(near, rel=1e-2)
    assert AsReadCrossEntropy(1.0).value(sizes, np.eye(2)[[0, 0, 0]]) > 100


@dataclass(frozen=True, eq=False)
class LosingSprings:
    """Springs that have no state if their mean width is below a limit, as a part may have none."""

    springs: SpringModel
    limit_mm: float

    @property
    def network(self) -> Network:
        return self.springs.network

    def port_model(self, widths_mm: FloatArray) -> PortModel:
        _ = self.solve(widths_mm, np.zeros((1, len(self.springs.inputs))))
        return self.springs.port_model(widths_mm)

    def solve(self, widths_mm: FloatArray, loads_N: FloatArray) -> SpringEquilibrium:
        if widths_mm.mean() < self.limit_mm:
            msg = "lost"
            raise LostStateError(msg)
        return self.springs.solve(widths_mm, loads_N)

    def stiffness_matrix(self, widths_mm: FloatArray) -> sparse.csr_array:
        return self.springs.stiffness_matrix(widths_mm)


@pytest.mark.parametrize("optimizer", ["adam", "l-bfgs-b"])
def test_a_lost_state_shortens_the_step(iris: TrainableProblem, optimizer: str) -> None:
    """The optimum is beyond the limit; the training ends with a lower loss in front of it."""
    springs, task = iris.spring_model(), iris.task
    free = replace(iris.trainable(), task=task)
    start = free.width_map.latent(iris.start_widths_mm)
    schedule = Schedule(epochs=10, batch_size=200, learning_rate=0.05, seed=0)

    def trained(model: WidthModel) -> tuple[float, float]:
        trainable = replace(free, model=model)
        if optimizer == "adam":
            generator = np.random.default_rng(0)
            run = train_adam(trainable, start, schedule, generator, lambda *_: None)
        else:
            run = train_lbfgs(trainable, start, schedule, lambda *_: None)
        widths = trainable.width_map.widths(run.latent)
        rows = task.train_indices
        return float(widths.mean()), task.loss_value(springs.port_model(widths), rows)

    beyond, _ = trained(springs)
    before = float(iris.start_widths_mm.mean())
    limit = before + 0.3 * (beyond - before)
    model = LosingSprings(springs, limit)
    assert beyond < before  # the limit is on the way
    reached, loss = trained(model)
    assert reached >= limit
    assert loss < task.loss_value(springs.port_model(iris.start_widths_mm), task.train_indices)


def test_a_start_without_states_is_reported(iris: TrainableProblem) -> None:
    trainable = trainable_of(with_frame(iris))
    few = with_samples(iris.task, SAMPLES)
    heavy = replace(few, loads_N=40 * few.loads_N)
    model = loaded_frame_model(replace(iris, task=heavy))
    with pytest.raises(LostStateError, match=r"sample \d+ has no stable state .* smaller loads"):
        replace(trainable, task=heavy, model=model).port_model(
            trainable.width_map.latent(iris.start_widths_mm)
        )


def with_samples(task: ScoredTask, samples: IntArray) -> ScoredTask:
    """Return a task with some of its samples alone, all for training."""
    return replace(
        task,
        loads_N=task.loads_N[samples],
        targets=task.targets[samples],
        split=DataSplit(np.arange(len(samples))),
    )


def frame_design(**changes: object) -> dict[str, Any]:
    """Return the values of the example, with changes of its [training]."""
    values = tomllib.loads((EXAMPLES / "iris.toml").read_text(encoding="utf-8"))
    if "optimizer" in changes:
        del values["training"]["learning_rate"], values["training"]["batch_size"]
    values["training"] |= {"model": "frame", **changes}
    return values


def with_frame(problem: TrainableProblem, **changes: object) -> TrainableProblem:
    """Return the problem trained on the frame."""
    return require_trainable(make_problem(parse_design(frame_design(**changes)), problem.folder))


def test_restarts_begin_where_all_samples_have_states(iris: TrainableProblem) -> None:
    """Random widths do not carry these loads; the runs start nearer to the given widths."""
    task = with_samples(iris.task, np.arange(0, 150, 15))
    task = replace(task, loads_N=3.8 * task.loads_N)
    problem = replace(with_frame(iris, optimizer="l-bfgs-b", epochs=2, restarts=3), task=task)
    trainable = trainable_of(problem)
    latent = trainable.width_map.latent(problem.start_widths_mm)
    generator = np.random.default_rng(0)
    lost = 0
    for _ in range(10):
        drawn = trainable.width_map.random_latent(generator, len(latent))
        model = loaded_frame_model(problem).port_model(trainable.width_map.widths(drawn))
        lost += bool(np.isnan(model.outputs(task.loads_N)).any())
    assert lost > 0
    training = train(trainable, problem.start_widths_mm, problem.schedule)
    assert len(training.restarts) == 3
    assert all(np.isfinite(restart.last.loss_train) for restart in training.restarts)


def test_restarts_are_ranked_with_their_constraints(iris: TrainableProblem) -> None:
    trainable = trainable_of(with_frame(iris))
    task = with_samples(iris.task, SAMPLES)
    trainable = replace(trainable, task=task)
    start = trainable.width_map.latent(iris.start_widths_mm)
    model = trainable.model.port_model(iris.start_widths_mm)
    better = OptimisationRun(start, [model, model], penalty=1.0)
    other = OptimisationRun(start + 0.01, [model, model], penalty=0.0)
    kept = _keep_best(trainable, [better, other], Schedule(1, 1, 0.1, 0)).kept_restart
    assert kept is not None
    assert kept.number == 1


def test_modes_of_large_frames() -> None:
    """By the sparse solver where stable, and with negative eigenvalues where not."""
    network = triangular_patch(11, 16.0, [0, 11])
    fabrication = Fabrication(
        thickness_mm=2.0, width_min_mm=1.5, width_max_mm=2.5, width_initial_mm=2.0
    )
    last = network.n_nodes - 1
    model = FrameWidthModel(
        NetworkFrames(network, material("agilus30"), fabrication),
        (Port(last, "y"),),
        (Port(last - 1, "x"),),
    )
    uniform = np.full(network.n_bonds, 2.0)
    for load, sign in ((-0.002, 1.0), (0.05, -1.0)):
        equilibrium = model.solve(uniform, np.array([[load]]))
        frame = equilibrium.model.frame
        assert frame.space.n_free > MAX_DENSE
        measures = StateMeasures(model.frames, equilibrium)
        mode = measures.mode(0, out_of_plane=True)
        points = equilibrium.states.points
        dense = DenseModes(frame, out_of_plane=True)
        wanted = dense.smallest(Points(points.nodes[0], points.interior[0]))
        assert mode.ratio == pytest.approx(wanted.ratio, abs=2e-3)
        assert np.sign(mode.ratio) == sign
        assert measures.by_widths(0, mode, out_of_plane=True).shape == uniform.shape


def test_training_on_the_frame(iris: TrainableProblem) -> None:
    """Losses fall, and those of the history are those of the loaded frame started afresh."""
    problem = with_frame(iris, epochs=2)
    training = train_problem(problem)
    first, last = training.history[0].loss_train, training.history[-1].loss_train
    assert last < 0.8 * first
    rows = problem.task.train_indices[::10]
    afresh = loaded_frame_model(problem).solve(training.widths_mm, problem.task.loads_N[rows])
    model = loaded_frame_model(problem).port_model(training.widths_mm)
    np.testing.assert_allclose(
        afresh.outputs_mm, model.outputs(problem.task.loads_N[rows]), atol=1e-8
    )
    np.testing.assert_array_equal(train_problem(problem).widths_mm, training.widths_mm)


def test_a_softer_material_is_a_larger_load(iris: TrainableProblem, widths: FloatArray) -> None:
    weightless = iris.material.model_copy(update={"density_g_per_cm3": 1e-12})
    problem, loads = replace(iris, material=weightless), iris.task.loads_N[SAMPLES]
    soft = loaded_frame_model(problem, 0.5).solve(widths, loads)
    heavy = loaded_frame_model(problem).solve(widths, 2 * loads)
    np.testing.assert_allclose(soft.outputs_mm, heavy.outputs_mm, rtol=1e-8)


def test_bars_of_other_moduli_move_in_proportion(iris: TrainableProblem) -> None:
    values = tomllib.loads((EXAMPLES / "iris.toml").read_text(encoding="utf-8"))
    values["tolerance"] = {"train_over_modulus": [0.5]}
    problem = require_trainable(make_problem(parse_design(values), iris.folder))
    trainable = trainable_of(problem)
    (soft,), loads = trainable.other_models, iris.task.loads_N[SAMPLES]
    found = [one.solve(iris.start_widths_mm, loads).outputs_mm for one in (soft, trainable.model)]
    np.testing.assert_allclose(found[0], 2 * found[1], rtol=1e-12)


def test_the_loss_is_averaged_over_moduli(iris: TrainableProblem) -> None:
    values = frame_design() | {"tolerance": {"train_over_modulus": [0.5, 2.0]}}
    problem = require_trainable(make_problem(parse_design(values), iris.folder))
    trainable = replace(trainable_of(problem), penalty=None)
    start = trainable.width_map.latent(iris.start_widths_mm)
    value, gradient = trainable.loss_and_gradient(start, SAMPLES)
    single = [
        replace(
            trainable, model=loaded_frame_model(problem, factor), other_models=()
        ).loss_and_gradient(start, SAMPLES)
        for factor in (1.0, 0.5, 2.0)
    ]
    assert value == pytest.approx(np.mean([one for one, _ in single]), rel=1e-9)
    np.testing.assert_allclose(gradient, np.mean([one for _, one in single], axis=0), rtol=1e-6)


def test_constraints_keep_a_part_stable(iris: TrainableProblem) -> None:
    """From a start below the required margin, which training without constraints keeps."""
    problem = with_frame(iris, optimizer="l-bfgs-b", epochs=12)
    fabrication = problem.design.fabrication.model_copy(update={"thickness_mm": 3.9})
    design = problem.design.model_copy(update={"fabrication": fabrication})
    task = with_samples(problem.task, np.arange(0, 150, 15))
    problem = replace(problem, design=design, task=task)
    trainable, rows = trainable_of(problem), problem.task.train_indices
    start = trainable.width_map.latent(problem.start_widths_mm)

    def smallest(widths_mm: FloatArray) -> float:
        equilibrium = trainable.model.solve(widths_mm, problem.task.loads_N[rows])
        points = equilibrium.states.points  # type: ignore[attr-defined]
        return float(out_of_plane(equilibrium.model.frame, points).ratios.min())  # type: ignore[attr-defined]

    run = train_lbfgs(trainable, start, replace(problem.schedule, epochs=12), lambda *_: None)
    free = train_lbfgs(
        replace(trainable, penalty=None),
        start,
        replace(problem.schedule, epochs=12),
        lambda *_: None,
    )
    with_, without = (smallest(trainable.width_map.widths(one.latent)) for one in (run, free))
    assert with_ > without
    assert with_ > 1 - 1 / 1.25


def test_gradient_of_the_penalty(thin: TrainableProblem, widths: FloatArray) -> None:
    """All conditions are violated at once: stability of three kinds, and strain."""
    model, direction = loaded_frame_model(thin), np.random.default_rng(4).standard_normal(28)
    strict = replace(requirements_of(thin), stability=3.0, strain=0.1)
    penalty = LoadedConstraints(model.model, thin.task.loads_N, strict, every=True)

    def found(step: float) -> tuple[float, FloatArray]:
        equilibrium = model.solve(widths + step * direction, thin.task.loads_N[SAMPLES])
        return penalty(equilibrium, SAMPLES)

    slope = float(found(0.0)[1] @ direction)
    assert (penalty.ratios[SAMPLES] < penalty.required).all()
    orders = taylor_orders(lambda step: found(step)[0], slope, [8e-3, 4e-3, 2e-3])
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)


def test_rules_for_springs_need_bars() -> None:
    with pytest.raises(InputError, match='"coupled-learning" with model = "frame"'):
        parse_design(
            {
                **{key: value for key, value in DESIGN.items() if key != "widths"},
                "training": {"model": "frame", "rule": "coupled-learning"},
            }
        )


SMALL_FRAME = {
    **{key: value for key, value in DESIGN.items() if key != "widths"},
    "training": {"model": "frame", "epochs": 10, "optimizer": "l-bfgs-b"},
    "task": {**DESIGN["task"], "loads_gf": [8.0], "loss": "as-read"},
    "fabrication": {**DESIGN["fabrication"], "thickness_mm": 4.0},
    "compensate": {"rounds": 4},
    "check": COARSE,
}


def test_constraints_that_widths_cannot_meet_are_reported() -> None:
    values = {key: value for key, value in SMALL_FRAME.items() if key != "compensate"}
    values["fabrication"] = {**DESIGN["fabrication"], "thickness_mm": 2.0}
    values["task"] = {**SMALL_FRAME["task"], "loads_gf": [5.0]}
    problem = make_problem(parse_design(values), EXAMPLES)
    training = train_problem(problem)
    assert training.penalty > 1.0
    (found,) = (one for one in training_findings(problem, training) if one.code == "constraints")
    assert found.severity == "warning"


@pytest.mark.ci
def test_compensation_of_the_loaded_frame(tmp_path: Path) -> None:
    """It predicts the rubber to half a percent, and a check reads what the run has kept."""
    from mnnfab.design.design_file import dump_design

    path = tmp_path / "small.toml"
    path.write_text(dump_design(parse_design(SMALL_FRAME)), encoding="utf-8")
    outcome = pipeline.run(path, tmp_path / "out", force=True)
    problem, record = load_run(outcome.folder, StageTimer(NullWatcher()))
    problem = require_trainable(problem)
    rounds = record.compensation.rounds
    assert len(rounds) > 1
    assert rounds[0].difference > 0.01  # the frame alone is not as good
    assert rounds[-1].difference <= 0.005
    assert rounds[-1].kept
    task: ScoredTask = problem.task
    predicted = loaded_frame_model(problem).solve(record.widths_mm, task.loads_N).outputs_mm
    rubber = PrintedPart(problem, record.widths_mm).rubber.outputs(task.loads_N)
    error = np.linalg.norm(predicted - rubber) / np.linalg.norm(rubber)
    assert error == pytest.approx(rounds[-1].difference, rel=0.05)
    checked = pipeline.check(outcome.folder)
    assert checked.partial_verdicts == outcome.partial_verdicts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("example", "limit"),
    [("iris-loaded", 0.955), ("regression-loaded", 0.01), ("behaviour-loaded", 0.01)],
)
def test_examples_of_the_loaded_part(tmp_path: Path, example: str, limit: float) -> None:
    """They pass, the frame predicts the rubber, and the rubber does the task."""
    outcome = pipeline.run(EXAMPLES / f"{example}.toml", tmp_path / "out")
    assert outcome.verdict == "pass"
    report = json.loads((outcome.folder / "report.json").read_text(encoding="utf-8"))
    rounds = report["compensation"]["rounds"]
    assert len(rounds) <= 5
    assert min(one["difference"] for one in rounds) <= 0.005
    metrics = report["loaded"]["metrics"], report["loaded"]["metrics_as_read"]
    if example == "iris-loaded":
        assert metrics[1]["accuracy"] >= limit
    else:  # all loads of the rubber model, read exactly
        assert metrics[0]["relative_error"] <= limit
    if example == "behaviour-loaded":  # in proportion to smaller loads too
        envelope = report["loaded"]["envelope"]
        errors = zip(envelope["load_factor"], envelope["metric_exact"], strict=True)
        assert max(error for factor, error in errors if factor <= 1.0) <= limit
