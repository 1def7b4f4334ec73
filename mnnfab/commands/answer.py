"""Common parts of all commands: output, errors and progress."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnnfab.errors import InputError, Interrupted, MnnfabError

if TYPE_CHECKING:
    from mnnfab.progress.watcher import Watcher

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
class Manner:
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
    watched: Callable[[Manner], AbstractContextManager[Any]] | None = None,
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
        def speak(*, as_json: bool, quiet: bool, log: Path | None, **options: object) -> None:
            manner = Manner(as_json, quiet, log)
            with _errors_in_words(manner):
                _log(manner, _asked)
                with (watched or _watched)(manner) as watcher:
                    answer = function(watcher, **options)
                _log(manner, lambda: answer.text or "done")
                _say(answer, manner)
            sys.exit(answer.status)

        return click.command(name)(speak)

    return decorate


def _log(manner: Manner, words: Callable[[], str]) -> None:
    if manner.log is not None:
        from mnnfab.progress.log_file import log_line

        log_line(manner.log, words())


def _asked() -> str:
    """Return the command line with the version of mnnfab."""
    from importlib.metadata import version

    return shlex.join([f"mnnfab {version('mnnfab')}:", *sys.argv[1:]])


def _say(answer: Answer, manner: Manner) -> None:
    if manner.as_json:
        values = {"status": answer.status, **answer.values}
        click.echo(json.dumps(values, indent=2, allow_nan=False))
    elif answer.text and not manner.quiet:
        click.echo(answer.text)


@contextmanager
def _errors_in_words(manner: Manner) -> Iterator[None]:
    """Turn exceptions into one message and an exit status."""
    try:
        yield
    except MnnfabError as error:
        _fail(manner, BAD_INPUT, str(error), error)
    except Interrupted as stop:
        words = f"stopped; the trained widths are kept; continue with  mnnfab export {stop.folder}"
        _fail(manner, INTERRUPTED, words, stop)
    except KeyboardInterrupt as stop:
        _fail(manner, INTERRUPTED, "stopped; earlier results are unchanged", stop)
    except Exception as error:
        if os.environ.get("MNNFAB_TRACEBACK"):
            raise
        # A bug in mnnfab must not exit with the status of unmet acceptance criteria.
        words = f"unexpected {type(error).__name__}: {error}"
        words += "\n  for a bug report, set MNNFAB_TRACEBACK=1 and run the command again"
        _fail(manner, BAD_INPUT, words, error)


def _fail(manner: Manner, status: int, words: str, error: BaseException) -> None:
    if manner.log is not None:
        from mnnfab.progress.log_file import log_error

        log_error(manner.log, error)
    click.echo(f"mnnfab: {words}", err=True)
    if manner.as_json:
        parts = {"message": words}
        if isinstance(error, InputError):
            parts |= {"where": error.where, "given": error.given, "allowed": error.allowed}
        click.echo(json.dumps({"status": status, "error": parts}, indent=2))
    sys.exit(status)


@contextmanager
def _watched(manner: Manner) -> Iterator[Watcher]:
    """Yield the progress watcher of a command, for a terminal, a pipe and a log file."""
    from mnnfab.commands.stopping import stoppable

    with shown(manner) as screen, stoppable(screen) as watcher:
        if manner.log is None:
            yield watcher
            return
        from mnnfab.progress.log_file import logged

        with logged(watcher, manner.log) as both:
            yield both


@contextmanager
def shown(manner: Manner) -> Iterator[Watcher]:
    """Yield a progress watcher for a terminal, or one that only prints findings for a pipe."""
    if manner.quiet:
        from mnnfab.progress.watcher import Silent

        yield Silent()
    elif not sys.stderr.isatty():
        from mnnfab.commands.notes import Notes

        yield Notes()
    else:
        from mnnfab.progress.terminal import show_progress

        with show_progress() as watcher:
            yield watcher
