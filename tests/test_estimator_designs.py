"""Classifiers as designs and back, loads by the lever rule, and the search for ports."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mnnfab import (
    InputError,
    MNNClassifier,
    Network,
    load_problem,
    make_problem,
    parse_design,
    require_ports,
    require_trainable,
    train_problem,
    triangular_patch,
)
from mnnfab.design.check_section import CheckSection
from mnnfab.design.export_section import ExportSection
from mnnfab.estimators.losses import FittedLoss, FreeScaleSoftmax, LinearFitLoss
from mnnfab.estimators.ports import Ports, PortSearch, random_ports
from mnnfab.model.bars import BarModel, stiffness_per_width
from mnnfab.pipeline import run
from mnnfab.problem.problem import PortProblem
from mnnfab.task.datasets import built_in_features
from mnnfab.task.feature_loads import FeatureLoads
from mnnfab.units import NEWTON_PER_GF

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
#: Displacements of two paths through the same bar model, in mm of displacements of about 1 mm.
SAME_MM = 1e-9
#: Test rows of three splits are 160 to 510: two points are at least three rows.
SHORT_OF_LOGISTIC = 0.02
CLASSIFIED = ("iris", "wine", "breast-cancer", "penguins", "seeds")
FEATURES, NUMBERS = load_iris(return_X_y=True)
NAMES = load_iris().target_names[NUMBERS]
QUICK: dict[str, Any] = {"placements": 1, "max_iter": 20, "C": 1.0, "random_state": 0}


def fitted(labels: np.ndarray = NAMES, network: Network | None = None) -> MNNClassifier:
    """A classifier trained on 50 of the 150 flowers; some of the others are out of its range."""
    return MNNClassifier(network=network, **QUICK).fit(FEATURES[::3], labels[::3])


def bar_outputs(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of the bar model of a design, and the class of every sample."""
    problem = require_ports(load_problem(path))
    assert problem.given_widths_mm is not None
    outputs = problem.response(problem.given_widths_mm).outputs(problem.task.loads_N)
    return outputs, np.array(problem.task.class_names)[problem.task.targets.argmax(axis=1)]


@pytest.mark.parametrize("network", [None, triangular_patch(6, 10.0, [0, 6])], ids=["own", "given"])
def test_the_bar_model_of_the_design_gives_the_same_outputs(
    tmp_path: Path, network: Network | None
) -> None:
    model = fitted(network=network)
    path = model.to_design(FEATURES, NAMES, name="iris").write(tmp_path)
    outputs, classes = bar_outputs(path)
    np.testing.assert_allclose(outputs, model.displacements(FEATURES), rtol=0, atol=SAME_MM)
    np.testing.assert_array_equal(classes, NAMES)
    again = MNNClassifier.from_design(path)
    moved = again.displacements(FEATURES)
    np.testing.assert_allclose(moved, model.displacements(FEATURES), rtol=0, atol=SAME_MM)
    np.testing.assert_array_equal(again.predict(FEATURES), model.predict(FEATURES))
    np.testing.assert_allclose(
        again.predict_proba(FEATURES), model.predict_proba(FEATURES), atol=1e-9
    )


def test_the_samples_of_the_training_are_those_of_the_design(tmp_path: Path) -> None:
    outputs, classes = bar_outputs((model := fitted()).to_design().write(tmp_path))
    np.testing.assert_allclose(outputs, model.displacements(FEATURES[::3]), rtol=0, atol=SAME_MM)
    np.testing.assert_array_equal(classes, NAMES[::3])
    twice = MNNClassifier.from_design(tmp_path / "classifier.toml").to_design(name="twice")
    same, _ = bar_outputs(twice.write(tmp_path))
    np.testing.assert_allclose(same, outputs, rtol=0, atol=SAME_MM)


def test_labels_that_are_numbers(tmp_path: Path) -> None:
    """Sorted as texts, "10" comes before "9": outputs and classes must still belong together."""
    labels = np.array([9, 10, 100])[NUMBERS]
    model = fitted(labels)
    path = model.to_design(FEATURES, labels, name="numbers").write(tmp_path)
    outputs, classes = bar_outputs(path)
    np.testing.assert_allclose(outputs, model.displacements(FEATURES), rtol=0, atol=SAME_MM)
    np.testing.assert_array_equal(classes, labels.astype(str))
    again = MNNClassifier.from_design(path, classes=model.classes_)
    np.testing.assert_array_equal(again.predict(FEATURES), model.predict(FEATURES))
    with pytest.raises(InputError, match=r"classes: 1, 2\n.*the classes 9, 10, 100"):
        MNNClassifier.from_design(path, classes=[1, 2])


def test_a_run_of_the_design(tmp_path: Path) -> None:
    model = fitted()
    files = model.to_design(FEATURES, NAMES, name="iris")
    quick = {"check": CheckSection(enabled=False), "export": ExportSection(formats=("stl",))}
    path = replace(files, design=files.design.model_copy(update=quick)).write(tmp_path)
    run(path, tmp_path / "out")
    again = MNNClassifier.from_design(tmp_path / "out")
    np.testing.assert_allclose(
        again.displacements(FEATURES), model.displacements(FEATURES), rtol=0, atol=SAME_MM
    )
    np.testing.assert_array_equal(again.predict(FEATURES), model.predict(FEATURES))
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["models"]["bar"]["metrics"]["accuracy_all"] == pytest.approx(
        model.score(FEATURES, NAMES)
    )


@pytest.mark.parametrize(
    "changes",
    [{}, {"scaling": "standard", "round_to_gf": 0.5, "normalisation": "share"}],
    ids=["maximum", "standard"],
)
def test_a_trained_design_is_a_classifier(changes: dict[str, Any]) -> None:
    values = tomllib.loads((EXAMPLES / "iris.toml").read_text(encoding="utf-8"))
    values["task"] |= changes
    if "normalisation" in changes:
        values["task"].pop("loss_scale_mm", None)
    values["training"] = {"epochs": 2}
    values.pop("compensate", None)
    problem = require_trainable(make_problem(parse_design(values), EXAMPLES))
    widths = train_problem(problem).widths_mm
    model = MNNClassifier.from_design(problem, widths_mm=widths)
    outputs = problem.response(widths).outputs(problem.task.loads_N)
    np.testing.assert_allclose(model.displacements(FEATURES), outputs, rtol=0, atol=SAME_MM)
    accuracy = problem.task.metrics(problem.response(widths))["accuracy_all"]
    assert model.score(FEATURES, NAMES) == pytest.approx(accuracy)
    with pytest.raises(InputError, match="without the lever rule"):
        model.to_design()


def test_sources_that_are_no_classifiers(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'kind: "behaviour"\n.*"classification"'):
        MNNClassifier.from_design(EXAMPLES / "behaviour-left.toml")
    with pytest.raises(InputError, match=r"iris: no widths\n.*folder of a run"):
        MNNClassifier.from_design(EXAMPLES / "iris.toml")
    model = fitted()
    with pytest.raises(InputError, match='no sample of class "virginica"'):
        model.to_design(FEATURES[:100], NAMES[:100])
    with pytest.raises(InputError, match='a sample of class "rose"'):
        model.to_design(FEATURES, np.where(FEATURES[:, 0] > 6, "rose", NAMES))
    model.to_design(name="iris").write(tmp_path)
    with pytest.raises(InputError, match="exists already"):
        model.to_design(name="iris").write(tmp_path)


def lever_problem(**task: object) -> PortProblem:
    values = tomllib.loads((EXAMPLES / "paper" / "iris.toml").read_text(encoding="utf-8"))
    nodes = (13, 11, 12, 9, 8, 6, 5, 3)
    values["task"] |= {
        "scaling": "lever",
        "inputs": [{"node": node, "axis": "y"} for node in nodes],
        "load_at_max_gf": [-1.0, -2.0, -3.0, -4.0],
    } | task
    return require_ports(make_problem(parse_design(values), EXAMPLES))


def test_the_lever_rule() -> None:
    """Moments about the second node: the first carries s of the weight, whose sum is constant."""
    loads = lever_problem().task.loads_N / NEWTON_PER_GF
    weights = np.array([-1.0, -2.0, -3.0, -4.0])
    share = (FEATURES - FEATURES.min(axis=0)) / np.ptp(FEATURES, axis=0)
    np.testing.assert_allclose(loads[:, ::2], share * weights, atol=1e-12)
    np.testing.assert_allclose(loads[:, ::2] + loads[:, 1::2], np.tile(weights, (150, 1)))


def test_limits_of_features_clip() -> None:
    limits = [[5.0, 7.0], [2.0, 4.0], [1.0, 7.0], [0.0, 3.0]]
    loads = lever_problem(feature_limits=limits).task.loads_N / NEWTON_PER_GF
    share = np.clip((FEATURES[:, 0] - 5.0) / 2.0, 0, 1)
    assert ((share > 0) & (share < 1)).sum() < 150
    np.testing.assert_allclose(loads[:, 0], -share, atol=1e-12)
    np.testing.assert_allclose(loads[:, 1], share - 1, atol=1e-12)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"inputs": [{"node": n, "axis": "y"} for n in (13, 11, 12)]}, "two ports per feature"),
        ({"load_at_max_gf": [-1.0] * 8}, "8 numbers\n.*one, or 4"),
        ({"feature_limits": [[0.0, 1.0]]}, "1 pairs\n.*4, one per feature"),
        ({"feature_limits": [[0.0, 1.0]] * 3 + [[2.0, 2.0]]}, r"\[2, 2\]\n.*min below max"),
        (
            {"scaling": "standard", "load_at_max_gf": -1.0, "feature_limits": [[0.0, 1.0]] * 8},
            'only with scaling = "range" or "lever"',
        ),
        (
            {"inputs": [{"node": n, "axis": "y"} for n in (13, 11)], "load_at_max_gf": -1.0},
            '2 ports\n.*8, two per feature of "iris"',
        ),
    ],
)
def test_lever_loads_that_cannot_be(task: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        lever_problem(**task)


def test_weights_that_are_available() -> None:
    loads = FeatureLoads(
        np.zeros(1), np.ones(1), np.array([-2.0]), bias_gf=-1.0, lever=True, round_to_gf=0.5
    )
    found = loads.loads(np.array([[0.3], [1.0]])) / NEWTON_PER_GF
    np.testing.assert_allclose(found, [[-0.5, -1.5, -1.0], [-2.0, 0.0, -1.0]], atol=1e-12)


LOSSES = [FreeScaleSoftmax(np.eye(3)[NUMBERS], C=2.0), LinearFitLoss(np.eye(3)[NUMBERS])]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_exchanges_of_ports_lower_the_loss_of_the_bar_model(loss: FittedLoss) -> None:
    """The value that the search ends with is that of a bar model with the ports it returns."""
    network, generator = triangular_patch(6, 16.0, [0, 6]), np.random.default_rng(0)
    stiffness = stiffness_per_width(network, 0.55, 2.0) * generator.uniform(1, 2, network.n_bonds)
    loads = np.hstack([FEATURES - 9, 1 - FEATURES]) * 1e-3
    start = random_ports(network, 8, 3, generator)

    def value(ports: Ports, scaled: FittedLoss, own: np.ndarray) -> float:
        response = BarModel(network, ports.inputs, ports.outputs).response(stiffness)
        return float(scaled.values(response.outputs(loads), own))

    model = BarModel(network, start.inputs, start.outputs)
    scaled = loss.scaled_to(model.response(stiffness).outputs(loads))
    compliance = np.linalg.inv(model.stiffness_matrix(stiffness).toarray())
    search = PortSearch(network, compliance, loads, scaled)
    ports, own = search.improved(start, scaled.start, generator)
    nodes = [port.node for port in (*ports.inputs, *ports.outputs)]
    assert len(set(nodes)) == 11
    assert not set(nodes) & set(network.fixed.tolist())
    if isinstance(loss, LinearFitLoss):
        # Linear regression is the best linear model; ports alone, at random widths, come near.
        rows = np.column_stack([FEATURES, np.ones(150)])
        fit = rows @ np.linalg.lstsq(rows, loss.targets, rcond=None)[0]
        least = ((fit - loss.targets) ** 2).mean() / loss.targets.var(axis=0)[0]
        assert least <= value(ports, scaled, own) < 1.1 * least
    else:
        assert value(ports, scaled, own) < 0.2 * value(start, scaled, scaled.start)
    # No exchange of two inputs is better; the last sweep may leave 0.1 %.
    best = value(ports, scaled, own)
    for one in range(8):
        for other in range(one):
            order = np.arange(8)
            order[[one, other]] = other, one
            swapped = Ports(tuple(ports.inputs[place] for place in order), ports.outputs)
            assert value(swapped, scaled, own) > 0.99 * best


def test_taylor_remainder_of_the_penalty() -> None:
    """As for the losses of samples alone: second order, in displacements and the scale."""
    generator = np.random.default_rng(1)
    loss = FreeScaleSoftmax(np.eye(3)[[0, 1, 2, 1, 0]], -1.0, C=0.1)
    moved, direction = generator.normal(size=(2, 9, 3))
    value, slope, own_slope = loss.value_and_gradients(moved, loss.start)
    assert value == pytest.approx(float(loss.values(moved, loss.start)), rel=1e-12)
    steps = 2.0 ** -np.arange(8, 13)
    remainders = [
        abs(
            float(loss.values(moved + h * direction, loss.start + h))
            - value
            - h * (np.vdot(slope, direction) + own_slope[0])
        )
        for h in steps
    ]
    orders = np.diff(np.log(remainders)) / np.diff(np.log(steps))
    np.testing.assert_allclose(orders[-3:], 2.0, atol=0.1)


def test_the_penalised_loss_is_that_of_logistic_regression() -> None:
    """An ideal linear classifier has the smallest value that scikit-learn finds for the same C."""
    standardised = (FEATURES - FEATURES.mean(axis=0)) / FEATURES.std(axis=0)
    found = LogisticRegression(C=2.0, tol=1e-10, max_iter=10_000).fit(standardised, NUMBERS)
    weights, offsets = found.coef_, found.intercept_ + 100.0  # all outputs positive
    rows = np.vstack([standardised @ weights.T + offsets, weights.T])
    loss = FreeScaleSoftmax(np.eye(3)[NUMBERS], C=2.0)
    evidence = rows[:150]
    entropy = np.log(np.exp(evidence - 100).sum(axis=1)) - evidence[range(150), NUMBERS] + 100
    expected = entropy.mean() + (weights**2).sum() / (2 * 2.0 * 150)
    assert float(loss.values(rows, np.zeros(1))) == pytest.approx(expected, rel=1e-9)
    _, slope, _ = loss.value_and_gradients(rows, np.zeros(1))
    # At the optimum the derivative in every weight vanishes: by the samples and by the penalty.
    in_weights = slope[:150].T @ standardised + slope[150:].T
    np.testing.assert_allclose(in_weights, 0, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "n_splits"),
    [
        ("wine", 1),
        *(pytest.param(name, 3, marks=pytest.mark.slow) for name in CLASSIFIED),
    ],
)
def test_a_network_classifies_as_logistic_regression_does(name: str, n_splits: int) -> None:
    """On test rows of the same splits; ports that are drawn at random lost 3 to 6 points."""
    data = built_in_features(name)
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    splits = StratifiedShuffleSplit(n_splits, test_size=0.3, random_state=0)
    scores = [
        cross_val_score(model, data.features, data.classes, cv=splits).mean()
        for model in (MNNClassifier(random_state=0), logistic)
    ]
    assert scores[0] > scores[1] - SHORT_OF_LOGISTIC
