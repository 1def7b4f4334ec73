"""Short steps that Ctrl-C and SIGTERM do not interrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

#: Signals that ask a process to end: Ctrl-C, `kill` and service managers, a closed terminal,
#: and the alarm by which the command line tries them again.
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back the signals that end a process, and act on them at the end of the context.

    Python raises the exception of a signal between any two operations, such as after the
    creation of a file and before its name is stored, which then remains. Masks of the
    system do not help: other threads, such as those of BLAS, accept the signal. In other
    threads than the main one, which no signal interrupts, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    waiting = True

    def keep(number: int, frame: FrameType | None) -> None:
        if waiting:
            arrived.append(number)
        else:  # another signal has ended the restoring below
            _forward(held[signal.Signals(number)], number, frame)

    # Handlers that were not set by Python cannot be restored by it: they are left alone.
    before = {number: signal.getsignal(number) for number in ENDING}
    held = {number: handler for number, handler in before.items() if handler is not None}
    try:
        for number in held:
            signal.signal(number, keep)
        yield
    finally:
        waiting = False
        for number, handler in held.items():
            signal.signal(number, handler)
        for again in dict.fromkeys(arrived):
            signal.raise_signal(again)


def _forward(handler: object, number: int, frame: FrameType | None) -> None:
    """Handle a signal as an earlier handler does."""
    if callable(handler):
        handler(number, frame)
    elif handler == signal.SIG_DFL:
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
