"""Accuracy of MNNClassifier, logistic regression and LDA on test rows of the same splits.

    python benchmarks/classifiers.py [DATA SET …] [--splits 30]

Every split is stratified, 70 % of the rows for training. Ports, widths and the strength of the
penalty are chosen on the training rows alone.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mnnfab import MNNClassifier
from mnnfab.task.data_set import LabelledFeatures
from mnnfab.task.datasets import built_in_features

DATA_SETS = ("iris", "wine", "breast-cancer", "penguins", "seeds")
#: Three free nodes per port.
NODES_PER_PORT = 3.0
Maker = Callable[[int], ClassifierMixin]


def network(seed: int) -> ClassifierMixin:
    """Return the classifier that is a network."""
    return MNNClassifier(nodes_per_port=NODES_PER_PORT, random_state=seed)


def logistic(seed: int) -> ClassifierMixin:  # noqa: ARG001 - it has no random numbers
    """Return logistic regression with its defaults on standardised features."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))


def discriminant(seed: int) -> ClassifierMixin:  # noqa: ARG001 - it has no random numbers
    """Return linear discriminant analysis."""
    return LinearDiscriminantAnalysis()


MODELS: dict[str, Maker] = {
    "MNNClassifier": network,
    "logistic regression": logistic,
    "LDA": discriminant,
}


def scores(data: LabelledFeatures, make: Maker, n_splits: int) -> tuple[np.ndarray, float]:
    """Return the accuracies on training and test rows, (n_splits, 2), and s per fit."""
    splits = StratifiedShuffleSplit(n_splits, test_size=0.3, random_state=0)
    found, seconds = [], 0.0
    for seed, (train, test) in enumerate(splits.split(data.features, data.classes)):
        start = time.perf_counter()
        model = make(seed).fit(data.features[train], data.classes[train])
        seconds += time.perf_counter() - start
        right = model.predict(data.features) == data.classes
        found.append((right[train].mean(), right[test].mean()))
    return np.array(found), seconds / n_splits


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data_sets", nargs="*", default=DATA_SETS)
    parser.add_argument("--splits", type=int, default=30)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(f"accuracy, mean ± sd of {chosen.splits} splits          training  test           time")
    for name in chosen.data_sets:
        data = built_in_features(name)
        for title, make in MODELS.items():
            found, seconds = scores(data, make, chosen.splits)
            (training, test), sd = found.mean(axis=0), found[:, 1].std(ddof=1)
            print(
                f"{name:<14} {title:<32} {training:.3f}     {test:.3f} ± {sd:.3f}  {seconds:.2f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
