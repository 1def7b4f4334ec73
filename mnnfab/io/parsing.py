"""TOML and JSON with limits on size, depth and numbers; repeated keys are refused."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from mnnfab.io.limits import (
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_JSON_LISTS,
    MAX_KEY_PARTS,
    MAX_TEXT_BYTES,
    MAX_TOML_BYTES,
    MAX_TOML_KEYS,
    MB,
)

_BARE, _QUOTED, _LITERAL = r"[A-Za-z0-9_-]++", r'"(?:[^"\\\n]|\\.)*+"', r"'[^'\n]*+'"
# Possessive, and not from within a word: each character is looked at a few times only.
_LONG_KEY = re.compile(
    rf"(?<![A-Za-z0-9_-])(?:(?:{_BARE}|{_QUOTED}|{_LITERAL})[ \t]*+\.[ \t]*+){{{MAX_KEY_PARTS}}}"
)
#: Digits of an integer that may exceed `MAX_INTEGER`.
_LONG_NUMBER = re.compile(r"\d{19}")


def parse_toml(text: str) -> dict[str, Any]:
    """Return the values of a TOML text.

    >>> parse_toml("a.b = 1")
    {'a': {'b': 1}}

    Raises:
        ValueError: if it is not TOML or exceeds a limit of `mnnfab.io.limits`.
    """
    _check_size(text, MAX_TOML_BYTES)
    # An upper bound: signs in comments and strings count too.
    if text.count("=") > MAX_TOML_KEYS:
        raise ValueError(f"more than {MAX_TOML_KEYS:,} keys")
    if _LONG_KEY.search(text):  # the parser needs memory by the square of the number of parts
        raise ValueError(f"a key of more than {MAX_KEY_PARTS} parts")
    try:
        values = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    _check_values(values)
    return values


def parse_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text.

    >>> parse_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    ...
    ValueError: the key "a" twice

    Raises:
        ValueError: if it is not JSON, has a key twice or exceeds a limit of `mnnfab.io.limits`.
    """
    _check_size(text, MAX_TEXT_BYTES)
    if text.count("[") + text.count("{") > MAX_JSON_LISTS:
        raise ValueError(f"more than {MAX_JSON_LISTS:,} lists and objects")
    # The check of every integer takes as long as the parsing.
    parse_int = _integer if _LONG_NUMBER.search(text) else None
    try:
        values = json.loads(text, object_pairs_hook=_object, parse_int=parse_int)
    except RecursionError as error:
        raise ValueError(_too_deep()) from error
    _check_depth(values)
    return values


def _check_size(text: str, limit: int) -> None:
    if len(text) > limit:
        raise ValueError(f"larger than {limit // MB} MB")


def _too_deep() -> str:
    return f"nested more than {MAX_DEPTH} deep"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f'the key "{twice[:40]}" twice')
    return values


def _integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError(_too_large(digits))
    value = int(digits)
    if abs(value) > MAX_INTEGER:
        raise ValueError(_too_large(digits))
    return value


def _too_large(digits: str) -> str:
    return f"the integer {digits[:20]}{'…' if len(digits) > 20 else ''}, which exceeds 64 bits"


def _check_depth(values: Any) -> None:  # noqa: ANN401
    for _ in _levels(values):
        pass


def _check_values(values: Any) -> None:  # noqa: ANN401
    """Check depth and integers; those in hexadecimal can be too long to be printed."""
    for level in _levels(values):
        for part in level:
            for value in _parts(part):
                if type(value) is int and abs(value) > MAX_INTEGER:
                    raise ValueError(f"an integer of {value.bit_length()} bits; at most 64 bits")


def _levels(values: Any) -> Iterator[list[Any]]:  # noqa: ANN401
    """Yield the lists and objects of each depth."""
    level = [values] if isinstance(values, list | dict) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        yield level
        level = [part for one in level for part in _parts(one) if isinstance(part, list | dict)]
    if level:
        raise ValueError(_too_deep())


def _parts(one: Any) -> Any:  # noqa: ANN401 - the entries of a list or an object
    return one.values() if isinstance(one, dict) else one
