"""Ctrl-C handling: the first one ends a training after its epoch, others stop at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

import click

from mnnfab.progress.watcher import ForwardingWatcher, ProgressWatcher


@dataclass
class _Stoppable(ForwardingWatcher):
    """Progress watcher that ends a training on request."""

    asked: bool = False
    training: bool = False

    def stage(self, name: str) -> None:
        """Stop between stages, if requested."""
        self.training = False
        if self.asked:
            raise KeyboardInterrupt
        super().stage(name)

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Return True to end the training, if requested."""
        self.training = True
        return super().epoch(done, total, loss) or self.asked

    def interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        """Handle a Ctrl-C."""
        if self.asked or not self.training:
            raise KeyboardInterrupt
        self.asked = True
        click.echo(
            "\nstopping after this epoch, then writing the results; Ctrl-C again stops at once",
            err=True,
        )


@contextmanager
def stoppable(watcher: ProgressWatcher) -> Iterator[ProgressWatcher]:
    """Yield a progress watcher that handles a Ctrl-C during a training."""
    if threading.current_thread() is not threading.main_thread():  # it cannot handle signals
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
