"""Print errors: first order against Monte Carlo, limits that need no draw, training over prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnnfab import make_problem, parse_design, train_problem
from mnnfab.arrays import FloatArray
from mnnfab.model.joints import edge_sensitivity
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.profiles import printer
from mnnfab.tolerance.print_errors import PrintErrors, sample_width_errors
from mnnfab.tolerance.print_sample import AsDrawnBars
from mnnfab.tolerance.study import ToleranceStudy, study_tolerance
from mnnfab.validation.print_samples import check_print_samples, study_print_samples

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NONE = PrintErrors(0.0, 0.0, 0.0, 0.0)


def study(
    problem: TrainableProblem,
    widths: FloatArray,
    errors: PrintErrors,
    count: int = 400,
    seed: int = 0,
) -> ToleranceStudy:
    printed = AsDrawnBars(
        problem.bar_model(),
        widths,
        problem.law.stiffness(widths),
        problem.design.fabrication,
    )
    return study_tolerance(printed, problem.task, errors, count, (0.9, 0.1), seed)


@pytest.fixture
def iris(iris_values: dict[str, Any]) -> TrainableProblem:
    return require_trainable(make_problem(parse_design(iris_values), EXAMPLES))


WIDTHS = np.linspace(1.5, 2.5, 28)


@pytest.mark.parametrize(
    "errors",
    [
        PrintErrors(0.002, 0.0, 0.0, 0.0),
        PrintErrors(0.0, 0.01, 0.0, 0.0),
        PrintErrors(0.0, 0.0, 0.01, 0.0),
        PrintErrors(0.0, 0.0, 0.0, 0.0005),
        PrintErrors(0.002, 0.005, 0.005, 0.0005),
    ],
    ids=["widths", "thickness", "modulus", "loads", "all"],
)
def test_small_errors_are_of_first_order(iris: TrainableProblem, errors: PrintErrors) -> None:
    """Each error alone and all together; 400 draws know a standard deviation to 4 %."""
    found = study(iris, WIDTHS, errors)
    np.testing.assert_allclose(found.output_sd_mm, found.output_sd_first_order_mm, rtol=0.12)


def test_without_errors_every_print_is_the_design(iris: TrainableProblem) -> None:
    found = study(iris, WIDTHS, NONE, count=10)
    assert set(found.metrics.tolist()) == {found.nominal}
    np.testing.assert_allclose(found.output_sd_mm, 0.0, atol=1e-15)
    np.testing.assert_array_equal(found.bond_shares, 0.0)


def test_modulus_changes_no_class(iris: TrainableProblem) -> None:
    """All displacements by one factor: which is the largest stays."""
    found = study(iris, WIDTHS, PrintErrors(0.0, 0.05, 0.1, 0.0), count=50)
    assert set(found.metrics.tolist()) == {found.nominal}
    assert found.output_sd_mm.min() > 0


def test_shares_are_those_of_single_bonds(iris: TrainableProblem) -> None:
    """The variance by one bond alone, by its own differences, over the sum of all."""
    task = iris.task
    errors = PrintErrors(0.002, 0.0, 0.0, 0.0)
    found = study(iris, WIDTHS, errors, count=10)
    assert found.bond_shares.sum() == pytest.approx(1.0)
    model = iris.bar_model()
    weight = edge_sensitivity(WIDTHS, iris.network.lengths, iris.design.fabrication)
    variances = []
    for bond in (0, 13):
        moved = []
        for sign in (-1.0, 1.0):
            widths = WIDTHS.copy()
            widths[bond] += sign * 1e-4 * weight[bond]
            stiffness = iris.law.stiffness(widths)
            moved.append(task.loads_N @ model.response(stiffness).flexibility.T)
        variances.append(float(((moved[1] - moved[0]) ** 2).mean(axis=0).sum()))
    ratio = found.bond_shares[0] / found.bond_shares[13]
    assert variances[0] / variances[1] == pytest.approx(ratio, rel=1e-3)


def test_draws_are_the_same_again_and_differ_by_seed(iris: TrainableProblem) -> None:
    errors = PrintErrors(0.05, 0.02, 0.1, 0.001)
    first, again, other = (study(iris, WIDTHS, errors, 20, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.metrics, again.metrics)
    assert (first.output_sd_mm != other.output_sd_mm).all()


def test_huge_errors_leave_parts(iris: TrainableProblem) -> None:
    """A normal error of half of the modulus is below nothing every fortieth time: not here."""
    found = study(iris, WIDTHS, PrintErrors(0.5, 0.5, 0.5, 0.0), count=200)
    assert np.isfinite(found.metrics).all()
    assert np.isfinite(found.output_sd_mm).all()
    drawn = sample_width_errors(
        PrintErrors(5.0, 0.0, 0.0, 0.0),
        WIDTHS,
        iris.network.lengths,
        iris.design.fabrication,
        8,
        np.random.default_rng(0),
    )
    assert (WIDTHS + drawn).min() >= 0.1 * 1.5 - 1e-12


def test_prints_to_train_over_have_no_mean(iris: TrainableProblem) -> None:
    drawn = sample_width_errors(
        PrintErrors(0.05, 0.0, 0.0, 0.0),
        WIDTHS,
        iris.network.lengths,
        iris.design.fabrication,
        6,
        np.random.default_rng(0),
    )
    assert drawn.shape == (6, 28)
    np.testing.assert_allclose(drawn.mean(axis=0), 0.0, atol=1e-15)


def test_errors_come_from_the_printer(iris_values: dict[str, Any]) -> None:
    """Its accuracy is taken for two standard deviations; the design's own numbers go before."""
    accuracy = printer("stratasys-j850-digital-anatomy").accuracy_mm
    errors = make_problem(parse_design(iris_values), EXAMPLES).print_errors
    assert errors == PrintErrors(accuracy / 2, accuracy / 2 / 2.0, 0.1, 0.0)
    iris_values["tolerance"] = {
        "width_sd_mm": 0.02,
        "thickness_sd_mm": 0.0,
        "modulus_sd": 0.2,
        "load_sd_gf": 0.5,
    }
    errors = make_problem(parse_design(iris_values), EXAMPLES).print_errors
    assert errors == PrintErrors(0.02, 0.0, 0.2, 0.5 * 9.8e-3)


def test_training_over_prints_makes_prints_better(iris_values: dict[str, Any]) -> None:
    """Of prints with large errors the average is better if it was what training lowered."""
    iris_values["tolerance"] = {"width_sd_mm": 0.1, "samples": 300}
    iris_values["task"]["loss_scale_mm"] = 0.005
    means = []
    for count in (0, 24):
        iris_values["tolerance"]["train_over"] = count
        problem = require_trainable(make_problem(parse_design(iris_values), EXAMPLES))
        found = study_print_samples(problem, train_problem(problem).widths_mm)
        assert found is not None
        means.append(float(found.metrics.mean()))
    assert means[1] > means[0] + 0.01


def test_what_the_study_says(iris: TrainableProblem) -> None:
    found = study_print_samples(iris, train_problem(iris).widths_mm)
    prints, bonds = check_print_samples(iris, found)
    assert found is not None
    assert prints.value == found.print_yield
    assert "of 1,000 prints" in prints.message
    assert bonds.where.startswith("bond ")
    assert check_print_samples(iris, None) == []


def test_rounding_errors_do_not_rank_bonds(iris: TrainableProblem) -> None:
    """Mirrored bonds have equal shares up to rounding errors."""
    found = study(iris, WIDTHS, PrintErrors(0.002, 0.0, 0.0, 0.0), count=10)
    shares = np.array([0.1, 0.3, 0.2, 0.3 + 1e-14])
    assert replace(found, bond_shares=shares).worst_bonds() == [1, 3, 2]
