"""Common functions of the sections of docs/validation.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mnnfab import Problem
from mnnfab.progress.watcher import Clock, Silent
from mnnfab.task.metrics import Headline
from mnnfab.task.task import Task

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, DOCS = ROOT / "examples", ROOT / "docs"
PICTURES = DOCS / "validation"


def clock() -> Clock:
    """Return a stage timer without output."""
    return Clock(Silent())


def task_of(problem: Problem) -> tuple[Task, Headline]:
    """Return the task of an example and its primary metric."""
    assert problem.task is not None, "every example has a task"
    assert problem.task.headline is not None, "every example has a primary metric"
    return problem.task, problem.task.headline


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]]) + "\n"
