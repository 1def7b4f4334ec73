"""Log files: events with date and time, appended to a file that the user chooses."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.printable import printable
from mnnfab.progress.watcher import ForwardingWatcher, ProgressWatcher

#: Logger of what watchers report, which is printed already where a command runs on a terminal.
FILE_LOGGER = __name__
log = logging.getLogger(FILE_LOGGER)
#: Parents of the loggers of all modules.
LIBRARY = tuple(logging.getLogger(name) for name in ("mnnfab", "geometry", "fem", "export"))
_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO}
#: Approximate number of epochs that are logged per training.
MAX_LINES = 20


class _LoggingWatcher(ForwardingWatcher):
    """A watcher that logs what it forwards."""

    def stage(self, name: str) -> None:
        """Log the stage."""
        log.info("%s", name)
        super().stage(name)

    def epoch(self, done: int, total: int, loss: float) -> bool:
        """Log some of the epochs."""
        if done % max(1, total // MAX_LINES) == 0 or done == total:
            log.info("epoch %d of %d, loss %.6g", done, total, loss)
        return super().epoch(done, total, loss)

    def finding(self, finding: Finding) -> None:
        """Log the finding."""
        log.log(_LEVELS[finding.severity], "%s: %s", finding.where, finding.message)
        super().finding(finding)


@contextmanager
def logged(watcher: ProgressWatcher, path: Path) -> Iterator[ProgressWatcher]:
    """Yield a progress watcher that forwards everything and appends it to a file.

    Raises:
        InputError: if the file cannot be written.
    """
    with open_log(path):
        yield _LoggingWatcher(watcher)


def log_line(path: Path, text: str) -> None:
    """Append the lines of a text, such as a command or its result, to a log file.

    Raises:
        InputError: if the file cannot be written.
    """
    with open_log(path):
        for line in text.splitlines():
            log.info("%s", line)


def log_error(path: Path, error: BaseException) -> None:
    """Append an error with its traceback to a log file."""
    try:
        with open_log(path):
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
        handler = _LogFile(path)
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    handler.setFormatter(_OneRecord("%(asctime)s %(levelname)s %(message)s"))
    try:
        with listening(handler, logging.INFO):
            yield log
    finally:
        handler.close()
    if handler.failure is not None:  # after the work, which does not depend on its log
        raise _unwritable(path, handler.failure) from handler.failure


def _unwritable(path: Path, error: Exception) -> InputError:
    given = getattr(error, "strerror", None) or str(error)
    return InputError(f"--log {path}", given, "a writable file")


class _LogFile(logging.FileHandler):
    """A log file that keeps its first error of writing and goes on without it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="replace", delay=False)
        self.failure: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - name of the base class
        """Keep the error; the base class prints a traceback."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        else:
            self.failure = self.failure or error

    def close(self) -> None:
        """Close the file; what it could not write is dropped."""
        try:
            super().close()
        except OSError as error:
            self.failure = self.failure or error


class _OneRecord(logging.Formatter):
    """Formatter whose records cannot be taken for several: further lines are indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - name of the base class
        """Return the text of a record without control characters."""
        return printable(super().formatMessage(record)).replace("\n", "\n    ")


@contextmanager
def listening(handler: logging.Handler, level: int) -> Iterator[None]:
    """Pass the messages of the library from a level on to a handler."""
    handler.setLevel(level)
    levels = [logger.level for logger in LIBRARY]
    for logger, before in zip(LIBRARY, levels, strict=True):
        logger.addHandler(handler)
        logger.setLevel(min(level, before or level))
    try:
        yield
    finally:
        for logger, before in zip(LIBRARY, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(before)
