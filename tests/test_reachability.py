"""Reachability: the paper's targets that cannot be had are found out before training."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import Bounds, differential_evolution

from mnnfab import load_problem, make_problem, parse_design, triangular_parallelogram
from mnnfab.linalg.condition_number import condition_number
from mnnfab.losses.loss import Loss
from mnnfab.network.compatibility import compatibility_matrix
from mnnfab.pipeline.pipeline import reach
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.training.reachability import Reachability
from mnnfab.training.reachability_losses import Reading, ScaledResidual
from mnnfab.validation.attainable_targets import (
    _rounded,
    assess_problem,
    attainability_findings_before_training,
)
from mnnfab.validation.conditioning import POOR, check_conditioning

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "paper"


def problem_of(name: str, **changes: dict[str, Any]) -> TrainableProblem:
    values = tomllib.loads((EXAMPLES / f"{name}.toml").read_text(encoding="utf-8"))
    for section, keys in changes.items():
        values[section] = values.get(section, {}) | keys
    return require_trainable(make_problem(parse_design(values), EXAMPLES))


def with_targets(targets_mm: list[float], **changes: dict[str, Any]) -> TrainableProblem:
    values = tomllib.loads((EXAMPLES / "behaviour-left.toml").read_text(encoding="utf-8"))
    for key in ("target_class", "loss", "normalisation"):
        values["task"].pop(key, None)
    values["task"]["targets_mm"] = targets_mm
    for section, keys in changes.items():
        values[section] = values.get(section, {}) | keys
    return require_trainable(make_problem(parse_design(values), EXAMPLES))


def assessed(problem: TrainableProblem) -> Reachability:
    return assess_problem(problem)


def codes(problem: TrainableProblem) -> list[str]:
    return [finding.code for finding in attainability_findings_before_training(problem)]


def test_the_papers_slope_is_out_of_reach_and_what_would_help() -> None:
    problem = problem_of("regression")
    found = assessed(problem).target
    assert found is not None
    # The bounded optimum of the training loss, by SciPy: relative error 0.1395.
    assert found.relative_error == pytest.approx(0.1395, abs=0.002)
    assert codes(problem) == ["out-of-reach"]
    assert found.softer is not None
    assert found.wider is not None
    modulus = 0.55 / found.softer
    assert codes(problem_of("regression", material={"youngs_modulus_MPa": modulus})) == []
    limits = {"width_min_mm": 1.5 / found.wider, "width_max_mm": 2.5 * found.wider}
    assert codes(problem_of("regression", fabrication=limits)) == []


def test_the_authors_displacements_are_out_of_reach() -> None:
    problem = with_targets([-0.5, -0.8])
    found = assessed(problem).target
    assert found is not None
    np.testing.assert_allclose(found.nearest_mm, (-0.570, -0.683), atol=1e-3)
    assert found.softer is None  # the pattern is at fault, not its size
    assert found.wider is not None
    assert codes(problem) == ["out-of-reach"]
    limits = {"width_min_mm": 1.5 / found.wider, "width_max_mm": 2.5 * found.wider}
    assert codes(with_targets([-0.5, -0.8], fabrication=limits)) == []


@pytest.mark.parametrize("targets", [[0.5, 0.55], [0.5, 0.8]])
def test_a_wrong_sign_is_told_and_not_mended_by_a_negative_modulus(targets: list[float]) -> None:
    problem = with_targets(targets)
    found = assessed(problem).target
    assert found is not None
    assert found.wrong_sign
    assert found.softer is None
    assert found.wider is None
    (finding,) = attainability_findings_before_training(problem)
    assert "check the signs of loads and targets" in finding.message


@pytest.mark.parametrize(
    ("slope", "stiffer"),
    [(1.3, False), (0.5, True)],  # times what widths of 1.5 to 2.5 mm can do at 0.55 MPa
)
def test_the_remedies_that_are_named_reach_the_target(slope: float, *, stiffer: bool) -> None:
    """As they are printed, with three digits."""
    slopes = [0.0, 12.0 * slope, 3.0 * slope, 12.0 * slope]
    problem = problem_of("regression", task={"slopes_mm_per_N": slopes})
    (finding,) = attainability_findings_before_training(problem)
    modulus, thickness = (
        float(re.findall(rf"{name} of ([0-9.]+)", finding.message)[0])
        for name in ("modulus", "thickness")
    )
    assert (modulus > 0.55) == (thickness > 2.0) == stiffer
    for changes in (
        {"material": {"youngs_modulus_MPa": modulus}},
        {"fabrication": {"thickness_mm": thickness}},
    ):
        mended = problem_of("regression", task={"slopes_mm_per_N": slopes}, **changes)
        assert codes(mended) == []


def test_a_load_that_reaches_the_target() -> None:
    problem = with_targets([-1.0, -1.1])
    (finding,) = attainability_findings_before_training(problem)
    times = float(re.findall(r"a load factor of ([0-9.]+)", finding.message)[0])
    assert 1 < times < 2  # uniform bonds would need twice the load; softer ones need less
    assert codes(with_targets([-1.0, -1.1], task={"loads_gf": [-5.0 * times]})) == []


@pytest.mark.parametrize(
    ("value", "up", "words"),
    [
        (0.42126, False, "0.421"),
        (0.42126, True, "0.422"),
        (1.15, False, "1.15"),
        (2.3, True, "2.3"),
        (999.9, True, "1000"),
        (12345.0, False, "12300"),
    ],
)
def test_rounded_to_the_safe_side(value: float, *, up: bool, words: str) -> None:
    assert _rounded(value, up=up) == words


def test_bonds_at_their_limits() -> None:
    """The softest network for the regression's slopes: nearly all bonds as narrow as may be."""
    found = assessed(problem_of("regression"))
    assert 20 <= len(found.at_min) < 28
    assert 1 <= len(found.at_max) <= 3
    assert not set(found.at_min.tolist()) & set(found.at_max.tolist())


def test_noise_is_what_no_linear_network_can_follow() -> None:
    noisy = assessed(problem_of("regression", task={"noise_mm": 0.1})).target
    assert noisy is not None
    # 0.1 mm over the root mean square of the targets, 1.3 mm.
    assert noisy.not_linear == pytest.approx(0.1 / 1.3, rel=0.2)


def test_a_target_in_reach_is_not_flagged() -> None:
    problem = with_targets([-0.5, -0.55])
    assert codes(problem) == []
    found = assessed(problem)
    assert found.target is not None
    assert found.target.reached
    np.testing.assert_allclose(found.target.nearest_mm, (-0.5, -0.55), atol=1e-3)


def test_ranges_hold_every_random_network() -> None:
    problem = problem_of("iris")
    ranges = assessed(problem).ranges
    assert len(ranges) == 9
    model = problem.bar_model()
    generator = np.random.default_rng(0)
    for _ in range(200):
        widths = generator.choice([1.5, 2.5], problem.network.n_bonds)
        flexibility = model.response(problem.law.stiffness(widths)).flexibility
        moved = [flexibility @ case.loads_N for case in problem.task.load_cases]
        for reached, value in zip(ranges, np.concatenate(moved), strict=True):
            assert reached.lowest_mm - 1e-6 <= value <= reached.highest_mm + 1e-6


def test_ranges_are_no_wider_than_what_can_be() -> None:
    """One output: SciPy's global search (differential evolution) finds no more, and hardly less."""
    problem = with_targets([-0.5, -0.55])
    model, load = problem.bar_model(), problem.task.loads_N[0, 0]
    reached = assessed(problem).ranges[0]

    def moved(widths: np.ndarray) -> float:
        return float(model.response(problem.law.stiffness(widths)).flexibility[0, 0] * load)

    def moved_up(widths: np.ndarray) -> float:
        return -moved(widths)

    limits = Bounds(np.full(28, 1.5), np.full(28, 2.5))
    lowest = differential_evolution(moved, limits, maxiter=60, seed=0)
    highest = differential_evolution(moved_up, limits, maxiter=60, seed=0)
    assert reached.lowest_mm == pytest.approx(lowest.fun, rel=2e-3)
    assert reached.highest_mm == pytest.approx(-highest.fun, rel=2e-3)


def test_iris_moves_too_little_for_the_resolution() -> None:
    assert codes(problem_of("iris")) == ["weak-signal"]
    assert codes(problem_of("iris", check={"resolution_mm": 1e-4})) == []


def test_condition_number() -> None:
    problem = problem_of("behaviour-left")
    model = problem.bar_model()
    stiffness = problem.law.stiffness(np.full(problem.network.n_bonds, 2.0))
    assert condition_number(model.stiffness_matrix(stiffness)) == pytest.approx(73.2, abs=0.05)
    network = triangular_parallelogram(20, 20, 16.0, [0, 19])
    compatibility = compatibility_matrix(network)[:, network.free_dofs]
    matrix = (compatibility.T @ compatibility).tocsr()
    assert matrix.shape[0] > 600
    expected = np.linalg.cond(matrix.toarray())
    assert condition_number(matrix) == pytest.approx(expected, rel=0.05)


def test_report_in_words() -> None:
    text = reach(EXAMPLES / "regression.toml").text
    for words in ("not a proof", "node 12 y", "not attainable", "modulus of 0.4", "lower limit"):
        assert words in text
    problem = load_problem(EXAMPLES / "regression.toml")
    assert "attainable with" in attainability_findings_before_training(problem)[0].message


@pytest.mark.parametrize("loss", [Reading(1, -1.0), ScaledResidual()], ids=str)
def test_taylor_remainder(loss: Loss) -> None:
    generator = np.random.default_rng(0)
    moved, direction, targets = generator.normal(size=(3, 5, 3))
    slope = np.vdot(loss.gradient(moved, targets), direction)
    start = loss.value(moved, targets)
    steps = 2.0 ** -np.arange(6, 11)
    remainders = np.array(
        [abs(loss.value(moved + h * direction, targets) - start - h * slope) for h in steps]
    )
    if isinstance(loss, Reading):
        np.testing.assert_allclose(remainders, 0.0, atol=1e-14)  # it is linear
    else:
        orders = np.diff(np.log(remainders)) / np.diff(np.log(steps))
        np.testing.assert_allclose(orders[-3:], 2.0, atol=0.1)


def test_poor_conditioning_is_told() -> None:
    """A long strip held at one end: it bends far more softly than its bonds stretch."""
    strip = triangular_parallelogram(2, 200, 16.0, [0, 200])
    compatibility = compatibility_matrix(strip)[:, strip.free_dofs]
    matrix = (compatibility.T @ compatibility).tocsr()
    exact = np.linalg.cond(matrix.toarray())
    assert exact > POOR
    (finding,) = check_conditioning(matrix)
    told = float(finding.message.split()[2].rstrip(":"))
    assert told == pytest.approx(exact, rel=0.05)
    assert check_conditioning(sparse.csr_array(np.eye(3))) == []
