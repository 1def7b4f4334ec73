"""Output on terminals and pipes whose encoding lacks characters that mnnfab prints."""

from __future__ import annotations

import io
import sys

#: Error handlers with which printing fails, or that only know bytes of file names.
_FAILING = {"strict", "surrogateescape", "surrogatepass"}


def replace_unencodable() -> None:
    """Print a question mark for each character that standard output or error cannot encode.

    Latin-1 and code page 437 lack letters such as σ; no encoding has file names that are not text.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in _FAILING:
            stream.reconfigure(errors="replace")
