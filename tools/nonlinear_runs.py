"""Runs of the nonlinear tasks: linear control, loaded frame and other classifiers on one split."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from nonlinear_setups import on_samples, problem_of
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fem.frames.measures import StateMeasures
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import LostStateError
from mnnfab.loaded_part.requirements import MODEL_MARGIN
from mnnfab.losses.kinds.as_read import AsReadCrossEntropy
from mnnfab.losses.readout import predicted_classes
from mnnfab.losses.readouts.threshold import Threshold
from mnnfab.problem.problem import TrainableProblem
from mnnfab.task.reading import metric_as_read
from mnnfab.trainable_models.loaded_frame import LoadedFrameModel
from mnnfab.trainable_models.trainables import trainable_of
from mnnfab.training.optimisation import minimise_loss

#: Training rows of the frame, which are a part of those of the split, and iterations.
FRAME_ROWS, LINEAR_ITERATIONS = 60, 60
FRAME_ITERATIONS = {"xor": 8, "two-moons": 8, "circles": 20, "iris": 60}
#: Share of the test rows.
TEST = 0.3
#: Directions of the corners and sides of the square, and error of the largest load.
SIDES = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y], dtype=float)
FACTOR_ERROR = 0.02


def split_rows(classes: IntArray, seed: int) -> tuple[IntArray, IntArray]:
    """Return training and test rows of a stratified split."""
    splits = StratifiedShuffleSplit(1, test_size=TEST, random_state=seed)
    train, test = next(splits.split(classes, classes))
    return np.sort(train), np.sort(test)


def with_threshold(problem: TrainableProblem, outputs_mm: FloatArray) -> TrainableProblem:
    """Return the problem with the threshold of the highest accuracy, if its readout has one.

    Args:
        problem: problem with the samples from which the threshold is taken.
        outputs_mm: displacements of its samples, (n_samples, n_out).
    """
    if not isinstance(problem.task.readout, Threshold):
        return problem
    values, above = outputs_mm[:, 0], problem.task.targets[:, 1] == 1
    ordered = np.sort(values)
    middles = np.concatenate([[ordered[0] - 1], (ordered[1:] + ordered[:-1]) / 2])
    best = max(middles.tolist(), key=lambda middle: float(((values > middle) == above).mean()))
    return _reading(problem, Threshold(best))


def _reading(problem: TrainableProblem, readout: Threshold) -> TrainableProblem:
    loss = problem.task.loss
    assert isinstance(loss, AsReadCrossEntropy)
    task = replace(problem.task, readout=readout, loss=replace(loss, readout=readout))
    return replace(problem, task=task)


def others(name: str, seed: int) -> dict[str, float]:
    """Return the test accuracy of logistic regression and QDA on the features."""
    from mnnfab.task.datasets import built_in_features

    data = built_in_features(name)
    train, test = split_rows(data.classes, seed)
    models = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        "qda": QuadraticDiscriminantAnalysis(),
    }
    return {
        key: float(
            (
                model.fit(data.features[train], data.classes[train]).predict(data.features[test])
                == data.classes[test]
            ).mean()
        )
        for key, model in models.items()
    }


def linear(name: str, seed: int) -> float:
    """Return the test accuracy of the network of linear bars, trained from two starts.

    Ports, loads and readout are those of the frame; a threshold is fitted to all training rows.
    """
    problem = problem_of(name)
    train, test = split_rows(problem.task.targets.argmax(axis=1), seed)
    taught = on_samples(problem, train)
    starts = [taught.start_widths_mm, None]
    ends = []
    for start in starts:
        trainable = taught.trainable()
        latent = (
            np.random.default_rng(seed).uniform(size=taught.network.n_bonds)
            if start is None
            else trainable.width_map.latent(start)
        )
        fitted = with_threshold(taught, trainable.port_model(latent).outputs(taught.task.loads_N))
        latent, loss = minimise_loss(fitted.trainable(), latent, LINEAR_ITERATIONS)
        model = trainable.port_model(latent)
        fitted = with_threshold(fitted, model.outputs(taught.task.loads_N))
        read = predicted_classes(fitted.task.readout, model.outputs(problem.task.loads_N))
        right = read == problem.task.targets.argmax(axis=1)
        ends.append((loss, float(right[test].mean())))
    return min(ends)[1]


def measures(problem: TrainableProblem, latent: FloatArray) -> dict[str, Any]:
    """Return outputs, strain and smallest eigenvalues of all samples; see `StateMeasures.mode`."""
    trainable = trainable_of(problem)
    assert isinstance(trainable.model, LoadedFrameModel)
    equilibrium = trainable.model.solve(trainable.width_map.widths(latent), problem.task.loads_N)
    found = StateMeasures(trainable.model.model.frames, equilibrium)
    inside, outside = (
        min(found.mode(row, out_of_plane=out).ratio for row in range(len(problem.task.loads_N)))
        for out in (False, True)
    )
    return {
        "outputs": equilibrium.outputs_mm,
        "strain": float(equilibrium.states.strains.max()),
        "in_plane": float(inside),
        "out_of_plane": float(outside),
    }


def _scored(
    problem: TrainableProblem, latent: FloatArray, train: IntArray, test: IntArray
) -> dict[str, float]:
    """Return accuracies on the test rows, with the threshold of the training rows."""
    found = measures(problem, latent)
    outputs = found.pop("outputs")
    read = with_threshold(on_samples(problem, train), outputs[train]).task.readout
    tested = on_samples(replace(problem, task=replace(problem.task, readout=read)), test)
    metric = metric_as_read(tested.task, outputs[test], problem.design.check.resolution_mm)
    training = predicted_classes(read, outputs[train]) == problem.task.targets[train].argmax(axis=1)
    return {
        "test": metric.exact,
        "test_as_read": metric.value,
        "training": float(training.mean()),
        **found,
    }


def largest_load(strain: float) -> float:
    """Return the largest factor on the loads of XOR at which the start meets its constraints.

    It is that of the constraints of the training, at the corners and the middles of the sides.

    Args:
        strain: allowed strain.
    """
    low, high = 0.0, 2.0
    while high - low > FACTOR_ERROR:
        middle = (low + high) / 2
        problem = problem_of("xor", strain, middle)
        loads = problem.task.loads_N / np.abs(problem.task.loads_N).max(axis=0)
        rows = np.unique((loads @ SIDES.T).argmax(axis=0))
        chosen = on_samples(problem, rows)
        latent = trainable_of(chosen).width_map.latent(chosen.start_widths_mm)
        try:
            found = measures(chosen, latent)
        except LostStateError:
            high = middle
            continue
        stable = 1 - 1 / (MODEL_MARGIN * problem.design.check.min_stability_factor)
        meets = found["strain"] <= strain / MODEL_MARGIN and found["in_plane"] >= stable
        low, high = (middle, high) if meets else (low, middle)
    return low


def frame(name: str, seed: int, strain: float = 0.3, load: float = 1.0) -> dict[str, Any]:
    """Return the scores of the frame with its start widths and after training."""
    begin = time.perf_counter()
    problem = problem_of(name, strain, load)
    classes = problem.task.targets.argmax(axis=1)
    train, test = split_rows(classes, seed)
    few, _ = train_test_split(
        train, train_size=FRAME_ROWS, stratify=classes[train], random_state=seed
    )
    taught = on_samples(problem, np.sort(few))
    trainable = trainable_of(taught)
    latent = trainable.width_map.latent(taught.start_widths_mm)
    start = _scored(problem, latent, train, test)
    outputs = trainable.port_model(latent).outputs(taught.task.loads_N)
    taught = with_threshold(taught, outputs)
    latent, loss = minimise_loss(trainable_of(taught), latent, FRAME_ITERATIONS[name])
    end = _scored(problem, latent, train, test)
    widths = trainable.width_map.widths(latent)
    return {
        "start": start,
        "trained": end,
        "loss": loss,
        "bonds": problem.network.n_bonds,
        "loads_gf": (np.abs(problem.task.loads_N).max(axis=0) / 9.80665e-3).round(0).tolist(),
        "widths_mm": widths.round(4).tolist(),
        "seconds": round(time.perf_counter() - begin, 1),
    }
