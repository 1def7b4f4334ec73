"""Readouts: probabilities by closed forms and draws, exact gradients, designs and their errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm
from taylor import ORDER, ORDER_ERROR, taylor_orders, threshold_losses

from mnnfab import BarModel, InputError, MNNClassifier, load_problem, make_problem, parse_design
from mnnfab.design.design_file import dump_design
from mnnfab.findings import Finding
from mnnfab.lab.experiment.plan import make_plan
from mnnfab.loaded_part.changes import Change, change_message
from mnnfab.losses.kinds.as_read import AsReadCrossEntropy
from mnnfab.losses.kinds.cross_entropy import SoftmaxCrossEntropy
from mnnfab.losses.loss import Loss
from mnnfab.losses.readout import (
    NO_CLASS,
    Readout,
    leads_mm,
    predicted_classes,
    readout_kinds,
)
from mnnfab.losses.readouts.largest import Largest
from mnnfab.losses.readouts.largest_magnitude import LARGEST_MAGNITUDE
from mnnfab.losses.readouts.threshold import Threshold
from mnnfab.model.model import WidthModel
from mnnfab.pipeline import pipeline
from mnnfab.problem.problem import TrainableProblem, require_trainable
from mnnfab.task.reading import class_probabilities, metric_as_read
from mnnfab.trainable_models.loaded_frame import loaded_frame_model
from mnnfab.training.ensemble import can_be_compiled
from mnnfab.validation.acceptance import done_by_large_displacements

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: Standard deviation of a reading, mm.
RESOLUTION = 0.02
#: Four standard errors of the draws.
DRAWS, STANDARD_ERRORS = 40_000, 4.0
#: Error of the integral of 96 points: that of its logarithm near rounding.
INTEGRAL = 1e-10

XOR: dict[str, Any] = {
    "schema": 1,
    "name": "xor",
    "network": {"lattice": "triangular-patch", "rows": 2, "bond_length_mm": 16.0, "fixed": [0, 2]},
    "fabrication": {
        "thickness_mm": 4.0,
        "width_min_mm": 1.5,
        "width_max_mm": 2.5,
        "width_initial_mm": 2.0,
    },
    "task": {
        "kind": "classification",
        "dataset": "xor",
        "inputs": [{"node": 3, "axis": "x"}, {"node": 4, "axis": "y"}],
        "outputs": [{"node": 1, "axis": "y"}],
        "readout": "threshold",
        "threshold_mm": 0.01,
        "load_at_max_gf": 5.0,
    },
    "training": {"optimizer": "l-bfgs-b", "epochs": 3},
}
#: Without the continuum model, print samples and solids.
QUICK = {
    "check": {"enabled": False},
    "tolerance": {"enabled": False},
    "export": {"formats": ["svg"]},
}


def xor(**task: object) -> TrainableProblem:
    changed = {key: value for key, value in ({**XOR["task"], **task}).items() if value is not None}
    return require_trainable(make_problem(parse_design({**XOR, "task": changed}), EXAMPLES))


@pytest.fixture(scope="module")
def threshold() -> TrainableProblem:
    return xor()


def readouts() -> list[Readout]:
    """All readouts, each with a threshold if it has one."""
    return [kind.make(0.013) for kind in readout_kinds().values()]


def n_outputs(readout: Readout) -> int:
    return 1 if isinstance(readout, Threshold) else 3


def log_p(readout: Readout, outputs: np.ndarray, right: int) -> float:
    found = readout.log_probabilities(outputs, np.full(len(outputs), right), RESOLUTION)
    return float(found.values[0])


def test_threshold_by_the_normal_distribution() -> None:
    outputs = np.array([[0.05], [0.013], [-0.2]])
    found = Threshold(0.013).log_probabilities(outputs, np.array([1, 0, 0]), RESOLUTION).values
    expected = ndtr([(0.05 - 0.013) / RESOLUTION, 0.0, (0.2 + 0.013) / RESOLUTION])
    np.testing.assert_allclose(np.exp(found), expected, rtol=1e-14)


def test_two_signed_outputs_by_the_closed_form() -> None:
    """P(x > y) = Φ((a - b) / √2)."""
    outputs = np.array([[0.03, 0.01], [-0.02, 0.025], [0.0, 0.0], [-0.4, -0.1]])
    found = Largest().log_probabilities(outputs, np.zeros(4, dtype=int), RESOLUTION).values
    expected = norm.logcdf((outputs[:, 0] - outputs[:, 1]) / (np.sqrt(2) * RESOLUTION))
    np.testing.assert_allclose(found, expected, rtol=INTEGRAL, atol=INTEGRAL)


def test_three_signed_outputs_by_another_integral() -> None:
    outputs = np.array([[-0.03, 0.01, -0.02]])

    def density(reading: float) -> float:
        a, b, c = outputs[0] / RESOLUTION
        return float(norm.pdf(reading - b) * norm.cdf(reading - a) * norm.cdf(reading - c))

    expected = quad(density, -12, 12, epsabs=1e-13, limit=200)[0]
    assert np.exp(log_p(Largest(), outputs, 1)) == pytest.approx(expected, abs=INTEGRAL)


@pytest.mark.parametrize("readout", readouts(), ids=lambda readout: type(readout).__name__)
def test_probabilities_by_draws(readout: Readout) -> None:
    generator = np.random.default_rng(0)
    outputs = generator.normal(0.0, 0.03, (1, n_outputs(readout)))
    read = outputs + RESOLUTION * generator.standard_normal((DRAWS, outputs.shape[1]))
    classes = predicted_classes(readout, read)
    shares = [(classes == number).mean() for number in range(classes.max() + 1)]
    found = np.exp([log_p(readout, outputs, number) for number in range(len(shares))])
    error = STANDARD_ERRORS * np.sqrt(found * (1 - found) / DRAWS)
    assert (np.abs(found - shares) < error).all()
    assert found.sum() == pytest.approx(1.0, abs=INTEGRAL)


@pytest.mark.parametrize("readout", readouts(), ids=lambda readout: type(readout).__name__)
@pytest.mark.parametrize("loss_of", [AsReadCrossEntropy, SoftmaxCrossEntropy])
def test_gradients_in_the_outputs(readout: Readout, loss_of: type) -> None:
    """By the order of the Taylor remainder."""
    generator = np.random.default_rng(1)
    loss = loss_of(0.05, readout)
    outputs = generator.normal(0.0, 0.1, (7, n_outputs(readout)))
    n_classes = readout.evidence(outputs).shape[1]
    targets = np.eye(n_classes)[generator.integers(0, n_classes, 7)]
    direction = generator.standard_normal(outputs.shape)
    slope = np.vdot(loss.gradient(outputs, targets), direction)
    steps = np.array([4e-4, 2e-4, 1e-4])
    start = loss.value(outputs, targets)
    remainders = [
        abs(loss.value(outputs + step * direction, targets) - start - step * slope)
        for step in steps
    ]
    orders = np.diff(np.log(remainders)) / np.diff(np.log(steps))
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)


def test_far_from_the_threshold_the_slopes_are_finite() -> None:
    """-log P grows as the square of the distance on the wrong side, with its slope."""
    outputs = np.array([[-100 * RESOLUTION], [100 * RESOLUTION]])
    found = Threshold().log_probabilities(outputs, np.array([1, 1]), RESOLUTION)
    assert found.slopes[0, 0] == pytest.approx(100.01, abs=1e-3)  # x + 1/x, Mills' ratio
    assert found.slopes[1, 0] == 0.0
    pair = np.array([[100 * RESOLUTION, 0.0]])
    signed = Largest().log_probabilities(pair, np.array([1]), RESOLUTION)
    np.testing.assert_allclose(signed.slopes, [[-50.01, 50.01]], atol=1e-3)


def test_classes_evidence_and_leads_by_hand() -> None:
    outputs = np.array([[0.1, -0.3], [-0.2, -0.1], [np.nan, 0.0]])
    assert predicted_classes(LARGEST_MAGNITUDE, outputs).tolist() == [1, 0, NO_CLASS]
    assert predicted_classes(Largest(), outputs).tolist() == [0, 1, NO_CLASS]
    assert predicted_classes(Threshold(-0.15), outputs[:, :1]).tolist() == [1, 0, NO_CLASS]
    np.testing.assert_allclose(leads_mm(LARGEST_MAGNITUDE, outputs[:2]), [0.2, 0.1])
    np.testing.assert_allclose(leads_mm(Largest(), outputs[:2]), [0.4, 0.1])
    np.testing.assert_allclose(leads_mm(Threshold(-0.15), outputs[:2, :1]), [0.25, 0.05])


def test_softmax_of_a_threshold_is_logistic() -> None:
    outputs, targets = np.array([[0.03], [-0.05]]), np.eye(2)[[1, 1]]
    loss = SoftmaxCrossEntropy(0.04, Threshold(0.01))
    expected = np.log1p(np.exp(-(outputs - 0.01) / 0.04)).mean()
    assert loss.value(outputs, targets) == pytest.approx(expected, rel=1e-12)


def test_metrics_of_a_design(threshold: TrainableProblem) -> None:
    task = threshold.task
    assert task.targets.shape == (400, 2)
    assert task.readout == Threshold(0.01)
    outputs = np.random.default_rng(2).normal(0.0, 0.03, (400, 1))
    right = (outputs[:, 0] > 0.01) == (task.targets[:, 1] == 1)
    found = metric_as_read(task, outputs, RESOLUTION)
    assert found.exact == right.mean() == task.evaluate(task, outputs)["accuracy_all"]
    expected = class_probabilities(task, outputs, RESOLUTION)
    assert found.value == pytest.approx(expected.mean())
    # With the loads the displacements and the threshold are twice as large.
    doubled = metric_as_read(task, 2 * outputs, 2 * RESOLUTION, load_factor=2.0)
    assert doubled.value == pytest.approx(found.value)


@pytest.mark.parametrize("loss", threshold_losses().values(), ids=threshold_losses())
@pytest.mark.parametrize("model", ["bars", "frame"])
def test_width_gradient_of_a_threshold(threshold: TrainableProblem, model: str, loss: Loss) -> None:
    """By the order of the Taylor remainder."""
    task = replace(threshold.task, loss=loss)
    used: WidthModel = threshold.spring_model()
    if model == "frame":
        used = loaded_frame_model(threshold)
    rows, generator = task.train_indices[:20], np.random.default_rng(3)
    widths = generator.uniform(1.7, 2.3, threshold.network.n_bonds)
    direction = generator.standard_normal(len(widths))

    def value(step: float) -> float:
        solved = used.solve(widths + step * direction, task.loads_N[rows])
        return task.loss.value(solved.outputs_mm, task.targets[rows])

    slope = float(task.width_gradient(used.solve(widths, task.loads_N[rows]), rows) @ direction)
    orders = taylor_orders(value, slope, [8e-3, 4e-3, 2e-3])
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)


def test_only_magnitudes_have_a_compiled_step() -> None:
    two = [{"node": 1, "axis": "y"}, {"node": 4, "axis": "x"}]
    for readout, compiled in (("largest-magnitude", True), ("largest", False)):
        problem = xor(readout=readout, outputs=two, threshold_mm=None)
        assert (problem.task.loss.compiled is not None) == compiled
        assert can_be_compiled(problem.trainable()) == compiled


def test_a_linear_network_by_magnitude_needs_no_nonlinearity() -> None:
    """|x + y| > |x - y| is x y > 0: the readout, not the network, solves the task."""
    points = np.random.default_rng(4).uniform(-1, 1, (1000, 2))
    outputs = points @ np.array([[1.0, 1.0], [-1.0, 1.0]])  # x - y and x + y
    same = points.prod(axis=1) > 0
    assert (predicted_classes(LARGEST_MAGNITUDE, outputs) == same).all()
    signed = (predicted_classes(Largest(), outputs) == same).mean()
    assert signed == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({"readout": "largest"}, "outputs"),
        ({"readout": "sign"}, "readout"),
        ({"outputs": [{"node": 1, "axis": "y"}, {"node": 4, "axis": "x"}]}, "2 ports with readout"),
        (
            {"readout": "largest", "outputs": [{"node": 1, "axis": "y"}, {"node": 4, "axis": "x"}]},
            "threshold_mm",
        ),
        (
            {"loss": "cross-entropy", "normalisation": "share", "loss_scale_mm": None},
            "shares are of magnitudes",
        ),
        ({"loss": "as-read", "normalisation": "share"}, 'with loss = "as-read"'),
    ],
)
def test_designs_that_are_refused(task: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        xor(**task)


def test_a_threshold_has_two_classes() -> None:
    ports = [{"node": node, "axis": axis} for node in (3, 4) for axis in ("x", "y")]
    with pytest.raises(InputError, match=r'"threshold" with 3 classes of "iris"'):
        xor(dataset="iris", inputs=ports)


def test_a_design_without_the_key_keeps_its_text(threshold: TrainableProblem) -> None:
    iris = load_problem(EXAMPLES / "iris.toml").design
    assert "readout" not in dump_design(iris)
    text = dump_design(threshold.design)
    assert 'readout = "threshold"' in text
    assert "threshold_mm = 0.01" in text


def test_an_estimator_reads_magnitudes_only(threshold: TrainableProblem) -> None:
    widths = np.full(threshold.network.n_bonds, 2.0)
    with pytest.raises(InputError, match="largest-magnitude"):
        MNNClassifier.from_design(threshold, widths_mm=widths)


def test_a_remedy_names_the_threshold(threshold: TrainableProblem) -> None:
    assert "threshold_mm 0.02" in change_message(threshold, Change(loads=2.0))


def test_load_cases_of_classes_whose_means_cancel(threshold: TrainableProblem) -> None:
    """Opposite quadrants have the mean 0; their corners are the load cases."""
    names = [case.name for case in threshold.task.load_cases]
    assert names == ["largest opposite signs", "largest same sign"]
    loads = np.array([case.loads_N for case in threshold.task.load_cases])
    largest = np.abs(threshold.task.loads_N).max()
    assert (np.hypot(*loads.T) > 1.2 * largest).all()
    assert (np.sign(loads.prod(axis=1)) == [-1, 1]).all()


def test_a_plan_of_weights_has_margins(threshold: TrainableProblem) -> None:
    task, stiffness = (
        threshold.task,
        threshold.law.stiffness(np.full(threshold.network.n_bonds, 2.0)),
    )
    everywhere = BarModel(threshold.network, (*task.inputs, *task.outputs), task.outputs)
    case = make_plan(task, everywhere.response(stiffness)).cases[0]
    assert case.margin_mm is not None
    outputs = (
        threshold.bar_model().response(stiffness).outputs(np.array([task.load_cases[0].loads_N]))
    )
    assert case.margin_mm[0] == pytest.approx(abs(float(outputs[0, 0]) - 0.01))


def test_a_run_with_a_threshold(tmp_path: Path) -> None:
    path = tmp_path / "xor.toml"
    path.write_text(dump_design(parse_design({**XOR, **QUICK})), encoding="utf-8")
    outcome = pipeline.run(path, tmp_path / "out", force=True)
    text = (outcome.folder / "report.html").read_text(encoding="utf-8")
    assert "Readout: the second class is read above 0.01 mm." in text


def test_a_task_done_by_large_displacements_is_a_warning() -> None:
    """Only the comparison of the linear model with a constant prediction changes."""
    use = Finding("use", "error", "task", "accuracy 0.51")
    scale = Finding("scale", "error", "outputs", "scale 3")
    found = done_by_large_displacements([use, scale])
    assert [one.severity for one in found] == ["warning", "error"]
    assert found[0].message == "accuracy 0.51; only large displacements do it"
    passed = Finding("use", "info", "task", "accuracy 0.97")
    assert done_by_large_displacements([passed]) == [passed]
