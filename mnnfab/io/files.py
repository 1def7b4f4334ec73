"""Files: reading with clear errors, and atomic creation of new files."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from mnnfab.errors import InputError
from mnnfab.io.signals import uninterrupted

#: Largest file that is read (bytes).
MAX_FILE_BYTES = 256 * 1024 * 1024


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        InputError: if it is missing, too large, not a file or not text.
    """
    try:
        return read_bytes(path).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"not text: {error}", "a text file in UTF-8") from error


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        InputError: if it is missing, too large or not a file.
    """
    try:
        if path.exists() and not path.is_file():  # reading a pipe could block forever
            raise InputError(str(path), "not a file", "a file to read")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(str(path), "larger than 256 MB", "a smaller file")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InputError(str(path), "no such file", "the path of an existing file") from error
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "a file to read") from error


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Return the content of a JSON file.

    Raises:
        InputError: if it cannot be read, or is not JSON.
    """
    try:
        return json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(str(path), f"not JSON: {reason}", "a file written by mnnfab") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_new_file(path: Path, text: str) -> None:
    """Create a file atomically; it must not exist yet.

    Raises:
        InputError: if it exists or cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with uninterrupted():
            draft.write_text(text, encoding="utf-8")
            os.link(draft, path)  # unlike a rename, never replaces an existing file
            draft.unlink()
    except FileExistsError as error:
        raise InputError(str(path), "exists already", "a new name") from error
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "a file to write") from error
    finally:
        draft.unlink(missing_ok=True)
