"""Common functions of the sections of docs/explanation/validation.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mnnfab import Problem
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.task.metrics import PrimaryMetric
from mnnfab.task.task import Task

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, EXPLANATION = ROOT / "examples", ROOT / "docs" / "explanation"
PICTURES = EXPLANATION / "validation"


def timer() -> StageTimer:
    """Return a stage timer without output."""
    return StageTimer(NullWatcher())


def task_of(problem: Problem) -> tuple[Task, PrimaryMetric]:
    """Return the task of an example and its primary metric."""
    assert problem.task is not None, "every example has a task"
    assert problem.task.primary_metric is not None, "every example has a primary metric"
    return problem.task, problem.task.primary_metric


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]]) + "\n"
