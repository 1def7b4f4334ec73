"""Built-in data sets: counts and values of their sources, and the accuracies of other classifiers.

Values of penguins are those of the R package palmerpenguins, of seeds those of the UCI file.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mnnfab import InputError
from mnnfab.commands.designs import DATA_SETS
from mnnfab.problem.new_design import Start, new_design_text
from mnnfab.task.data_set import LabelledFeatures, built_in_data_sets
from mnnfab.task.datasets import BUILT_IN, built_in_features, labelled_features

#: Accuracies are given in tenths of a percent, some of XOR and circles in percent.
ROUNDED = 0.0005
ROUNDED_TO_PERCENT = 0.005
COUNTS = {
    "iris": (50, 50, 50),
    "wine": (59, 71, 48),
    "breast-cancer": (212, 357),
    "penguins": (151, 68, 123),
    "seeds": (70, 70, 70),
    "xor": (219, 181),
    "circles": (200, 200),
    "two-moons": (200, 200),
}
MODELS = {
    "LR": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
    "LDA": LinearDiscriminantAnalysis(),
    "QDA": QuadraticDiscriminantAnalysis(),
}


def test_every_data_set_has_its_samples() -> None:
    assert list(BUILT_IN) == list(COUNTS)
    ranks = [one.rank for one in built_in_data_sets().values()]
    assert ranks == sorted(set(ranks))
    for name, counts in COUNTS.items():
        data = built_in_features(name)
        assert tuple(np.bincount(data.classes).tolist()) == counts
        assert data.features.shape == (sum(counts), len(data.feature_names))
        assert len(data.class_names) == len(counts)
        assert np.isfinite(data.features).all()
        assert (np.ptp(data.features, axis=0) > 0).all()
        np.testing.assert_array_equal(data.features, built_in_features(name).features)


def sample(data: LabelledFeatures, row: int) -> tuple[list[float], str]:
    return data.features[row].tolist(), data.class_names[data.classes[row]]


def test_penguins_of_the_source() -> None:
    data = built_in_features("penguins")
    names = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
    assert data.feature_names == names
    assert sample(data, 0) == ([39.1, 18.7, 181.0, 3750.0], "Adelie")
    # Row 4 of the source has no measurements and is left out: row 5 follows row 3.
    assert sample(data, 3) == ([36.7, 19.3, 193.0, 3450.0], "Adelie")
    assert sample(data, 341) == ([50.2, 18.7, 198.0, 3775.0], "Chinstrap")
    # Means that R's summary(penguins) gives.
    means = [f"{mean:.4g}" for mean in data.features.mean(axis=0)]
    assert means == ["43.92", "17.15", "200.9", "4202"]


def test_seeds_of_the_source() -> None:
    data = built_in_features("seeds")
    assert sample(data, 0) == ([15.26, 14.84, 0.871, 5.763, 3.312, 2.221, 5.22], "Kama")
    assert sample(data, 209) == ([12.3, 13.34, 0.8684, 5.243, 2.974, 5.637, 5.063], "Canadian")
    area, perimeter, compactness = data.features.T[:3]
    # Compactness is 4πA/P² of A and P before they were rounded; the largest error of rounding is
    # 0.0025 (row 60 of the UCI file).
    np.testing.assert_allclose(compactness, 4 * np.pi * area / perimeter**2, atol=0.0026)


def test_generated_sets_are_what_they_say() -> None:
    xor, circles = built_in_features("xor"), built_in_features("circles")
    assert np.abs(xor.features).max() < 1
    np.testing.assert_array_equal(xor.classes, np.prod(np.sign(xor.features), axis=1) > 0)
    radii = np.hypot(*circles.features.T)
    # Mean of 200 radii with noise 0.1: standard error 0.007; the noise across adds 0.01.
    for number, radius in enumerate((1.0, 0.5)):
        assert radii[circles.classes == number].mean() == pytest.approx(radius, abs=0.035)
    moons = built_in_features("two-moons")
    upper, lower = (moons.features[moons.classes == number] for number in (0, 1))
    assert np.hypot(*upper.T).mean() == pytest.approx(1.0, abs=0.035)
    assert np.hypot(*(lower - [1.0, 0.5]).T).mean() == pytest.approx(1.0, abs=0.035)


@pytest.mark.parametrize(
    ("name", "model", "accuracy", "tolerance"),
    [
        ("iris", "LR", 0.964, ROUNDED),
        ("iris", "LDA", 0.978, ROUNDED),
        ("wine", "LR", 0.985, ROUNDED),
        ("breast-cancer", "LR", 0.967, ROUNDED),
        ("penguins", "LR", 0.986, ROUNDED),
        ("seeds", "LR", 0.940, ROUNDED),
        ("seeds", "LDA", 0.978, ROUNDED),
        ("two-moons", "LR", 0.893, ROUNDED),
        ("xor", "LR", 0.52, ROUNDED_TO_PERCENT),
        ("xor", "QDA", 0.95, ROUNDED_TO_PERCENT),
        ("circles", "LR", 0.44, ROUNDED_TO_PERCENT),
        ("circles", "QDA", 0.977, ROUNDED),
    ],
)
def test_other_classifiers_reach_what_is_known(
    name: str, model: str, accuracy: float, tolerance: float
) -> None:
    """References computed from the sources with scikit-learn, apart from this program."""
    data = built_in_features(name)
    splits = StratifiedShuffleSplit(5, test_size=0.3, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_val_score(MODELS[model], data.features, data.classes, cv=splits)
    assert scores.mean() == pytest.approx(accuracy, abs=tolerance + 1e-9)


def test_names_are_listed_for_users(tmp_path: Path) -> None:
    assert sorted(DATA_SETS.split(", ")) == sorted(BUILT_IN)
    text = new_design_text("mine", tmp_path, Start("classification", "seeds"))
    for name in BUILT_IN:
        assert f'"{name}"' in text
    with pytest.raises(InputError, match=r'"iris", "wine", .*"two-moons", or a CSV'):
        labelled_features("moons", tmp_path)
