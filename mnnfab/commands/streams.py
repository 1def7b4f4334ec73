"""Standard streams of the program, which may be closed, full or a pipe without a reader.

Closed streams are replaced by the null device: otherwise the next file that is opened would take
their number, and receive what libraries print. Errors of writing are kept until the command ends.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

#: Exit status if the output of a command could not be written.
UNWRITABLE = 2


class _Raw(io.FileIO):
    """A stream that keeps its first error of writing and goes on without it."""

    failure: OSError | None = None

    def write(self, data: Any, /) -> int:  # noqa: ANN401 - any buffer
        """Write bytes; return their number, even if they could not be written."""
        try:
            return super().write(data)
        except OSError as error:
            self.failure = self.failure or error
            return len(data)


@contextmanager
def tolerant_streams() -> Iterator[None]:
    """Replace the standard streams of this process in the context, which ends in a `SystemExit`.

    Raises:
        SystemExit: with `UNWRITABLE` instead of 0 or 1 if the standard output could not be
            written. It may be closed, and its reader may end early (`| head`).
    """
    before = sys.stdin, sys.stdout, sys.stderr
    _open_closed_streams()
    output, errors = _Raw(1, "wb", closefd=False), _Raw(2, "wb", closefd=False)
    # Streams that a caller or a test has replaced are left alone.
    if before[1] is sys.__stdout__:
        sys.stdout = _text(output, sys.stdout)
    if before[2] is sys.__stderr__:
        sys.stderr = _text(errors, sys.stderr)
    try:
        yield
    except SystemExit as stop:
        sys.stdout.flush()
        failure = output.failure
        if failure is None or failure.errno == errno.EPIPE:
            raise
        sys.stderr.write(f"mnnfab: standard output: {failure.strerror}\n")
        sys.exit(UNWRITABLE if stop.code in {None, 0, 1} else stop.code)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdin, sys.stdout, sys.stderr = before


def _open_closed_streams() -> None:
    """Open the null device in place of closed streams; the lowest free number is taken first."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115


def _text(raw: _Raw, stream: TextIO | None) -> TextIO:
    """Return a text stream with the settings of the one that it replaces."""
    if not isinstance(stream, io.TextIOWrapper):
        return io.TextIOWrapper(io.BufferedWriter(raw), "utf-8", "backslashreplace")
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
    )
