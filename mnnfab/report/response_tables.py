"""Predictions beside targets: confusion matrices and output displacements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnnfab.losses.bands import band_text
from mnnfab.losses.readout import predicted_classes

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray, IntArray
    from mnnfab.loaded_part.assessment import LoadedPart
    from mnnfab.model.response import Response
    from mnnfab.task.task import Task
    from mnnfab.validation.results import Results


@dataclass(frozen=True)
class ConfusionMatrix:
    """Confusion matrix of a classification.

    Args:
        model: model that predicts the classes.
        subset: data split.
        names: class names.
        counts: one row per true class, one column per predicted class.
    """

    model: str
    subset: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def correct(self) -> int:
        """Number of correctly classified samples."""
        return sum(row[index] for index, row in enumerate(self.counts))

    @property
    def total(self) -> int:
        """Number of samples."""
        return sum(map(sum, self.counts))


def models_by_name(results: Results) -> Mapping[str, Response]:
    """Return the response of every model that was solved, by its name."""
    models = {}
    if results.bar is not None:
        models["bar model"] = results.bar
    if results.predicted is not None and results.problem.surrogate.correction is not None:
        models["calibrated bar model"] = results.predicted
    if results.continuum is not None:
        models["continuum model"] = results.continuum.response
    return models


def confusion_matrices(results: Results) -> list[ConfusionMatrix]:
    """Return the confusion matrices of a classification; an empty list for other tasks."""
    task = results.problem.task
    if task is None or not task.class_names:
        return []
    models = models_by_name(results)
    best = "continuum model" if "continuum model" in models else "bar model"
    outputs = models[best].outputs(task.loads_N)
    if results.loaded is not None:
        best, outputs = "loaded part", results.loaded.outputs_mm
    subsets = {"test samples": task.split.test, "all samples": np.arange(len(task.targets))}
    tables = []
    for subset, samples in subsets.items():
        stable = samples[np.isfinite(outputs[samples]).all(axis=1)]
        left_out = len(samples) - len(stable)
        name = f"{subset} without {left_out} unstable" if left_out else subset
        if stable.size:
            tables.append(_confusion(task, outputs, best, name, stable))
    return tables


def _confusion(
    task: Task, outputs_mm: FloatArray, name: str, subset: str, sample_indices: IntArray
) -> ConfusionMatrix:
    predicted = predicted_classes(task.readout, outputs_mm[sample_indices])
    n_classes = len(task.class_names)
    counts = np.zeros((n_classes, n_classes), dtype=int)
    np.add.at(counts, (task.targets[sample_indices].argmax(axis=1), predicted), 1)
    return ConfusionMatrix(name, subset, task.class_names, tuple(map(tuple, counts.tolist())))


@dataclass(frozen=True)
class OutputRow:
    """Displacement of an output under a load case.

    Args:
        output: name of the output.
        case: name of the load case.
        target: target as text, if the task has one.
        met: whether the last model meets a target with a tolerance; None for other targets.
        values: displacement in mm, or ratio, by each model, in the order of `models_by_name`, and
            of the loaded part if it was assessed; NaN if it is not stable.
    """

    output: str
    case: str
    target: str | None
    values: tuple[float, ...]
    met: bool | None = None


def output_rows(results: Results) -> list[OutputRow]:
    """Return one row per load case and output."""
    task = results.problem.task
    if task is None:
        return []
    displacements = {
        name: response.outputs(_loads(task, response))
        for name, response in models_by_name(results).items()
    }
    if results.loaded is not None:
        displacements["loaded part"] = _loaded_outputs(task, results.loaded)
    measures = [task.measures(displacement) for displacement in displacements.values()]
    met = _met(task, measures[-1]) if measures else None
    return [
        OutputRow(
            output=name,
            case=case.name,
            target=_target_of_case(task, number, case_number),
            values=tuple(float(found[case_number][number]) for found in measures),
            met=None if met is None else met[case_number][number],
        )
        for case_number, case in enumerate(task.load_cases)
        for number, name in enumerate(task.measure_names)
    ]


def _loads(task: Task, response: Response) -> FloatArray:
    """Return the loads of each load case, with the reactions of a model, (n_cases, n_in) N."""
    if task.prescribed is not None:  # a sample for each load case
        return task.applied_loads(response)
    return np.array([case.loads_N for case in task.load_cases])


def _met(task: Task, measures: FloatArray) -> list[list[bool | None]] | None:
    """Return whether each target with a tolerance is met; None for one that is free."""
    bands = task.bands
    if bands is None:
        return None
    met = (bands.deviations(measures) <= 1.0).tolist()
    given = bands.given.tolist()
    return [
        [one if wanted else None for one, wanted in zip(row, flags, strict=True)]
        for row, flags in zip(met, given, strict=True)
    ]


def _loaded_outputs(task: Task, loaded: LoadedPart) -> FloatArray:
    """Return the outputs of each load case, (n_cases, n_out) mm; NaN where the path was lost."""
    outputs = np.full((len(task.load_cases), len(task.outputs)), np.nan)
    found = {case.case.name: case for case in loaded.cases if case.share == 1.0}
    for number, case in enumerate(task.load_cases):
        if case.name in found:
            outputs[number] = found[case.name].outputs_mm
    return outputs


def _target_of_case(task: Task, output: int, case: int) -> str | None:
    """Return the target of the sample with the loads of a load case, if there is one."""
    if task.bands is not None:
        return band_text(task.bands, case, output)
    if task.target_kind != "displacements":
        return None
    matching = np.flatnonzero((task.loads_N == np.array(task.load_cases[case].loads_N)).all(axis=1))
    return f"{task.targets[matching[0], output]:.4f}" if matching.size else None
