"""The scikit-learn estimators, by scikit-learn's own checks and beside its linear models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mnnfab import BarModel, MNNClassifier, MNNRegressor, stiffness_per_width, triangular_patch
from mnnfab.estimators.losses import FittedLoss, FreeScaleSoftmax, LinearFitLoss
from mnnfab.training.width_maps import WIDTH_DECIMALS

# Checks that scikit-learn itself leaves out where these are not installed or not set.
OPTIONAL = {
    "check_array_api_input",
    "check_classifier_data_not_an_array",
    "check_regressor_data_not_an_array",
}


@pytest.mark.parametrize(
    "estimator",
    [pytest.param(MNNClassifier(), marks=pytest.mark.slow), MNNRegressor()],
    ids=str,
)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.ci
def test_scikit_learns_own_checks(estimator: object) -> None:
    results = check_estimator(estimator, on_fail="raise", on_skip=None)
    assert len(results) > 45
    assert {r["check_name"] for r in results if r["status"] != "passed"} <= OPTIONAL


def test_classifies_iris_in_a_pipeline() -> None:
    features, labels = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), MNNClassifier(random_state=0))
    assert cross_val_score(clone(pipeline), features, labels, cv=3).mean() > 0.88
    fitted = pipeline.fit(features, load_iris().target_names[labels])
    assert set(fitted.predict(features)) == {"setosa", "versicolor", "virginica"}
    np.testing.assert_allclose(fitted.predict_proba(features).sum(axis=1), 1.0)


def test_regression_beside_the_mean() -> None:
    features, answers = load_diabetes(return_X_y=True)
    regressor = MNNRegressor(random_state=0, max_iter=60)
    # Ridge regression has 0.48 here; a network comes close.
    assert regressor.fit(features[::2], answers[::2]).score(features[1::2], answers[1::2]) > 0.3


def test_what_was_fitted_is_a_network_that_can_be_built() -> None:
    features, labels = load_iris(return_X_y=True)
    network = triangular_patch(6, 10.0, [0, 6])
    fitted = MNNClassifier(network=network, placements=2, max_iter=30, random_state=1)
    fitted.fit(features, labels)
    assert fitted.network_ is network
    assert fitted.widths_mm_.min() >= 0.5
    assert fitted.widths_mm_.max() <= 3.0
    np.testing.assert_array_equal(fitted.widths_mm_, fitted.widths_mm_.round(WIDTH_DECIMALS))
    assert (fitted.loads(features) <= 0).all()  # weights only pull down
    np.testing.assert_allclose(fitted.loads(features).sum(axis=1), -4 * 9.8e-3)
    stiffness = fitted.widths_mm_ * stiffness_per_width(network, 0.55, 2.0)
    response = BarModel(network, fitted.inputs_, fitted.outputs_).response(stiffness)
    deviation = fitted.loads(features) @ response.flexibility.T
    np.testing.assert_array_equal(np.abs(deviation).argmax(axis=1), fitted.predict(features))


def test_a_network_without_room_is_refused() -> None:
    features, labels = load_iris(return_X_y=True)
    small = MNNClassifier(network=triangular_patch(3, 16.0, [0, 3]))
    with pytest.raises(ValueError, match=r"7 free nodes\n.*at least 11"):
        small.fit(features, labels)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"width_min_mm": 4.0}, "a value below width_max_mm"),
        ({"width_min_mm": 0.0}, "width_min_mm: 0.0"),
        ({"weight_gf": -1.0}, "weight_gf: -1.0"),
        ({"thickness_mm": float("nan")}, "thickness_mm: nan"),
        ({"youngs_modulus_MPa": "soft"}, "youngs_modulus_MPa: 'soft'"),
        ({"placements": 0}, "placements: 0"),
        ({"max_iter": 1.5}, "max_iter: 1.5"),
        ({"C": -1.0}, "C: -1.0"),
        ({"nodes_per_port": 0.5}, "nodes_per_port: 0.5"),
        ({"network": "kagome"}, "network: 'kagome'"),
        ({"network": triangular_patch(6, 16.0, [0])}, "zero mode"),
    ],
)
def test_parameters_that_cannot_be(parameters: dict[str, Any], words: str) -> None:
    features, labels = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=words):
        MNNClassifier(**parameters).fit(features, labels)


@pytest.mark.parametrize(
    "loss",
    [
        FreeScaleSoftmax(np.eye(3)[[0, 1, 2, 1, 0]], -1.0),
        LinearFitLoss(np.arange(15.0).reshape(5, 3) ** 2),
    ],
    ids=lambda loss: type(loss).__name__,
)
def test_taylor_remainder_of_calibrated_losses(loss: FittedLoss) -> None:
    generator = np.random.default_rng(0)
    deviation, direction = generator.normal(size=(2, 5, 3))
    own, own_direction = loss.start, np.ones_like(loss.start)
    value, slope, own_slope = loss.value_and_gradients(deviation, own)
    steps = 2.0 ** -np.arange(6, 11)
    remainders = [
        abs(
            loss.value_and_gradients(deviation + h * direction, own + h * own_direction)[0]
            - value
            - h * (np.vdot(slope, direction) + own_slope @ own_direction)
        )
        for h in steps
    ]
    orders = np.diff(np.log(remainders)) / np.diff(np.log(steps))
    np.testing.assert_allclose(orders[-3:], 2.0, atol=0.1)
