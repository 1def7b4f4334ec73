"""Log files: events with date and time, appended to a file that the user chooses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mnnfab.errors import InputError
from mnnfab.findings import Finding
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
        handler = logging.FileHandler(
            path, encoding="utf-8", delay=False, errors="backslashreplace"
        )
    except OSError as error:
        given = error.strerror or str(error)
        raise InputError(f"--log {path}", given, "a writable file") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    try:
        with listening(handler, logging.INFO):
            yield log
    finally:
        handler.close()


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
