"""Watchers: told how far the work is; and the clock that tells them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from mnnfab.findings import Finding


class Watcher(Protocol):
    """Told how far the work is; the command line shows it, the library stays silent."""

    def stage(self, name: str) -> None:
        """Take note that a stage begins."""
        ...

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Take note of an epoch of training; return whether the training shall end with it."""
        ...

    def finding(self, finding: Finding) -> None:
        """Take note of what was found before or in training."""
        ...


class Silent:
    """A watcher that shows nothing."""

    def stage(self, name: str) -> None:
        """Ignore the stage."""

    def epoch(self, done: int, total: int, loss: float) -> bool:  # noqa: ARG002
        """Go on."""
        return False

    def finding(self, finding: Finding) -> None:
        """Ignore the finding."""


@dataclass
class Clock:
    """Times the stages and announces them."""

    watcher: Watcher
    timings_s: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done within, and say that it begins."""
        self.watcher.stage(name)
        start = time.perf_counter()
        yield
        # A stage of several rounds takes as long as all of them, and so do all candidates.
        kind = "candidates" if name.startswith("candidate ") else name
        self.timings_s[kind] = self.timings_s.get(kind, 0.0) + time.perf_counter() - start
