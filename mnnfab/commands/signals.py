"""Signals that end a command: Ctrl-C, SIGTERM of `kill` and service managers, SIGHUP."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

#: Signals whose default action would end the process at once, without tidying up.
DEADLY = (signal.SIGTERM, signal.SIGHUP)
#: Pause before a signal is tried again that arrived during an import, s.
RETRY_S = 0.05

Handler = Callable[[int, FrameType | None], None]


@dataclass
class _Received:
    """The signal that ends the command, or 0; signals are of the whole process."""

    number: int = 0


_received = _Received()


def signal_received() -> int:
    """Return the number of the signal that ends the command; 0 if there is none."""
    return _received.number


def record_signal(number: int) -> bool:
    """Record a signal; return False for a repeated one, except Ctrl-C, which a person repeats.

    Service managers and `timeout` send a signal to a process and again to its group; the second
    one must not interrupt the tidying that the first has started.
    """
    repeated = _received.number == number != signal.SIGINT
    _received.number = number
    return not repeated


def stopped_status(otherwise: int) -> int:
    """Return the exit status that shells expect after the received signal, 128 + its number."""
    return 128 + _received.number if _received.number else otherwise


@contextmanager
def ending_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt on SIGTERM and SIGHUP in the context, and on Ctrl-C."""
    _received.number = 0
    if threading.current_thread() is not threading.main_thread():  # it cannot handle signals
        yield
        return
    before = handle((signal.SIGINT, *DEADLY), _interrupt)
    alarm = signal.getsignal(signal.SIGALRM)
    try:
        yield
    finally:
        restore(before)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, alarm)


def handle(numbers: Sequence[signal.Signals], act: Handler) -> dict[signal.Signals, Any]:
    """Let a function act on signals, unless they are ignored, as by `nohup`; return the old ones.

    An import is finished first: C++ libraries such as VTK crash if one of theirs is interrupted.
    """

    def later(number: int, frame: FrameType | None) -> None:
        if not _is_importing(frame):
            act(number, frame)
            return
        signal.signal(signal.SIGALRM, lambda _, now: later(number, now))
        signal.setitimer(signal.ITIMER_REAL, RETRY_S)

    handled = [n for n in numbers if signal.getsignal(n) not in (None, signal.SIG_IGN)]
    return {number: signal.signal(number, later) for number in handled}


def restore(handlers: Mapping[signal.Signals, Any]) -> None:
    """Restore the handlers that `handle` has replaced."""
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if record_signal(number):
        raise KeyboardInterrupt
