"""Common functions of the sections of docs/explanation/validation.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mnnfab.progress.watcher import NullWatcher, StageTimer

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES, EXPLANATION = ROOT / "examples" / "paper", ROOT / "docs" / "explanation"
PICTURES = EXPLANATION / "validation"


def timer() -> StageTimer:
    """Return a stage timer without output."""
    return StageTimer(NullWatcher())


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(header), *lines[1:]]) + "\n"
