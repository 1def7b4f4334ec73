"""Signals that end a command as Ctrl-C does: SIGTERM of `kill` and service managers, SIGHUP."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

#: Signals whose default action would end the process at once, without tidying up.
DEADLY = (signal.SIGTERM, signal.SIGHUP)


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
    """Raise KeyboardInterrupt on SIGTERM and SIGHUP in the context, as Python does on Ctrl-C."""
    _received.number = 0
    if threading.current_thread() is not threading.main_thread():  # it cannot handle signals
        yield
        return
    handled = [number for number in DEADLY if is_handled(number)]
    before = {number: signal.signal(number, _interrupt) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_handled(number: signal.Signals) -> bool:
    """Return whether a signal is handled: unless it is ignored, as by `nohup`, or in C."""
    return signal.getsignal(number) not in (None, signal.SIG_IGN)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    if record_signal(number):
        raise KeyboardInterrupt
