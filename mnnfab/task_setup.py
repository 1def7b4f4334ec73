"""From a design's task section to a task: data read, split and turned into loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mnnfab.arrays import FloatArray, IntArray, frozen_floats
from mnnfab.datasets import (
    LabelledFeatures,
    iris,
    read_labelled_features,
    read_loads_and_displacements,
)
from mnnfab.design import Design, TrainingSection
from mnnfab.errors import InputError
from mnnfab.losses import Loss, ShareCrossEntropy, SoftmaxCrossEntropy, SquaredError
from mnnfab.network import Network
from mnnfab.ports import Port, check_ports
from mnnfab.task_sections import Behaviour, Classification, NoTask, Regression
from mnnfab.tasks import (
    Headline,
    LoadCase,
    Task,
    judge_behaviour_class,
    judge_behaviour_targets,
    judge_classes,
    judge_displacements,
    judge_nothing,
)
from mnnfab.units import NEWTON_PER_GF

#: Displacement that counts as one unit of evidence when a design gives none (mm).
SOFTMAX_SCALE_MM = 0.04
DEFAULT_TEST_FRACTION = 0.3
DEFAULT_SAMPLES = 100


def make_task(design: Design, network: Network, folder: Path) -> Task | None:
    """Return the design's task, or nothing if it has no ports.

    Args:
        design: the design.
        network: for checking the ports.
        folder: where the design's files are.

    Raises:
        InputError: if a port or a data set does not fit.
    """
    section = design.task
    inputs = tuple(item.port for item in section.inputs)
    outputs = tuple(item.port for item in section.outputs)
    check_ports("[task] inputs", network, inputs)
    check_ports("[task] outputs", network, outputs)
    match section:
        case Classification():
            return _classification(section, design.schedule, inputs, outputs, folder)
        case Regression():
            return _regression(section, design.schedule, inputs, outputs, folder)
        case Behaviour():
            return _behaviour(section, design.schedule, inputs, outputs)
        case NoTask():
            return _comparison(inputs, outputs) if inputs else None


def _classification(
    section: Classification,
    schedule: TrainingSection,
    inputs: tuple[Port, ...],
    outputs: tuple[Port, ...],
    folder: Path,
) -> Task:
    data = (
        iris()
        if section.dataset == "iris"
        else read_labelled_features(folder / section.dataset, len(inputs))
    )
    _check_fit(data, section.dataset, len(inputs), len(outputs))
    largest = np.abs(data.features).max(axis=0)
    loads = data.features / largest * section.load_at_max_gf * NEWTON_PER_GF
    train_rows, test_rows = _split(len(loads), schedule)
    cases = tuple(
        LoadCase(f"mean {name}", tuple(loads[data.classes == number].mean(axis=0).tolist()))
        for number, name in enumerate(data.class_names)
    )
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(np.eye(len(outputs))[data.classes]),
        loss=_cross_entropy(section.normalisation, section.loss_scale_mm),
        train_rows=train_rows,
        test_rows=test_rows,
        judge=judge_classes,
        headline=Headline("accuracy_all", "higher", _commonest_share(data)),
        load_cases=cases,
    )


def _check_fit(data: LabelledFeatures, dataset: str, n_in: int, n_out: int) -> None:
    n_features = data.features.shape[1]
    if n_features != n_in:
        raise InputError(
            "[task] inputs", f"{n_in} ports", f'{n_features}, one a feature of "{dataset}"'
        )
    if len(data.class_names) != n_out:
        raise InputError(
            "[task] outputs",
            f"{n_out} ports",
            f'{len(data.class_names)}, one a class of "{dataset}"',
        )
    empty = np.flatnonzero(np.abs(data.features).max(axis=0) == 0)
    if empty.size:
        raise InputError(
            f"{dataset}, feature {empty[0]}", "0 in every row", "a feature that is not all zero"
        )


def _commonest_share(data: LabelledFeatures) -> float:
    """Return the accuracy of always naming the commonest class."""
    return float(np.bincount(data.classes).max() / len(data.classes))


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
    train_rows, test_rows = _split(len(loads), schedule)
    largest = int(np.abs(loads).sum(axis=1).argmax())
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(targets),
        loss=_squared_error("[task] targets", targets, section.loss_scale_mm),
        train_rows=train_rows,
        test_rows=test_rows,
        judge=judge_displacements,
        headline=Headline("relative_error", "lower", 1.0),
        load_cases=(LoadCase("largest load", tuple(loads[largest].tolist())),),
    )


def _points_on_lines(section: Regression, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw loads of both signs and the displacements on the lines, with noise if asked."""
    generator = np.random.default_rng([seed, 1])
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
    if schedule.test_fraction:
        raise InputError(
            "[training] test_fraction",
            f"{schedule.test_fraction:g}",
            "0: a behaviour is one sample",
        )
    loads = np.array([section.loads_gf]) * NEWTON_PER_GF
    if section.targets_mm is not None:
        targets = np.array([section.targets_mm])
        loss = _squared_error("[task] targets_mm", targets, section.loss_scale_mm)
        judge, headline = judge_behaviour_targets, Headline("relative_error", "lower", 1.0)
    else:
        targets = np.eye(len(outputs))[[section.target_class or 0]]
        loss = _cross_entropy(section.normalisation or "share", section.loss_scale_mm)
        equal = 1 / len(outputs)
        judge, headline = judge_behaviour_class, Headline("target_share", "higher", equal)
    return Task(
        kind=section.kind,
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(targets),
        loss=loss,
        train_rows=np.array([0]),
        test_rows=np.empty(0, dtype=np.int64),
        judge=judge,
        headline=headline,
        load_cases=(LoadCase("the load", tuple(loads[0].tolist())),),
    )


def _comparison(inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Task:
    """Return a task that asks for nothing and only names ports to compare: 1 gf at each."""
    loads = np.eye(len(inputs)) * NEWTON_PER_GF
    return Task(
        kind="none",
        inputs=inputs,
        outputs=outputs,
        loads_N=frozen_floats(loads),
        targets=frozen_floats(np.zeros((len(inputs), len(outputs)))),
        loss=SquaredError(1.0),
        train_rows=np.arange(len(inputs)),
        test_rows=np.empty(0, dtype=np.int64),
        judge=judge_nothing,
        headline=None,
        load_cases=tuple(
            LoadCase(f"1 gf on {port}", tuple(row))
            for port, row in zip(inputs, loads.tolist(), strict=True)
        ),
    )


def _cross_entropy(normalisation: str, scale_mm: float | None) -> Loss:
    if normalisation == "share":
        return ShareCrossEntropy()
    return SoftmaxCrossEntropy(scale_mm or SOFTMAX_SCALE_MM)


def _squared_error(where: str, targets: FloatArray, scale_mm: float | None) -> Loss:
    size = float(np.sqrt((targets**2).mean()))
    if size == 0:
        raise InputError(where, "all zero", "targets that are not all zero")
    return SquaredError(scale_mm or size)


def _split(n_samples: int, schedule: TrainingSection) -> tuple[IntArray, IntArray]:
    """Draw which samples are trained on and which are kept apart, each in rising order."""
    fraction = schedule.test_fraction
    fraction = DEFAULT_TEST_FRACTION if fraction is None else fraction
    order = np.random.default_rng([schedule.seed, 0]).permutation(n_samples)
    n_test = min(round(fraction * n_samples), n_samples - 1)
    return np.sort(order[n_test:]), np.sort(order[:n_test])
