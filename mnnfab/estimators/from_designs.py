"""Designs as classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.design.task_section import DEFAULT_READOUT, Classification
from mnnfab.errors import InputError
from mnnfab.io.cells import normalised
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import PortProblem, Problem, require_ports
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.runs.load import load_run
from mnnfab.task.classification import classification_samples, feature_loads
from mnnfab.task.feature_loads import FeatureLoads


@dataclass(frozen=True, eq=False)
class DesignedClassifier:
    """The classifier that a design with widths is.

    Args:
        problem: the design.
        widths_mm: (n_bonds,).
        loads: map from features to loads.
        class_names: class of every output.
        features: samples of the design, (n_samples, n_features).
        classes: number of the class of every sample, (n_samples,).
    """

    problem: PortProblem
    widths_mm: FloatArray
    loads: FeatureLoads
    class_names: tuple[str, ...]
    features: FloatArray
    classes: IntArray


def read_classifier(
    source: Problem | Path | str, widths_mm: FloatArray | None = None
) -> DesignedClassifier:
    """Return the classifier of a design or a run.

    Args:
        source: a problem, a design file, or the folder of a run.
        widths_mm: widths, (n_bonds,); by default those of the run, or that the design gives.

    Raises:
        InputError: if it is not a classification, or has no widths.
    """
    problem, widths = _read(source)
    problem = require_ports(problem)
    section = problem.design.task
    if not isinstance(section, Classification):
        where = f"{problem.design.name}, [task] kind"
        raise InputError(where, f'"{section.kind}"', '"classification"')
    if not problem.task.readout.magnitudes:
        where, given = f"{problem.design.name}, [task] readout", f'"{section.readout}"'
        raise InputError(where, given, f'"{DEFAULT_READOUT}", the readout of a classifier')
    widths = widths if widths_mm is None else widths_mm
    if widths is None:
        allowed = "a design with [widths], widths_mm, or the folder of a run"
        raise InputError(problem.design.name, "no widths", allowed)
    data = classification_samples(section, problem.folder)
    loads = feature_loads(section, data)
    return DesignedClassifier(
        problem, np.asarray(widths), loads, data.class_names, data.features, data.classes
    )


def _read(source: Problem | Path | str) -> tuple[Problem, FloatArray | None]:
    if isinstance(source, Problem):
        return source, source.given_widths_mm
    path = Path(source)
    if path.is_dir():
        problem, record = load_run(path, StageTimer(NullWatcher()))
        return problem, record.widths_mm
    problem = load_problem(path)
    return problem, problem.given_widths_mm


def labels_named(class_names: Sequence[str], classes: ArrayLike | None) -> NDArray[Any]:
    """Return the label of every class, (n_classes,).

    Args:
        class_names: names of the classes in a design.
        classes: the labels in any order, whose texts are these names; the names if not given.

    Raises:
        InputError: if a class has no label.
    """
    if classes is None:
        return np.array(class_names)
    labels = np.asarray(classes)
    texts = [normalised(str(label)) for label in labels.tolist()]
    if sorted(texts) != sorted(class_names):
        raise InputError("classes", ", ".join(texts), f"the classes {', '.join(class_names)}")
    found: NDArray[Any] = labels[[texts.index(name) for name in class_names]]
    return found
