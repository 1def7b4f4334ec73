"""Classification: features of a data set to loads, classes to targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.design.design import Design
from mnnfab.design.task_section import Classification
from mnnfab.errors import InputError
from mnnfab.network.ports import Port
from mnnfab.task.data_set import LabelledFeatures
from mnnfab.task.datasets import ColumnChoice, labelled_features
from mnnfab.task.loss_choice import make_loss
from mnnfab.task.metrics import Baseline, PrimaryMetric
from mnnfab.task.split import split_samples
from mnnfab.task.task import (
    DataSplit,
    LoadCase,
    Task,
    classification_metrics,
)
from mnnfab.units import NEWTON_PER_GF


def make_classification(
    section: Classification,
    design: Design,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    folder: Path,
) -> Task:
    """Return the task of a classification.

    Raises:
        InputError: if the data do not fit the ports, or the loads or targets are all zero.
    """
    choice = ColumnChoice(section.features, section.class_column, section.missing)
    data = labelled_features(section.dataset, folder, choice)
    _check_fit(data, section, len(outputs))
    exact = _loads_of(data, section)
    step = (section.round_to_gf or 0.0) * NEWTON_PER_GF
    loads = np.round(exact / step) * step if step else exact
    _check_rounding(data, section, loads)
    cases = tuple(
        LoadCase(f"mean {name}", tuple(loads[data.classes == number].mean(axis=0).tolist()))
        for number, name in enumerate(data.class_names)
    )
    targets = frozen_floats(np.eye(len(outputs))[data.classes])
    split = split_samples(len(loads), design.schedule)
    if design.widths is None:
        _check_training_part(data, split)
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        exact_loads_N=frozen_floats(exact) if step else None,
        targets=targets,
        loss=make_loss(section, section.loss, targets, "[task] outputs"),
        split=split,
        evaluate=classification_metrics,
        primary_metric=PrimaryMetric(
            "accuracy_all",
            "higher",
            baseline=commonest_class_baseline(data.classes),
            training="accuracy_train",
            training_baseline=commonest_class_baseline(data.classes[split.train]),
        ),
        load_cases=cases,
        class_names=data.class_names,
        input_findings=data.findings,
    )


def _loads_of(data: LabelledFeatures, section: Classification) -> FloatArray:
    """Return the load of every feature of every sample, and the bias, (n_samples, n_in) N."""
    scaled = SCALINGS[section.scaling](data.features)
    loads: FloatArray = scaled * np.array(section.loads_at_max_gf)
    if section.bias_gf is not None:
        loads = np.column_stack([loads, np.full(len(loads), section.bias_gf)])
    return loads * NEWTON_PER_GF


def _check_fit(data: LabelledFeatures, section: Classification, n_out: int) -> None:
    dataset, n_features = section.dataset, data.features.shape[1]
    if n_features != section.n_features:
        bias = " and one for the bias" if section.bias_gf is not None else ""
        raise InputError(
            "[task] inputs",
            f"{len(section.inputs)} ports",
            f"{n_features + len(section.inputs) - section.n_features}, one per feature of "
            f'"{dataset}"{bias}',
        )
    counts = np.bincount(data.classes, minlength=len(data.class_names))
    if len(counts) == 1:
        raise InputError(dataset, f'one class, "{data.class_names[0]}"', "two classes or more")
    if len(counts) != n_out:
        raise InputError(
            "[task] outputs", f"{n_out} ports", f'{len(counts)}, one per class of "{dataset}"'
        )
    constant = np.flatnonzero(np.ptp(data.features, axis=0) == 0)
    if constant.size:
        raise InputError(
            f'{dataset}, feature "{data.feature_names[constant[0]]}"',
            f"{data.features[0, constant[0]]:g} in every row",
            "a feature that differs between rows; bias_gf gives a constant weight",
        )


def _check_rounding(data: LabelledFeatures, section: Classification, loads: FloatArray) -> None:
    """Refuse rounding that makes an input the same in all samples, or the bias 0."""
    where, allowed = "[task] round_to_gf", "finer weights, or heavier loads"
    given = f"{section.round_to_gf}"
    for name, column in zip(data.feature_names, loads.T, strict=False):
        if np.ptp(column) == 0:
            every = f"{column[0] / NEWTON_PER_GF + 0.0:g} gf"
            raise InputError(where, f'{given}: "{name}" becomes {every} in every row', allowed)
    if section.bias_gf is not None and not loads[0, -1]:
        raise InputError(where, f"{given}: the bias of {section.bias_gf:g} gf becomes 0", allowed)


def _check_training_part(data: LabelledFeatures, split: DataSplit) -> None:
    """Refuse a data split in which a class has no training sample."""
    found = np.unique(data.classes[split.train])
    absent = np.setdiff1d(np.arange(len(data.class_names)), found)
    if absent.size:
        name = data.class_names[absent[0]]
        raise InputError(
            "[training] test_fraction",
            f'no sample of "{name}" among the {len(split.train)} training samples',
            "more samples, smaller test_fraction and validation_fraction, or another seed",
        )


def commonest_class_baseline(classes: IntArray) -> Baseline:
    """Return the accuracy of always predicting the most frequent class, and its margin of chance.

    The margin is two standard errors, capped at half of 1 − share because the standard error is
    large for few samples.
    """
    share = float(np.bincount(classes).max() / len(classes))
    two_errors = 2 * float(np.sqrt(share * (1 - share) / len(classes)))
    return Baseline(share, chance_margin=min(two_errors, (1 - share) / 2))


def _by_maximum(features: FloatArray) -> FloatArray:
    scaled: FloatArray = features / np.abs(features).max(axis=0)
    return scaled


def _by_range(features: FloatArray) -> FloatArray:
    scaled: FloatArray = (features - features.min(axis=0)) / np.ptp(features, axis=0)
    return scaled


def _standard(features: FloatArray) -> FloatArray:
    return _by_maximum(features - features.mean(axis=0))


#: Scalings of features to values of at most 1, by their names in the design file.
SCALINGS: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "maximum": _by_maximum,
    "range": _by_range,
    "standard": _standard,
}
