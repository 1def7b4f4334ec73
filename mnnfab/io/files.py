"""Files: reading with clear errors, and atomic creation of new files."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from mnnfab.errors import InputError
from mnnfab.io.limits import MAX_FILE_BYTES, MAX_TEXT_BYTES, MB
from mnnfab.io.parsing import parse_json, parse_toml
from mnnfab.io.signals import uninterrupted


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file.

    Raises:
        InputError: if it is missing, too large, not a file or not text.
    """
    try:
        return read_bytes(path, MAX_TEXT_BYTES).decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise InputError(str(path), f"not text: {error}", "a text file in UTF-8") from error


def read_bytes(path: Path, limit: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file.

    Args:
        path: the file.
        limit: largest size, bytes.

    Raises:
        InputError: if it is missing, too large or not a file.
    """
    with _opened(path) as file:
        data = file.read(limit + 1)  # not by its size: files of the system state none
    if len(data) > limit:
        raise _too_large(path, limit)
    return data


def require_file(path: Path, limit: int = MAX_FILE_BYTES) -> None:
    """Check a file that another package reads, as `read_bytes` does.

    Args:
        path: the file.
        limit: largest size, bytes.

    Raises:
        InputError: if it is missing, too large or not a file.
    """
    with _opened(path) as file:
        if os.fstat(file.fileno()).st_size > limit:
            raise _too_large(path, limit)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        # Opening a pipe without a writer would wait forever, unless it is opened like this.
        with open(path, "rb", opener=_open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(str(path), "not a file", "a file to read")
            yield file
    except IsADirectoryError as error:
        raise InputError(str(path), "a folder", "a file to read") from error
    except FileNotFoundError as error:
        raise InputError(str(path), "no such file", "the path of an existing file") from error
    except (OSError, ValueError) as error:  # a ValueError for a name with a null character
        if isinstance(error, InputError):
            raise
        given = getattr(error, "strerror", None) or str(error)
        raise InputError(str(path), given, "a file to read") from error


def _too_large(path: Path, limit: int) -> InputError:
    return InputError(str(path), f"larger than {limit // MB} MB", "a smaller file")


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def read_json(path: Path, allowed: str = "a file written by mnnfab") -> Any:  # noqa: ANN401 - any JSON value
    """Return the content of a JSON file.

    Args:
        path: the file.
        allowed: what is expected, for the message.

    Raises:
        InputError: if it cannot be read, is not JSON or exceeds a limit of `mnnfab.io.limits`.
    """
    text = read_text(path)
    try:
        return parse_json(text)
    except ValueError as error:
        raise InputError(str(path), f"not JSON: {error}", allowed) from error


def read_toml(path: Path, allowed: str) -> dict[str, Any]:
    """Return the values of a TOML file.

    Args:
        path: the file.
        allowed: what is expected, for the message.

    Raises:
        InputError: if it cannot be read, is not TOML or exceeds a limit of `mnnfab.io.limits`.
    """
    text = read_text(path)
    try:
        return parse_toml(text)
    except ValueError as error:
        raise InputError(str(path), f"TOML syntax error: {error}", allowed) from error


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
        with suppress(OSError):  # in a read-only folder it would hide the error
            draft.unlink(missing_ok=True)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file atomically, in place of an earlier one.

    Raises:
        InputError: if it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with uninterrupted():
            draft.write_bytes(data)
            draft.replace(path)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "a file to write") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
