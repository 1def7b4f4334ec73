"""Metrics as read: closed forms, random draws with a fixed seed, and limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from mnnfab import load_problem
from mnnfab.problem.problem import require_trainable
from mnnfab.task.reading import class_probabilities, metric_as_read
from mnnfab.task.task import ScoredTask

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: Standard deviation of a reading, mm.
RESOLUTION = 0.02
#: Four standard errors of 20,000 repetitions.
DRAWS, STANDARD_ERRORS = 20_000, 4.0


@pytest.fixture(scope="module")
def iris() -> ScoredTask:
    return require_trainable(load_problem(EXAMPLES / "iris.toml")).task


@pytest.fixture(scope="module")
def regression() -> ScoredTask:
    return require_trainable(load_problem(EXAMPLES / "regression.toml")).task


def with_classes(task: ScoredTask, classes: list[int], n_out: int) -> ScoredTask:
    return replace(task, targets=np.eye(n_out)[classes], outputs=task.outputs[:n_out])


def test_two_outputs_by_the_closed_form(iris: ScoredTask) -> None:
    """|x| > |y| if x - y and x + y, which are independent, have the same sign."""
    outputs = np.array([[0.03, 0.01], [-0.02, 0.025], [0.0, 0.0], [0.4, -0.1]])
    found = class_probabilities(with_classes(iris, [0, 0, 0, 1], 2), outputs, RESOLUTION)
    first, second = outputs.T / (np.sqrt(2) * RESOLUTION)
    same, other = ndtr(first - second), ndtr(first + second)
    wanted = same * other + (1 - same) * (1 - other)
    wanted[3] = 1 - wanted[3]
    np.testing.assert_allclose(found, wanted, atol=1e-10)
    assert found[2] == pytest.approx(0.5, abs=1e-10)


def test_accuracy_and_its_scatter_by_draws(iris: ScoredTask) -> None:
    generator = np.random.default_rng(0)
    outputs = generator.normal(0.0, 0.05, iris.targets.shape)
    found = metric_as_read(iris, outputs, RESOLUTION)
    read = outputs + RESOLUTION * generator.standard_normal((DRAWS, *outputs.shape))
    right = np.abs(read).argmax(axis=-1) == iris.targets.argmax(axis=-1)
    accuracies = right.mean(axis=1)
    error = STANDARD_ERRORS * accuracies.std() / np.sqrt(DRAWS)
    assert found.value == pytest.approx(accuracies.mean(), abs=error)
    assert found.sd == pytest.approx(accuracies.std(), rel=0.05)
    assert found.exact == (np.abs(outputs).argmax(axis=1) == iris.targets.argmax(axis=1)).mean()


def test_relative_error_and_its_scatter_by_draws(regression: ScoredTask) -> None:
    generator = np.random.default_rng(1)
    outputs = 1.05 * regression.targets + 0.01
    found = metric_as_read(regression, outputs, RESOLUTION)
    read = outputs + RESOLUTION * generator.standard_normal((2000, *outputs.shape))
    size = np.sqrt((regression.targets**2).mean())
    errors = np.sqrt(((read - regression.targets) ** 2).mean(axis=(1, 2))) / size
    assert found.value == pytest.approx(np.sqrt((errors**2).mean()), rel=5e-3)
    assert found.sd == pytest.approx(errors.std(), rel=0.1)
    assert found.exact == pytest.approx(
        np.sqrt(((outputs - regression.targets) ** 2).mean()) / size
    )


def test_targets_in_mm_follow_the_load_factor(regression: ScoredTask) -> None:
    found = metric_as_read(regression, 2 * regression.targets, 1e-9, load_factor=2.0)
    assert found.exact == 0.0


def test_a_reading_without_error_is_exact(iris: ScoredTask) -> None:
    outputs = np.random.default_rng(2).normal(0.0, 0.05, iris.targets.shape)
    found = metric_as_read(iris, outputs, 1e-7)
    assert found.value == pytest.approx(found.exact, abs=1e-6)
    assert found.sd < 1e-3


def test_a_lost_sample_is_wrong(iris: ScoredTask) -> None:
    outputs = iris.targets.copy()
    assert metric_as_read(iris, outputs, RESOLUTION).value == pytest.approx(1.0)
    outputs[:15] = np.nan
    found = metric_as_read(iris, outputs, RESOLUTION)
    assert found.value == pytest.approx(0.9)
    assert found.exact == pytest.approx(0.9)


def test_lost_samples_of_a_regression_have_no_metric(regression: ScoredTask) -> None:
    outputs = regression.targets.copy()
    outputs[0] = np.nan
    found = metric_as_read(regression, outputs, RESOLUTION)
    assert np.isnan(found.value)
    assert not found.meets(0.1)
