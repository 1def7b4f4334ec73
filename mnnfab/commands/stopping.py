"""Ctrl-C and SIGTERM: the first one ends a training after its epoch, others stop at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

import click

from mnnfab.commands.signals import DEADLY, handle, record_signal, restore
from mnnfab.errors import Completed
from mnnfab.progress.watcher import ForwardingWatcher, ProgressWatcher


@dataclass
class _Stoppable(ForwardingWatcher):
    """Progress watcher that ends a training on request."""

    asked: bool = False
    deferred: bool = False
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

    def interrupt(self, number: int, _frame: FrameType | None) -> None:
        """Handle a Ctrl-C or another signal that ends the command.

        The request is kept, because an exception in a function that the interpreter calls by
        itself, such as at the end of an import, is printed and ignored.
        """
        if not record_signal(number):
            return
        asked, self.asked = self.asked, True
        if asked or not self.training:
            raise KeyboardInterrupt
        self.deferred = True
        again = "; Ctrl-C again stops at once" if number == signal.SIGINT else ""
        with suppress(OSError, RuntimeError):  # the signal arrived while something was printed
            words = f"\nstopping after this epoch, then writing the results{again}"
            click.echo(words, err=True)


@contextmanager
def stoppable(watcher: ProgressWatcher) -> Iterator[ProgressWatcher]:
    """Yield a progress watcher that handles Ctrl-C and SIGTERM, also during a training."""
    if threading.current_thread() is not threading.main_thread():  # it cannot handle signals
        yield watcher
        return
    stopper = _Stoppable(watcher)
    before = handle((signal.SIGINT, *DEADLY), stopper.interrupt)
    try:
        yield stopper
    finally:
        restore(before)
    if stopper.deferred:
        raise Completed
