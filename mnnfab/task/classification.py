"""Classification: features of a data set to loads, classes to targets."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.design.design import Design
from mnnfab.design.task_section import Classification
from mnnfab.errors import InputError
from mnnfab.losses.readout import readout_kinds
from mnnfab.network.ports import AnyPort
from mnnfab.task.data_set import LabelledFeatures
from mnnfab.task.datasets import ColumnChoice, labelled_features
from mnnfab.task.feature_loads import SCALINGS, FeatureLoads
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

#: Mean loads of a class below this share of the mean size of its loads say nothing about it, as in
#: the quadrants of XOR.
CANCELLED = 0.25


def make_classification(
    section: Classification,
    design: Design,
    inputs: tuple[AnyPort, ...],
    outputs: tuple[AnyPort, ...],
    folder: Path,
) -> Task:
    """Return the task of a classification.

    Raises:
        InputError: if the data do not fit the ports, or the loads or targets are all zero.
    """
    data = classification_samples(section, folder)
    _check_fit(data, section, len(outputs))
    readout = readout_kinds()[section.readout].make(section.threshold_mm or 0.0)
    loads_of = feature_loads(section, data)
    loads = loads_of.loads(data.features)
    _check_rounding(data, section, loads)
    cases = tuple(
        _load_case(name, loads[data.classes == number])
        for number, name in enumerate(data.class_names)
    )
    targets = frozen_floats(np.eye(len(data.class_names))[data.classes])
    split = split_samples(len(loads), design.schedule)
    if design.widths is None:
        _check_training_part(data, split)
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        exact_loads_N=_exact_loads(loads_of, data),
        targets=targets,
        loss=make_loss(
            section, section.loss, targets, "[task] outputs", design.check.resolution_mm, readout
        ),
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
        readout=readout,
    )


def classification_samples(section: Classification, folder: Path) -> LabelledFeatures:
    """Return the samples of a classification.

    Raises:
        InputError: if the data set does not exist or is invalid.
    """
    choice = ColumnChoice(section.features, section.class_column, section.missing)
    return labelled_features(section.dataset, folder, choice)


def feature_loads(section: Classification, data: LabelledFeatures) -> FeatureLoads:
    """Return the map from the features of a classification to the loads of its inputs."""
    if section.feature_limits is not None:
        lowest, highest = np.array(section.feature_limits).T
        offset, size = lowest, highest - lowest
    else:
        offset, size = SCALINGS[section.scaling](data.features)
    return FeatureLoads(
        offset,
        size,
        np.array(section.loads_at_max_gf),
        section.bias_gf,
        lever=section.scaling == "lever",
        clipped=section.feature_limits is not None,
        round_to_gf=section.round_to_gf,
    )


def _load_case(name: str, loads: FloatArray) -> LoadCase:
    """Return the load case of a class: its mean loads, or its largest if they nearly cancel.

    Args:
        name: name of the class.
        loads: loads of its samples, (n, n_in) N.
    """
    mean, sizes = loads.mean(axis=0), np.hypot.reduce(loads, axis=1)
    if np.hypot.reduce(mean) < CANCELLED * sizes.mean():
        return LoadCase(f"largest {name}", tuple(loads[sizes.argmax()].tolist()))
    return LoadCase(f"mean {name}", tuple(mean.tolist()))


def _exact_loads(loads_of: FeatureLoads, data: LabelledFeatures) -> FloatArray | None:
    """Return the loads before rounding, if they are rounded."""
    if loads_of.round_to_gf is None:
        return None
    return frozen_floats(loads_of.exact_loads(data.features))


def _check_fit(data: LabelledFeatures, section: Classification, n_out: int) -> None:
    dataset, n_features = section.dataset, data.features.shape[1]
    if n_features != section.n_features:
        each, number = ("two", 2) if section.scaling == "lever" else ("one", 1)
        has_bias = section.bias_gf is not None
        bias = " and one for the bias" if has_bias else ""
        raise InputError(
            "[task] inputs",
            f"{len(section.inputs)} ports",
            f'{number * n_features + has_bias}, {each} per feature of "{dataset}"{bias}',
        )
    counts = np.bincount(data.classes, minlength=len(data.class_names))
    if len(counts) == 1:
        raise InputError(dataset, f'one class, "{data.class_names[0]}"', "two classes or more")
    kind = readout_kinds()[section.readout]
    if kind.n_classes not in {None, len(counts)}:
        given = f'"{kind.name}" with {len(counts)} classes of "{dataset}"'
        raise InputError("[task] readout", given, f"{kind.n_classes} classes")
    if kind.n_outputs is None and len(counts) != n_out:
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
    inputs_each = 2 if section.scaling == "lever" else 1
    names = [name for name in data.feature_names for _ in range(inputs_each)]
    for name, column in zip(names, loads.T, strict=False):
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
