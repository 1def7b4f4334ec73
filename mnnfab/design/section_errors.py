"""Error messages of small TOML files: the first error with its key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mnnfab.errors import InputError
from mnnfab.io.files import read_text


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Return the values of a TOML file.

    Args:
        path: path of the file.
        what: kind of file that is expected, for the message.

    Raises:
        InputError: if the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(str(path), f"TOML syntax error: {error}", what) from error


def first_error(path: Path, error: ValidationError, known_keys: str) -> InputError:
    """Return the first error of a small file that a user writes.

    Args:
        path: of the file.
        error: of its validation.
        known_keys: what to say of an unknown key.
    """
    detail = error.errors()[0]
    key = ".".join(map(str, detail["loc"]))
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, ValueError) and len(cause.args) == 3:
        name, given, allowed = cause.args
        return InputError(f"{path}, {key}.{name}" if key else f"{path}, {name}", given, allowed)
    value = detail.get("input")
    given = f"{value!r}"[:80] if detail["type"] != "missing" else "missing"
    if detail["type"] == "extra_forbidden":
        return InputError(f"{path}, {key}", "unknown key", known_keys)
    text = str(cause) if isinstance(cause, ValueError) else detail["msg"]
    return InputError(f"{path}, {key}", given, text[:1].lower() + text[1:])


def damaged_file(path: Path, error: ValidationError) -> InputError:
    """Return the first error of a file that mnnfab writes, which was changed or damaged since."""
    first = error.errors()[0]
    location = ".".join(map(str, first["loc"]))
    return InputError(str(path), f"{location}: {first['msg']}", "a file written by mnnfab")
