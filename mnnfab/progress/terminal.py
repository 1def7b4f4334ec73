"""Progress on a terminal: the current stage, and a bar for the epochs of training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from mnnfab.findings import Finding
from mnnfab.io.printable import printable


class _Bar:
    """A progress watcher that updates one line of a terminal."""

    def __init__(self, progress: Progress, line: TaskID) -> None:
        self._progress = progress
        self._line = line

    def stage(self, name: str) -> None:
        """Show the name of the stage; its duration is not known."""
        self._progress.reset(self._line)
        self._progress.update(self._line, description=printable(name), total=None, loss="")

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Update the bar."""
        self._progress.update(self._line, completed=done, total=total, loss=f"loss {loss:.4f}")
        return False

    def finding(self, finding: Finding) -> None:
        """Print the finding permanently above the progress line."""
        words = f"{finding.severity}: {finding.where}: {finding.message}"
        self._progress.console.print(printable(words), markup=False, highlight=False, emoji=False)


@contextmanager
def show_progress() -> Iterator[_Bar]:
    """Yield a progress watcher that shows its stages on standard error."""
    columns = (
        TextColumn("{task.description:<10}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[loss]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress, progress.add_task("start", total=None, loss=""))
