"""What every command shares: how it answers, how it fails, and who watches it."""

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
#: What shells expect of a program that Ctrl-C has stopped.
INTERRUPTED = 130


@dataclass(frozen=True)
class Answer:
    """What a command has to say.

    Args:
        text: for people.
        values: for programs, as `--json` prints them.
        status: to exit with.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = PASSED


@dataclass(frozen=True)
class Manner:
    """How a command shall speak.

    Args:
        as_json: one JSON object on standard output instead of text.
        quiet: nothing but errors.
        log: file that what happens is appended to, with the time.
    """

    as_json: bool
    quiet: bool
    log: Path | None


def command(
    name: str | None = None,
    watched: Callable[[Manner], AbstractContextManager[Any]] | None = None,
) -> Callable[[Callable[..., Answer]], click.Command]:
    """Make a command of a function that takes a watcher and its options, and answers.

    Args:
        name: of the command; that of the function if not given.
        watched: makes the watcher; one for the stages of a run if not given.
    """

    def decorate(function: Callable[..., Answer]) -> click.Command:
        @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
        @click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
        @click.option(
            "--log",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Append what happens to FILE, with the time.",
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
    """Return the command as it was given, with the version that does it."""
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
    """Turn our errors into one message and status 2."""
    try:
        yield
    except MnnfabError as error:
        _fail(manner, BAD_INPUT, str(error), error)
    except Interrupted as stop:
        words = f"stopped; the trained widths are kept: go on with  mnnfab export {stop.folder}"
        _fail(manner, INTERRUPTED, words, stop)
    except KeyboardInterrupt as stop:
        _fail(manner, INTERRUPTED, "stopped; earlier results are as they were", stop)
    except Exception as error:
        if os.environ.get("MNNFAB_TRACEBACK"):
            raise
        # A fault of ours. It must not end with the status of a failed gate.
        words = f"unexpected {type(error).__name__}: {error}"
        words += "\n  for a report, set MNNFAB_TRACEBACK=1 and run it again"
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
    """Yield the watcher of a command: on a terminal, in a pipe, and in a log file."""
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
    """Show progress on a terminal; in a pipe only what was found before training."""
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
