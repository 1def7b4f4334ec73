"""Construction of a task from the [task] section: data are read, split and scaled to loads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.design.design import Design
from mnnfab.design.task_section import Behaviour, Classification, NoTask, Regression
from mnnfab.design.training_section import TrainingSection
from mnnfab.errors import InputError
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.losses.loss import Loss, LossOptions, loss_kinds
from mnnfab.network.network import Network
from mnnfab.network.ports import Port, check_ports
from mnnfab.random_streams import Stream, random_generator
from mnnfab.task.datasets import (
    LabelledFeatures,
    labelled_features,
    read_loads_and_displacements,
)
from mnnfab.task.metrics import Baseline, PrimaryMetric
from mnnfab.task.task import (
    DataSplit,
    LoadCase,
    Task,
    behaviour_class_metrics,
    behaviour_target_metrics,
    classification_metrics,
    displacement_metrics,
    no_metrics,
)
from mnnfab.units import NEWTON_PER_GF

#: Baseline of a relative error: that of outputs that do not move.
NO_MOTION = Baseline(1.0)
DEFAULT_TEST_FRACTION = 0.3
DEFAULT_VALIDATION_FRACTION = 0.2
DEFAULT_SAMPLES = 100


#: Smaller loads and targets are refused as mistakes.
LEAST_LOAD_GF, LEAST_TARGET_MM = 1e-9, 1e-12


def make_task(design: Design, network: Network, folder: Path) -> Task | None:
    """Return the task of a design; None if it has no ports.

    Args:
        design: the design.
        network: network that the ports must belong to.
        folder: folder of the files that the design names.

    Raises:
        InputError: if a port or a data set does not fit the design.
    """
    section = design.task
    inputs = tuple(item.port for item in section.inputs)
    outputs = tuple(item.port for item in section.outputs)
    check_ports("[task] inputs", network, inputs)
    check_ports("[task] outputs", network, outputs)
    match section:
        case Classification():
            task = _classification(section, design, inputs, outputs, folder)
        case Regression():
            task = _regression(section, design.schedule, inputs, outputs, folder)
        case Behaviour():
            task = _behaviour(section, design.schedule, inputs, outputs)
        case NoTask():
            return _comparison(inputs, outputs) if inputs else None
    _check_size(task)
    return task


def _check_size(task: Task) -> None:
    """Refuse loads so small that results computed from them are lost to rounding."""
    largest = float(np.abs(task.loads_N).max()) / NEWTON_PER_GF
    if largest < LEAST_LOAD_GF:
        given = f"loads of at most {largest:g} gf"
        raise InputError("[task]", given, f"loads of {LEAST_LOAD_GF:g} gf or more")


def _classification(
    section: Classification,
    design: Design,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    folder: Path,
) -> Task:
    data = labelled_features(section.dataset, folder, section.features)
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
        loss=_loss(section, section.loss, targets, "[task] outputs"),
        split=split,
        evaluate=classification_metrics,
        primary_metric=PrimaryMetric(
            "accuracy_all",
            "higher",
            baseline=_commonest_class(data.classes),
            training="accuracy_train",
            training_baseline=_commonest_class(data.classes[split.train]),
        ),
        load_cases=cases,
        class_names=data.class_names,
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


def _commonest_class(classes: IntArray) -> Baseline:
    """Return the accuracy of always predicting the most frequent class, and its margin of chance.

    The margin is two standard errors, capped at half of 1 − share because the standard error is
    large for few samples.
    """
    share = float(np.bincount(classes).max() / len(classes))
    two_errors = 2 * float(np.sqrt(share * (1 - share) / len(classes)))
    return Baseline(share, chance_margin=min(two_errors, (1 - share) / 2))


def _regression(
    section: Regression,
    schedule: TrainingSection,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    folder: Path,
) -> Task:
    if section.dataset is not None:
        path = folder / section.dataset
        loads, targets = read_loads_and_displacements(path, len(inputs), len(outputs))
    else:
        loads, targets = _points_on_lines(section, schedule.seed)
    largest = int(np.abs(loads).sum(axis=1).argmax())
    split = split_samples(len(loads), schedule)
    if not loads[largest].any():
        raise InputError(section.dataset or "[task]", "loads all 0", "loads that are not all 0")
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(targets),
        loss=_loss(section, section.loss, targets, "[task] targets"),
        split=split,
        evaluate=displacement_metrics,
        primary_metric=PrimaryMetric(
            "relative_error",
            "lower",
            NO_MOTION,
            "relative_error_train",
            _no_motion(targets, split.train),
        ),
        load_cases=(LoadCase("largest load", tuple(loads[largest].tolist())),),
    )


def _no_motion(targets: FloatArray, rows: IntArray) -> Baseline:
    """Return the error of zero displacements on some samples, over the size of all targets."""
    size = (targets**2).mean()
    return Baseline(float(np.sqrt((targets[rows] ** 2).mean() / size))) if size else NO_MOTION


def _points_on_lines(section: Regression, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw loads of both signs and return them with the displacements on the lines, plus noise."""
    generator = random_generator(seed, Stream.REGRESSION_SAMPLES)
    largest = (section.max_load_gf or 0.0) * NEWTON_PER_GF
    loads = generator.uniform(-largest, largest, size=(section.samples or DEFAULT_SAMPLES, 1))
    targets = loads * np.array(section.slopes_mm_per_N)
    return loads, targets + (section.noise_mm or 0.0) * generator.standard_normal(targets.shape)


def _behaviour(
    section: Behaviour,
    schedule: TrainingSection,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
) -> Task:
    for key in ("test_fraction", "validation_fraction"):
        if getattr(schedule, key):
            given = f"{getattr(schedule, key):g}"
            raise InputError(f"[training] {key}", given, "0: a behaviour has a single sample")
    loads = np.array([section.loads_gf]) * NEWTON_PER_GF
    if section.targets_mm is not None:
        targets = np.array([section.targets_mm])
        loss = _loss(section, section.loss or "mse", targets, "[task] targets_mm")
        evaluate = behaviour_target_metrics
        primary_metric = PrimaryMetric(
            "relative_error", "lower", NO_MOTION, "relative_error", NO_MOTION
        )
    else:
        targets = np.eye(len(outputs))[[section.target_class or 0]]
        chosen = section.model_copy(update={"normalisation": section.normalisation or "share"})
        loss = _loss(chosen, section.loss or "cross-entropy", targets, "[task] target_class")
        equal = Baseline(1 / len(outputs))
        evaluate = behaviour_class_metrics
        primary_metric = PrimaryMetric("target_share", "higher", equal, "target_share", equal)
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(targets),
        loss=loss,
        split=DataSplit(np.array([0])),
        evaluate=evaluate,
        primary_metric=primary_metric,
        load_cases=(LoadCase("the load", tuple(loads[0].tolist())),),
    )


def _comparison(inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Task:
    """Return a task without targets, for model comparison at the ports under 1 gf each."""
    loads = np.eye(len(inputs)) * NEWTON_PER_GF
    return Task(
        kind="none",
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(np.zeros((len(inputs), len(outputs)))),
        loss=SquaredError(1.0),
        split=DataSplit(np.arange(len(inputs))),
        evaluate=no_metrics,
        primary_metric=None,
        load_cases=tuple(
            LoadCase(f"1 gf on {port}", tuple(row))
            for port, row in zip(inputs, loads.tolist(), strict=True)
        ),
    )


def _loss(
    section: Classification | Regression | Behaviour, name: str, targets: FloatArray, where: str
) -> Loss:
    """Return the loss of a task section.

    Raises:
        InputError: if the targets are displacements that are all zero.
    """
    kind, size = loss_kinds()[name], float(np.sqrt((targets**2).mean()))
    if kind.targets == "displacements" and size < LEAST_TARGET_MM:
        given = "all zero" if size == 0 else f"{size:g} mm in the root mean square"
        raise InputError(where, given, "targets that are not all zero")
    normalisation = getattr(section, "normalisation", None)
    return kind.make(LossOptions(normalisation, section.loss_scale_mm, size))


def split_samples(n_samples: int, schedule: TrainingSection) -> DataSplit:
    """Return a random split into training, validation and test samples, each in ascending order."""
    n_test = _count(schedule.test_fraction, DEFAULT_TEST_FRACTION, n_samples)
    order = random_generator(schedule.seed, Stream.DATA_SPLIT).permutation(n_samples)
    test, rest = np.split(order, [n_test])
    choice = DEFAULT_VALIDATION_FRACTION if schedule.restarts > 1 else 0.0
    validation, train = np.split(rest, [_count(schedule.validation_fraction, choice, len(rest))])
    return DataSplit(np.sort(train), np.sort(validation), np.sort(test))


def _count(fraction: float | None, default: float, n_samples: int) -> int:
    """Return the number of samples in a fraction; at least one sample is left out."""
    return min(round((default if fraction is None else fraction) * n_samples), n_samples - 1)


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
