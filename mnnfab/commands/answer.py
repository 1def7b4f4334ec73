"""Common parts of all commands: output, errors and progress."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnnfab.commands.messages import message_of, note, say
from mnnfab.commands.signals import ending_signals, signal_received, stopped_status
from mnnfab.errors import Completed, InputError, Interrupted, MnnfabError, with_notes

if TYPE_CHECKING:
    from mnnfab.progress.watcher import ProgressWatcher

PASSED, FAILED, BAD_INPUT = 0, 1, 2
#: Exit status that shells expect of a program stopped by Ctrl-C.
INTERRUPTED = 130


@dataclass(frozen=True)
class Answer:
    """Result of a command.

    Args:
        text: output for people.
        values: output for programs, printed with `--json`.
        status: exit status.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = PASSED


@dataclass(frozen=True)
class AnswerOptions:
    """Output options of a command.

    Args:
        as_json: print one JSON object on standard output instead of text.
        quiet: print errors only.
        log: log file to append to.
    """

    as_json: bool
    quiet: bool
    log: Path | None


def command(
    name: str | None = None,
    watched: Callable[[AnswerOptions], AbstractContextManager[Any]] | None = None,
) -> Callable[[Callable[..., Answer]], click.Command]:
    """Return a decorator that makes a click command of a function.

    The function takes a progress watcher and its options, and returns an `Answer`.

    Args:
        name: name of the command; the name of the function if not given.
        watched: context manager that yields the watcher; one for the stages of a run if not
            given.
    """

    def decorate(function: Callable[..., Answer]) -> click.Command:
        @click.option(
            "--json", "as_json", is_flag=True, help="Print one JSON object instead of text."
        )
        @click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
        @click.option(
            "--log",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Append a log with time stamps to FILE.",
        )
        @wraps(function)
        def speak(*, as_json: bool, quiet: bool, log: Path | None, **given: object) -> None:
            options = AnswerOptions(as_json, quiet, log)
            with ending_signals(), _errors_in_words(options):
                _log(options, _asked)
                with (watched or _watched)(options) as watcher, _library_warnings(options):
                    answer = function(watcher, **given)
                if signal_received() not in (0, signal.SIGINT):
                    answer = replace(answer, status=stopped_status(answer.status))
                _log(options, lambda: answer.text or "done")
                _say(answer, options)
            sys.exit(answer.status)

        return click.command(name)(speak)

    return decorate


def _log(options: AnswerOptions, words: Callable[[], str]) -> None:
    if options.log is not None:
        from mnnfab.progress.log_file import log_line

        log_line(options.log, words())


def _asked() -> str:
    """Return the command line with the version of mnnfab."""
    from importlib.metadata import version

    return shlex.join([f"mnnfab {version('mnnfab')}:", *sys.argv[1:]])


def _say(answer: Answer, options: AnswerOptions) -> None:
    if options.as_json:
        values = {"status": answer.status, **answer.values}
        click.echo(json.dumps(values, indent=2, allow_nan=False))
    elif answer.text and not options.quiet:
        say(answer.text)


@contextmanager
def _errors_in_words(options: AnswerOptions) -> Iterator[None]:
    """Turn exceptions into one message and an exit status."""
    try:
        with _signals_before_errors():
            yield
    except MnnfabError as error:
        _fail(options, BAD_INPUT, str(error), error)
    except click.ClickException:
        raise  # click prints it
    except click.Abort as stop:
        _fail(options, INTERRUPTED, "stopped; no answer was given", stop)
    except Interrupted as stop:
        words = f"stopped; the trained widths are kept; continue with  mnnfab export {stop.folder}"
        _fail(options, stopped_status(INTERRUPTED), words, stop)
    except Completed as stop:
        _fail(options, stopped_status(INTERRUPTED), "stopped; the results are complete", stop)
    except KeyboardInterrupt as stop:
        words = "stopped; earlier results are unchanged"
        _fail(options, stopped_status(INTERRUPTED), words, stop)
    except Exception as error:
        if os.environ.get("MNNFAB_TRACEBACK"):
            raise
        # A bug in mnnfab must not exit with the status of unmet acceptance criteria.
        words = f"unexpected {type(error).__name__}: {error}"
        words += "\n  for a bug report, set MNNFAB_TRACEBACK=1 and run the command again"
        _fail(options, BAD_INPUT, message_of(error) or words, error)


@contextmanager
def _signals_before_errors() -> Iterator[None]:
    """Take an error for the signal that came before it, unless it is of the input.

    Libraries turn the exception of a signal into one of their own, such as an ImportError.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if signal_received():
            raise KeyboardInterrupt from error
        raise


def _fail(options: AnswerOptions, status: int, words: str, error: BaseException) -> None:
    if options.log is not None:
        from mnnfab.progress.log_file import log_error

        log_error(options.log, error)
    words = with_notes(error, words)
    note(f"mnnfab: {words}")
    if options.as_json:
        parts = {"message": words}
        if isinstance(error, InputError):
            parts |= {"where": error.where, "given": error.given, "allowed": error.allowed}
        click.echo(json.dumps({"status": status, "error": parts}, indent=2))
    sys.exit(status)


@contextmanager
def _watched(options: AnswerOptions) -> Iterator[ProgressWatcher]:
    """Yield the progress watcher of a command, for a terminal, a pipe and a log file."""
    from mnnfab.commands.stopping import stoppable

    with progress_watcher(options) as screen, stoppable(screen) as watcher:
        if options.log is None:
            yield watcher
            return
        from mnnfab.progress.log_file import logged

        with logged(watcher, options.log) as both:
            yield both


@contextmanager
def _library_warnings(options: AnswerOptions) -> Iterator[None]:
    """Print warnings and errors of the library's loggers on standard error; errors if quiet."""
    import logging

    from mnnfab.progress.log_file import FILE_LOGGER, listening

    class Printer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(f"{record.levelname.lower()}: {record.getMessage()}")

    printer = Printer()
    # The log file repeats what watchers have printed already.
    printer.addFilter(lambda record: record.name != FILE_LOGGER)
    with listening(printer, logging.ERROR if options.quiet else logging.WARNING):
        yield


@contextmanager
def progress_watcher(options: AnswerOptions) -> Iterator[ProgressWatcher]:
    """Yield a progress watcher for a terminal, or one that only prints findings for a pipe."""
    if options.quiet:
        from mnnfab.progress.watcher import NullWatcher

        yield NullWatcher()
    elif not sys.stderr.isatty():
        from mnnfab.commands.notes import FindingPrinter

        yield FindingPrinter()
    else:
        from mnnfab.progress.terminal import show_progress

        with show_progress() as watcher:
            yield watcher
