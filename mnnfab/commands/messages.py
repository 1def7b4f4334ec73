"""Printing of texts, and the messages of errors that users can cause outside of their files."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from typing import TextIO

import click

from mnnfab.io.printable import printable

#: Lines with these beginnings are sentences, which are wrapped on a terminal; tables are not.
_SENTENCE = re.compile(r"mnnfab: |error: |warning: |info: |  expected: |- ")


def say(text: str) -> None:
    """Print a text on standard output."""
    click.echo(_fitted(printable(text), _columns(sys.stdout)))


def note(text: str) -> None:
    """Print a text on standard error."""
    click.echo(_fitted(printable(text), _columns(sys.stderr)), err=True)


def _columns(stream: TextIO) -> int | None:
    """Return the width of a terminal, None for other streams."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError, AttributeError):  # a file, a pipe, or a stream without a number
        return None


def _fitted(text: str, columns: int | None) -> str:
    """Return a text whose sentences are wrapped between words if it is for a terminal."""
    if columns is None:
        return text
    return "\n".join(_wrapped(line, columns) for line in text.split("\n"))


def _wrapped(line: str, columns: int) -> str:
    """Return a sentence as lines of at most so many columns.

    >>> print(_wrapped("warning: part: a message that is longer than the terminal", 30))
    warning: part: a message that
    is longer than the terminal
    """
    if len(line) <= columns or not _SENTENCE.match(line):
        return line
    wrapper = textwrap.TextWrapper(
        columns,
        replace_whitespace=False,
        break_long_words=False,
        break_on_hyphens=False,
        subsequent_indent=line[: len(line) - len(line.lstrip())],
    )
    return wrapper.fill(line)


def message_of(error: Exception) -> str | None:
    """Return the message of an error of the machine; None if it is an error of mnnfab."""
    reason = str(error).splitlines()[0] if str(error) else ""
    if isinstance(error, MemoryError) or _MEMORY.search(reason):
        given = f"not enough memory{f': {reason}' if reason else ''}"
        return f"{given}\n  expected: more memory, or a higher limit of it (ulimit -v)"
    if isinstance(error, ImportError):
        package = error.name or "a package"
        return f"{package} cannot be loaded: {reason}\n  expected: what `mnnfab doctor` checks"
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        given = error.strerror or reason or type(error).__name__
        return f"{where}{given}\n  expected: files that can be read and written"
    return None


#: Words of the C library and its loader for lack of memory.
_MEMORY = re.compile("[Cc]annot allocate memory|failed to map segment|[Oo]ut of memory")
