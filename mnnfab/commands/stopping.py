"""Ctrl-C: the first one ends a training with the epochs that it has, others stop at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import click

from mnnfab.findings import Finding
from mnnfab.progress.watcher import Watcher


@dataclass
class _Stoppable:
    """A watcher that ends a training when it was asked to."""

    watcher: Watcher
    asked: bool = False
    training: bool = False

    def stage(self, name: str) -> None:
        """Stop between stages, if that was asked for."""
        self.training = False
        if self.asked:
            raise KeyboardInterrupt
        self.watcher.stage(name)

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """End the training, if that was asked for."""
        self.training = True
        return self.watcher.epoch(done, total, loss) or self.asked

    def finding(self, finding: Finding) -> None:
        """Pass it on."""
        self.watcher.finding(finding)

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Take a Ctrl-C."""
        if self.asked or not self.training:
            raise KeyboardInterrupt
        self.asked = True
        click.echo(
            "\nstopping after this epoch, then writing what there is; Ctrl-C again stops at once",
            err=True,
        )


@contextmanager
def stoppable(watcher: Watcher) -> Iterator[Watcher]:
    """Yield a watcher that a Ctrl-C in a training is told of, not the training itself."""
    if threading.current_thread() is not threading.main_thread():  # signals are not for it
        yield watcher
        return
    stopper = _Stoppable(watcher)
    before = signal.signal(signal.SIGINT, stopper.interrupt)
    try:
        yield stopper
    finally:
        signal.signal(signal.SIGINT, before)
    if stopper.asked:
        raise KeyboardInterrupt
