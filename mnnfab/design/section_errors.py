"""Messages of pydantic errors in plain words: location, given value and expected value.

The one place that formats pydantic errors, for design files (`mnnfab.design.errors`, which adds
the names of their sections), other TOML files and files written by mnnfab.
"""

from __future__ import annotations

import reprlib
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mnnfab.design.section import MIN_POSITIVE
from mnnfab.errors import InputError

#: Maximum number of characters of a value in a message.
MAX_CHARACTERS = 80

#: Expected value, by the type of the pydantic error.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a section with keys",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_from_float": "an integer",
    "int_type": "an integer",
    "list_type": "a list",
    "missing": "a value: the key is required",
    "model_attributes_type": "a section with keys",
    "model_type": "a section with keys",
    "string_type": "text in quotes",
    "tuple_type": "a list",
}


def expected_value(detail: ErrorDetails) -> str:
    """Return the expected value of a key, in words, for an error of its value.

    >>> detail = {"type": "too_short", "loc": ("task", "outputs"), "ctx": {"min_length": 2}}
    >>> expected_value(detail)
    'at least 2 outputs'
    """
    kind, limits = detail["type"], detail.get("ctx", {})
    if kind in _EXPECTED:
        in_list = kind == "missing" and isinstance(detail["loc"][-1], int)
        return "a value" if in_list else _EXPECTED[kind]
    if kind in {"too_short", "string_too_short"}:
        return f"at least {_count(detail, limits['min_length'])}"
    if kind in {"too_long", "string_too_long"}:
        return f"at most {_count(detail, limits['max_length'])}"
    if kind == "literal_error":
        return str(limits["expected"]).replace("'", '"')
    if limits.get("ge") == MIN_POSITIVE:
        return "a number above 0"
    return detail["msg"].removeprefix("Input should be ")


def _count(detail: ErrorDetails, number: int) -> str:
    """Return a number of entries, with the name of the key if it is that of ports."""
    key = detail["loc"][-1] if detail["loc"] else ""
    noun = str(key) if key in {"inputs", "outputs", "features"} else "values"
    if detail["type"].startswith("string"):
        noun = "characters"
    return f"{number} {noun.removesuffix('s') if number == 1 else noun}"


def given_value(detail: ErrorDetails) -> str:
    """Return the invalid value as in TOML, shortened; "missing" if there is none."""
    return "missing" if detail["type"] == "missing" else as_toml(detail["input"])


def as_toml(value: object) -> str:
    """Return a value as it is written in TOML, shortened.

    >>> as_toml([{"node": 10, "axis": "x"}])
    '[{ node = 10, axis = "x" }]'
    """
    if isinstance(value, str):
        return f'"{value[:MAX_CHARACTERS]}"'
    text = _nested(value, depth=3)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]} …"


def _nested(value: object, depth: int) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value[:MAX_CHARACTERS]}"'
    if isinstance(value, list | tuple | dict) and (depth == 0 or len(value) > MAX_CHARACTERS):
        return "[…]" if isinstance(value, list | tuple) else "{…}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_nested(one, depth - 1) for one in value) + "]"
    if isinstance(value, dict):
        pairs = (f"{key} = {_nested(one, depth - 1)}" for key, one in value.items())
        return "{ " + ", ".join(pairs) + " }" if value else "{}"
    return reprlib.repr(value)


def rule_between_keys(detail: ErrorDetails) -> tuple[str, str, str] | None:
    """Return key, given and expected value of a rule between keys; None for other errors."""
    cause = detail.get("ctx", {}).get("error")
    if not isinstance(cause, ValueError) or len(cause.args) != 3:
        return None
    key, given, allowed = cause.args
    return str(key), str(given), str(allowed)


def expected_by_rule(detail: ErrorDetails) -> str | None:
    """Return the expected value that the validator of a key states; None for other errors."""
    cause = detail.get("ctx", {}).get("error")
    return str(cause) if isinstance(cause, ValueError) else None


def first_error(path: Path, error: ValidationError, known_keys: str) -> InputError:
    """Return the first error of a small TOML file written by a user.

    Args:
        path: path of the file.
        error: error of its validation.
        known_keys: expected keys, for the message on an unknown key.
    """
    detail = error.errors()[0]
    key = ".".join(map(str, detail["loc"]))
    if rule := rule_between_keys(detail):
        name, given, allowed = rule
        return InputError(f"{path}, {key}.{name}" if key else f"{path}, {name}", given, allowed)
    where = f"{path}, {key}"
    if detail["type"] == "extra_forbidden":
        return InputError(where, "unknown key", known_keys)
    allowed = expected_by_rule(detail) or expected_value(detail)
    return InputError(where, given_value(detail), allowed)


def damaged_file(path: Path, error: ValidationError) -> InputError:
    """Return the first error of a file written by mnnfab that was changed or damaged since."""
    detail = error.errors()[0]
    place = ".".join(map(str, detail["loc"]))
    if detail["type"] == "extra_forbidden":
        return InputError(str(path), f"unknown key {place}", "a file written by mnnfab")
    allowed = expected_by_rule(detail) or expected_value(detail)
    given = f"{place}: {given_value(detail)}, but expected {allowed}"
    return InputError(str(path), given, "a file written by mnnfab")
