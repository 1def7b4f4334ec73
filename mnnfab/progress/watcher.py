"""Progress watchers, and the stage timer that reports to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from mnnfab.findings import Finding


class ProgressWatcher(Protocol):
    """Receiver of progress reports; the command line shows them, the library shows nothing."""

    def stage(self, name: str) -> None:
        """Receive the start of a stage."""
        ...

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Receive an epoch of training; return whether the training should stop after it."""
        ...

    def finding(self, finding: Finding) -> None:
        """Receive a finding made before or during training."""
        ...


class NullWatcher:
    """A progress watcher that shows nothing."""

    def stage(self, name: str) -> None:
        """Ignore the stage."""

    def epoch(self, done: int, total: int, loss: float) -> bool:  # noqa: ARG002
        """Ignore the epoch and continue."""
        return False

    def finding(self, finding: Finding) -> None:
        """Ignore the finding."""


@dataclass
class ForwardingWatcher:
    """A watcher that forwards everything to another one; subclasses override what they change.

    Args:
        watcher: called with everything.
    """

    watcher: ProgressWatcher

    def stage(self, name: str) -> None:
        """Forward the start of a stage."""
        self.watcher.stage(name)

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Forward an epoch; return whether the training shall end with it."""
        return self.watcher.epoch(done, total, loss)

    def finding(self, finding: Finding) -> None:
        """Forward a finding."""
        self.watcher.finding(finding)


@dataclass
class StageTimer:
    """Stage timer: measures the time of stages and reports their start to a progress watcher."""

    watcher: ProgressWatcher
    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Report the start of a stage and measure the time spent in the context."""
        self.watcher.stage(name)
        start = time.perf_counter()
        yield
        # The times of all rounds of a stage are summed, and so are those of all candidates.
        kind = "candidates" if name.startswith("candidate ") else name
        self.timings_s[kind] = self.timings_s.get(kind, 0.0) + time.perf_counter() - start
