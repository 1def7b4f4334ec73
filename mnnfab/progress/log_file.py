"""Log files: events with date and time, appended to a file that the user chooses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.progress.watcher import ProgressWatcher

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}
#: Approximate number of epochs that are logged per training.
MOST_LINES = 20


@dataclass
class _Logged:
    """A progress watcher that logs what it forwards."""

    watcher: ProgressWatcher
    log: logging.Logger

    def stage(self, name: str) -> None:
        """Log the stage."""
        self.log.info("%s", name)
        self.watcher.stage(name)

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Log some of the epochs."""
        if done % max(1, total // MOST_LINES) == 0 or done == total:
            self.log.info("epoch %d of %d, loss %.6g", done, total, loss)
        return self.watcher.epoch(done, total, loss)

    def finding(self, finding: Finding) -> None:
        """Log the finding."""
        self.log.log(_LEVELS[finding.severity], "%s: %s", finding.where, finding.message)
        self.watcher.finding(finding)


@contextmanager
def logged(watcher: ProgressWatcher, path: Path) -> Iterator[ProgressWatcher]:
    """Yield a progress watcher that forwards everything and appends it to a file.

    Raises:
        InputError: if the file cannot be written.
    """
    with open_log(path) as log:
        yield _Logged(watcher, log)


def log_line(path: Path, text: str) -> None:
    """Append the lines of a text, such as a command or its result, to a log file.

    Raises:
        InputError: if the file cannot be written.
    """
    with open_log(path) as log:
        for line in text.splitlines():
            log.info("%s", line)


def log_error(path: Path, error: BaseException) -> None:
    """Append an error with its traceback to a log file."""
    try:
        with open_log(path) as log:
            if isinstance(error, KeyboardInterrupt):
                log.info("stopped")
            else:
                log.error("%s", error, exc_info=error)
    except InputError:
        return  # the error was that the log cannot be written


@contextmanager
def open_log(path: Path) -> Iterator[logging.Logger]:
    """Yield a logger that appends to a file.

    Raises:
        InputError: if the file cannot be written.
    """
    try:
        handler = logging.FileHandler(path, encoding="utf-8", delay=False)
    except OSError as error:
        given = error.strerror or str(error)
        raise InputError(f"--log {path}", given, "a writable file") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.Logger("mnnfab", logging.INFO)
    log.addHandler(handler)
    try:
        yield log
    finally:
        handler.close()
