"""Training against the paper's results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from mnnfab import (
    Schedule,
    Trainable,
    Training,
    load_problem,
    make_problem,
    parse_design,
    train,
    train_problem,
)
from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import TargetKind
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.training.adam import Adam
from mnnfab.training.learning_rules import adjoint_gradient
from mnnfab.training.width_maps import WIDTH_DECIMALS, Clamp, Logistic, WidthMap

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "paper"
# Trained behaviours of the paper, mm; the tolerance is a tenth of what it prints.
LARGER, SMALLER, TOLERANCE_MM = -0.62533, -0.47997, 1e-4
# Limits with more decimals than trained widths.
LOW, HIGH = 5 / 3, 7 / 3


def trained(name: str) -> tuple[TrainableProblem, Training]:
    problem = require_trainable(load_problem(EXAMPLES / f"{name}.toml"))
    return problem, train_problem(problem)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("behaviour-right", (LARGER, SMALLER)), ("behaviour-left", (SMALLER, LARGER))],
)
def test_trained_behaviours(name: str, expected: tuple[float, float]) -> None:
    _, training = trained(name)
    found = training.history[-1].metrics["displacements_mm"]
    np.testing.assert_allclose(found, expected, atol=TOLERANCE_MM)


def test_logistic_map_ends_in_the_same_place() -> None:
    design = load_problem(EXAMPLES / "behaviour-right.toml").design
    assert design.training is not None
    logistic = design.training.model_copy(update={"width_map": "logistic", "sharpness": 10.0})
    problem = make_problem(design.model_copy(update={"training": logistic}), EXAMPLES)
    found = train_problem(problem).history[-1].metrics["displacements_mm"]
    np.testing.assert_allclose(found, (LARGER, SMALLER), atol=TOLERANCE_MM)


def test_mirrored_tasks_train_mirrored_widths() -> None:
    problem, right = trained("behaviour-right")
    _, left = trained("behaviour-left")
    middles = problem.network.nodes[problem.network.bonds].mean(axis=1)
    mirrored = middles * [-1, 1] + [-64, 0]
    partner = [int(np.hypot(*(middles - middle).T).argmin()) for middle in mirrored]
    np.testing.assert_allclose(right.widths_mm, left.widths_mm[partner], atol=1e-6)


def test_iris_reaches_the_papers_accuracy() -> None:
    # Published: 0.950 train, 0.964 test at epoch 100; softmax here 0.951 and 0.958.
    problem, training = trained("iris")
    assert (len(problem.task.train_indices), len(problem.task.split.test)) == (105, 45)
    last = training.history[-1]
    accuracy = last.metrics["accuracy_all"]
    assert isinstance(accuracy, float)
    assert accuracy >= 0.94
    assert last.loss_train < 0.75 < training.history[0].loss_train


def best_in_bounds(problem: TrainableProblem) -> tuple[float, FloatArray]:
    """Return the lowest training loss that SciPy's bounded optimiser finds, and its widths."""
    task = problem.task
    model = problem.bar_model()

    def objective(widths: FloatArray) -> tuple[float, FloatArray]:
        stiffness = problem.law.stiffness(widths)
        loss = task.loss_value(model.response(stiffness), task.train_indices)
        gradient = adjoint_gradient(model, task, stiffness, task.train_indices)
        return loss, problem.law.derivative(widths) * gradient

    start = np.full(problem.network.n_bonds, 2.0)
    bounds = [problem.width_limits_mm] * problem.network.n_bonds
    best = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return float(best.fun), np.asarray(best.x)


def test_regression_gets_as_near_as_the_limits_allow() -> None:
    problem, training = trained("regression")
    best, _ = best_in_bounds(problem)
    assert training.history[-1].loss_train <= best * 1.01
    # All bonds at their minimum give 14.3 mm/N where 16 is asked for: not reachable.
    assert best > 0.01


def test_displacements_out_of_reach_end_at_the_bounded_optimum() -> None:
    """(-0.5, -0.8) mm cannot be had; the authors' own training stalls near -0.70 mm too."""
    design = load_problem(EXAMPLES / "behaviour-left.toml").design
    values = design.model_dump(by_alias=True, exclude_none=True)
    for key in ("target_class", "loss", "normalisation"):
        del values["task"][key]
    values["task"]["targets_mm"] = [-0.5, -0.8]
    problem = require_trainable(make_problem(parse_design(values), EXAMPLES))
    last = train_problem(problem).history[-1]
    best, _ = best_in_bounds(problem)
    assert last.loss_train == pytest.approx(best, rel=1e-6)
    found = last.metrics["displacements_mm"]
    assert isinstance(found, list)
    assert -0.72 < found[1] < -0.66


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_training_does_not_depend_on_units(factor: float) -> None:
    """A stiffer material under as much more load: the same widths, whatever the numbers."""
    problem = load_problem(EXAMPLES / "regression.toml")
    values = problem.design.model_dump(by_alias=True, exclude_none=True)
    values["training"]["epochs"] = 20
    plain = train_problem(make_problem(parse_design(values), EXAMPLES))
    values["material"]["youngs_modulus_MPa"] = 0.55 * factor
    values["task"]["slopes_mm_per_N"] = [slope / factor for slope in (0.0, 16.0, 4.0, 16.0)]
    scaled = train_problem(make_problem(parse_design(values), EXAMPLES))
    np.testing.assert_allclose(scaled.widths_mm, plain.widths_mm, rtol=1e-6)


def test_same_seed_same_widths_other_seed_other_widths(iris_values: dict[str, Any]) -> None:
    def widths(seed: int) -> FloatArray:
        iris_values["training"] |= {"seed": seed, "epochs": 3}
        return train_problem(make_problem(parse_design(iris_values), EXAMPLES)).widths_mm

    np.testing.assert_array_equal(widths(5), widths(5))
    assert np.abs(widths(5) - widths(6)).max() > 1e-6


def test_progress_is_told_of_every_epoch(iris_values: dict[str, Any]) -> None:
    iris_values["training"]["epochs"] = 4
    told: list[tuple[int, int]] = []
    problem = make_problem(parse_design(iris_values), EXAMPLES)
    train_problem(problem, lambda done, total, _: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_every_sample_is_used_once_an_epoch(iris_values: dict[str, Any]) -> None:
    problem = require_trainable(make_problem(parse_design(iris_values), EXAMPLES))
    seen: list[int] = []

    class Spy:
        compiled = None
        scale_mm = None
        targets: TargetKind = "classes"

        def value(self, _: FloatArray, targets: FloatArray) -> float:
            return float(len(targets))

        def gradient(self, displacements: FloatArray, targets: FloatArray) -> FloatArray:
            seen.append(len(targets))
            return np.zeros_like(displacements)

    task = replace(problem.task, loss=Spy())
    schedule = Schedule(epochs=1, batch_size=16, learning_rate=0.01, seed=0)
    start = np.full(problem.network.n_bonds, 2.0)
    train(
        Trainable(problem.spring_model(), task, Clamp(1.5, 2.5)),
        start,
        schedule,
    )
    assert seen[:7] == [16] * 6 + [9]  # a loss without gradient is stuck and is started again


def test_adam_by_hand() -> None:
    """Two steps of algorithm 1 of Kingma and Ba, written out."""
    adam = Adam(1, 0.1)
    np.testing.assert_allclose(adam.step(np.array([2.0])), -0.1, rtol=1e-7)
    mean, square = 0.9 * 0.2 + 0.1 * -1.0, 0.999 * 0.004 + 0.001 * 1.0
    expected = -0.1 * (mean / (1 - 0.9**2)) / (np.sqrt(square / (1 - 0.999**2)) + 1e-8)
    np.testing.assert_allclose(adam.step(np.array([-1.0])), expected, rtol=1e-12)


@pytest.mark.parametrize("width_map", [Clamp(LOW, HIGH), Logistic(LOW, HIGH, 5.0)])
def test_trained_widths_are_rounded_and_the_last_loss_is_theirs(
    iris_values: dict[str, Any], width_map: WidthMap
) -> None:
    problem = require_trainable(make_problem(parse_design(iris_values), EXAMPLES))
    trainable = replace(problem.trainable(), width_map=width_map)
    schedule = Schedule(epochs=30, batch_size=16, learning_rate=0.05, seed=0, restarts=2)
    training = train(trainable, np.full(28, 2.0), schedule)
    widths = training.widths_mm
    decimal = np.array([float(f"{width:.{WIDTH_DECIMALS}f}") for width in widths.tolist()])
    at_limit = np.isin(widths, (LOW, HIGH))
    np.testing.assert_array_equal(widths[~at_limit], decimal[~at_limit])
    assert widths.min() >= LOW
    assert widths.max() <= HIGH
    assert np.ptp(widths) > 0.5
    loss = problem.task.loss_value(problem.response(widths), problem.task.train_indices)
    assert loss == pytest.approx(training.history[-1].loss_train, rel=1e-14)
    kept = training.kept_restart
    assert kept is not None
    assert kept.last == training.history[-1]


def test_rounding_errors_do_not_decide_between_restarts(iris_values: dict[str, Any]) -> None:
    problem = require_trainable(make_problem(parse_design(iris_values), EXAMPLES))

    class Noise:
        """A loss of 1, each time less a rounding error more."""

        compiled = None
        scale_mm = None
        targets: TargetKind = "classes"
        calls = 0

        def value(self, *_: FloatArray) -> float:
            self.calls += 1
            return 1.0 - 1e-15 * self.calls

        def gradient(self, displacements: FloatArray, _: FloatArray) -> FloatArray:
            return np.zeros_like(displacements)

    trainable = replace(problem.trainable(), task=replace(problem.task, loss=Noise()))
    schedule = Schedule(epochs=0, batch_size=16, learning_rate=0.01, seed=0, restarts=3)
    kept = train(trainable, np.full(28, 2.0), schedule).kept_restart
    assert kept is not None
    assert kept.number == 0
