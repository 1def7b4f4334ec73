"""Accuracy of trained networks and of logistic regression on the same data splits."""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mnnfab import MNNClassifier, load_design, make_problem, train_problem
from mnnfab.design.training_section import TrainingSection
from mnnfab.task.datasets import built_in_features
from mnnfab.task.split import split_samples

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
IRIS_SPLITS, OTHER_SPLITS = 30, 5
Scores = list[tuple[float, ...]]


def example_scores(name: str, n_splits: int) -> Scores:
    """Return the accuracies on training set, test set and all samples, one row per seed."""
    design = load_design(EXAMPLES / f"{name}.toml")
    scores: Scores = []
    for seed in range(n_splits):
        section = design.schedule.model_copy(update={"seed": seed})
        problem = make_problem(design.model_copy(update={"training": section}), EXAMPLES)
        metrics = train_problem(problem).history[-1].metrics
        row = [metrics[f"accuracy_{part}"] for part in ("train", "test", "all")]
        scores.append(tuple(value for value in row if isinstance(value, float)))
    return scores


def estimator_scores(dataset: str, estimator: ClassifierMixin, n_splits: int) -> Scores:
    """Return the same accuracies of a scikit-learn estimator, on the same splits."""
    data = built_in_features(dataset)
    scores: Scores = []
    for seed in range(n_splits):
        parts = split_samples(len(data.classes), TrainingSection(seed=seed))
        estimator.fit(data.features[parts.train], data.classes[parts.train])
        right = estimator.predict(data.features) == data.classes
        scores.append((right[parts.train].mean(), right[parts.test].mean(), right.mean()))
    return scores


def show(name: str, scores: Sequence[Sequence[float]]) -> None:
    """Print the mean of each column and the minimum of the last."""
    train, test, whole = np.mean(scores, axis=0)
    least = np.min(scores, axis=0)[2]
    print(f"  {name:<32} {train:.3f}  {test:.3f}  {whole:.3f}   {least:.3f}", flush=True)


def main() -> None:
    """Print a table for each data set."""
    warnings.filterwarnings("ignore")
    logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    for dataset, n_splits in (
        ("iris", IRIS_SPLITS),
        ("wine", OTHER_SPLITS),
        ("breast-cancer", OTHER_SPLITS),
    ):
        print(f"{dataset}: mean of {n_splits} splits     train  test   all     minimum of all")
        if dataset == "iris":
            show("examples/iris.toml", example_scores("iris", n_splits))
            show("examples/iris-bias.toml*", example_scores("iris-bias", n_splits))
        show("MNNClassifier", estimator_scores(dataset, MNNClassifier(random_state=0), n_splits))
        show("logistic regression", estimator_scores(dataset, logistic, n_splits))
    print("  * ports selected on all 150 flowers; those of MNNClassifier on the training set only")


if __name__ == "__main__":
    main()
