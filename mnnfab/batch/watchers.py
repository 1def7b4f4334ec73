"""Progress watchers of a batch: silent, one line per design, or a live table on a terminal."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from mnnfab.batch.outcome import DesignOutcome
from mnnfab.batch.run import BatchWatcher
from mnnfab.io.printable import printable

#: Number of finished designs listed in the live table, the most recent ones.
MAX_LISTED = 8
_COLOURS = {"pass": "green", "fail": "yellow"}


class SilentBatch:
    """Progress watcher that shows nothing."""

    def planned(self, total: int, done: int) -> None:
        """Do nothing."""

    def stage(self, name: str, stage: str) -> None:
        """Do nothing."""

    def ended(self, outcome: DesignOutcome) -> None:
        """Do nothing."""


@dataclass
class LineWatcher:
    """Progress watcher that writes one line per design.

    Args:
        write: function that receives each line.
    """

    write: Callable[[str], None]
    _total: int = 0
    _done: int = 0

    def planned(self, total: int, done: int) -> None:
        """Write the number of designs."""
        self._total, self._done = total, done
        self.write(f"{total} designs, {done} already done or rejected")

    def stage(self, name: str, stage: str) -> None:
        """Do nothing."""

    def ended(self, outcome: DesignOutcome) -> None:
        """Write the outcome."""
        self._done += 1
        reason = f": {outcome.message.splitlines()[0]}" if outcome.message else ""
        text = f"{self._done}/{self._total} {outcome.ending} {outcome.name}"
        self.write(f"{text} ({outcome.seconds:.1f} s){reason}")


@dataclass
class LiveTable:
    """Progress watcher with a table of running and recent designs, and a progress bar."""

    progress: Progress
    _line: int = 0
    _running: dict[str, tuple[str, float]] = field(default_factory=dict)
    _outcomes: list[DesignOutcome] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)

    def planned(self, total: int, done: int) -> None:
        """Start the progress bar."""
        self._line = self.progress.add_task("designs", total=total, completed=done)

    def stage(self, name: str, stage: str) -> None:
        """Show the stage of a design."""
        started = self._running.get(name, ("", time.monotonic()))[1]
        self._running[name] = (stage, started)

    def ended(self, outcome: DesignOutcome) -> None:
        """Show the outcome."""
        self._running.pop(outcome.name, None)
        self._outcomes = [*self._outcomes, outcome][-MAX_LISTED:]
        self._counts[outcome.ending] += 1
        self.progress.advance(self._line)  # type: ignore[arg-type]

    def __rich__(self) -> Group:
        table = Table("design", "", "", box=None, pad_edge=False)
        for outcome in self._outcomes:
            colour = _COLOURS.get(outcome.ending, "red")
            text = (
                outcome.message.splitlines()[0][:60]
                if outcome.message
                else f"{outcome.seconds:.1f} s"
            )
            table.add_row(
                Text(outcome.name), Text(outcome.ending, style=colour), Text(printable(text))
            )
        now = time.monotonic()
        for name, (stage, started) in list(self._running.items()):
            table.add_row(Text(name, style="bold"), Text(stage), f"{now - started:.0f} s")
        counts = ", ".join(f"{number} {ending}" for ending, number in self._counts.most_common())
        return Group(table, self.progress, counts)


@contextmanager
def live_table() -> Iterator[BatchWatcher]:
    """Yield a progress watcher that shows a live table on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    progress = Progress(*columns, TimeRemainingColumn(), console=console)
    table = LiveTable(progress)
    with Live(table, console=console, refresh_per_second=4, transient=True):
        yield table


@dataclass
class LoggingWatcher:
    """Progress watcher that forwards all events to another one and logs them."""

    watcher: BatchWatcher
    log: logging.Logger

    def planned(self, total: int, done: int) -> None:
        """Log and forward the event."""
        self.log.info("%d designs, %d already done or rejected", total, done)
        self.watcher.planned(total, done)

    def stage(self, name: str, stage: str) -> None:
        """Log and forward the event."""
        self.log.info("%s: %s", name, stage)
        self.watcher.stage(name, stage)

    def ended(self, outcome: DesignOutcome) -> None:
        """Log and forward the event."""
        self.log.info(
            "%s: %s %s (%.1f s)", outcome.name, outcome.ending, outcome.message, outcome.seconds
        )
        self.watcher.ended(outcome)
