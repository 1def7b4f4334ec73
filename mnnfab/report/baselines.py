"""Baselines of all metrics of a task: what a prediction reaches that does not see the loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mnnfab.task.task import Task


def baseline_of(task: Task, name: str) -> float | None:
    """Return the metric of a constant prediction; None for a metric that has none.

    The constant prediction is the most frequent class (in a part of the samples that of the
    training samples), or outputs that do not move.

    Args:
        task: a task.
        name: key in its metrics.
    """
    primary = task.primary_metric
    if primary is None:
        return None
    if name in {primary.name, f"{primary.name}_unrounded"}:
        return primary.baseline.value
    if name.startswith("accuracy_"):
        return _share_of_commonest(task, name.removeprefix("accuracy_"))
    if task.target_kind == "displacements":
        at_rest = task.evaluate(task, np.zeros_like(task.targets)).get(name)
        return at_rest if isinstance(at_rest, float) else None
    return None


def _share_of_commonest(task: Task, subset: str) -> float | None:
    """Return the share of the most frequent training class in a subset of the samples."""
    indices = {
        "train": task.split.train,
        "validation": task.split.validation,
        "test": task.split.test,
    }.get(subset)
    if indices is None or not len(indices):
        return None
    classes = task.targets.argmax(axis=1)
    commonest = np.bincount(classes[task.split.train]).argmax()
    return float((classes[indices] == commonest).mean())
