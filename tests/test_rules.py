"""Learning rules: what coupled learning and finite differences make of the gradient."""

from __future__ import annotations

import numpy as np
import pytest

from mnnfab import BarModel, Network, Port, stiffness_per_width
from mnnfab.arrays import FloatArray
from mnnfab.losses.kinds.cross_entropy import ShareCrossEntropy, SoftmaxCrossEntropy
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.losses.loss import Loss
from mnnfab.network.ports import dofs_of
from mnnfab.task.task import DataSplit, Task, no_metrics
from mnnfab.training.learning_rules import (
    RULES,
    adjoint_gradient,
    coupled_learning_gradient,
    desired_change,
    finite_difference_gradient,
)
from mnnfab.units import NEWTON_PER_GF

INPUTS, OUTPUTS = (Port(10, "y"),), (Port(12, "y"), Port(13, "y"))
ROWS = np.array([0])


def task_with(targets: tuple[float, float]) -> Task:
    return Task(
        kind="behaviour",
        inputs=INPUTS,
        outputs=OUTPUTS,
        loads_N=np.array([[-5 * NEWTON_PER_GF]]),
        targets=np.array([targets]),
        loss=SquaredError(0.5),
        split=DataSplit(ROWS),
        evaluate=no_metrics,
        primary_metric=None,
        load_cases=(),
    )


@pytest.fixture
def stiffness(paper_network: Network) -> FloatArray:
    return 2.0 * stiffness_per_width(paper_network, 0.55, 2.0)


def cosine(a: FloatArray, b: FloatArray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_finite_differences_err_by_their_step(
    paper_network: Network, stiffness: FloatArray
) -> None:
    """A forward difference is wrong in proportion to its step, until rounding wins."""
    model, task = BarModel(paper_network, INPUTS, OUTPUTS), task_with((-0.6, -0.5))
    exact = adjoint_gradient(model, task, stiffness, ROWS)
    errors = [
        np.linalg.norm(finite_difference_gradient(model, task, stiffness, ROWS, step) - exact)
        for step in (1e-4, 1e-5, 1e-6)  # N/mm
    ]
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 10.0, rtol=0.02)
    rounding = finite_difference_gradient(model, task, stiffness, ROWS, 1e-14)
    assert np.linalg.norm(rounding - exact) > errors[-1]


def test_coupled_learning_by_its_energies(paper_network: Network, stiffness: FloatArray) -> None:
    """Two states solved outright: outputs free, and outputs held by prescribed displacements."""
    task, nudge = task_with((-0.6, -0.5)), 0.3
    model = BarModel(paper_network, INPUTS, OUTPUTS)
    compatibility = model.compatibility.toarray()
    matrix = model.stiffness_matrix(stiffness).toarray()
    free_dofs = paper_network.free_dofs
    load = np.zeros(len(free_dofs))
    load[np.searchsorted(free_dofs, dofs_of(INPUTS)[0])] = task.loads_N[0, 0]
    free = np.linalg.solve(matrix, load)
    held = np.searchsorted(free_dofs, dofs_of(OUTPUTS))
    rest = np.setdiff1d(np.arange(len(free_dofs)), held)
    clamped = np.zeros(len(free_dofs))
    clamped[held] = free[held] + nudge * (task.targets[0] - free[held])
    pull = load[rest] - matrix[np.ix_(rest, held)] @ clamped[held]
    clamped[rest] = np.linalg.solve(matrix[np.ix_(rest, rest)], pull)
    expected = ((compatibility @ clamped) ** 2 - (compatibility @ free) ** 2) / (2 * nudge)
    found = coupled_learning_gradient(model, task, stiffness, ROWS, nudge)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-12)


def test_coupled_learning_is_near_but_not_the_gradient(
    paper_network: Network, stiffness: FloatArray
) -> None:
    model, task = BarModel(paper_network, INPUTS, OUTPUTS), task_with((-0.6, -0.5))
    exact = adjoint_gradient(model, task, stiffness, ROWS)
    cosines = [
        cosine(coupled_learning_gradient(model, task, stiffness, ROWS, nudge), exact)
        for nudge in (1.0, 0.1, 1e-4, 1e-5)
    ]
    assert all(0.5 < value < 0.99 for value in cosines)
    # A smaller nudge does not mend it: the limit is the gradient of another loss.
    assert cosines[2] == pytest.approx(cosines[3], abs=1e-5)


@pytest.mark.parametrize(
    "loss", [SoftmaxCrossEntropy(0.04), ShareCrossEntropy(), SquaredError(0.5)]
)
def test_what_coupled_learning_wants_lowers_the_loss(loss: Loss) -> None:
    moved, targets = np.array([[-0.03, 0.05, 0.01]]), np.array([[1.0, 0.0, 0.0]])
    change = desired_change(loss, moved, targets)
    assert loss.value(moved + 0.1 * change, targets) < loss.value(moved, targets)
    if not isinstance(loss, SquaredError):
        assert np.sign(change[0, 0]) == np.sign(moved[0, 0])  # the right class shall move more


def test_one_output_and_a_small_nudge_give_the_exact_direction(
    paper_network: Network, stiffness: FloatArray
) -> None:
    """With one output the energies' weight is a number, so only the nudge is left to err."""
    task = task_with((-0.6, -0.5))
    single = Task(**{**vars(task), "outputs": OUTPUTS[:1], "targets": task.targets[:, :1]})
    model = BarModel(paper_network, INPUTS, OUTPUTS[:1])
    exact = adjoint_gradient(model, single, stiffness, ROWS)
    found = coupled_learning_gradient(model, single, stiffness, ROWS, 1e-6)
    assert cosine(found, exact) == pytest.approx(1.0, abs=1e-9)


def test_states_to_measure() -> None:
    assert [rule.states(28) for rule in RULES.values()] == [2, 2, 29]
