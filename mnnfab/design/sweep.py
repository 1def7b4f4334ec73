"""Parameter sweeps: several designs from one file with a section [sweep] of lists of values.

    [sweep]
    training.seed = { first = 0, last = 39 }
    fabrication.joint_ratio = [0.4, 0.5]

Every key of a design can be swept. Each combination of values is one design; its name consists
of the name in the file and the swept values.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from mnnfab.errors import InputError

SWEEP = "sweep"
#: Largest number of designs from one file; a larger number is refused as an error.
MAX_DESIGNS = 100_000
_MAX_NAME_LENGTH, _MAX_VALUE_LENGTH = 80, 20
Values = dict[str, Any]


@dataclass(frozen=True)
class SweptDesign:
    """One design of a sweep.

    Args:
        values: values of the design file without the section [sweep].
        choice: value of every swept key, by "section.key".
    """

    values: Values
    choice: Mapping[str, Any]


def expand(values: Mapping[str, Any], source: str) -> list[SweptDesign]:
    """Return all designs of the values of a design file; one if there is no sweep.

    Args:
        values: values of the file.
        source: name of the file for messages.

    Raises:
        InputError: if the sweep is not a table of lists, is too large, or has a key that no
            design can have.
    """
    common_values = {key: value for key, value in values.items() if key != SWEEP}
    if SWEEP not in values:
        return [SweptDesign(common_values, {})]
    lists = dict(_lists(values[SWEEP], f"{source}, [{SWEEP}]", ()))
    if not lists:
        raise InputError(f"{source}, [{SWEEP}]", "empty", "keys with lists of values")
    number = 1
    for choices in lists.values():
        number *= len(choices)
    if number > MAX_DESIGNS:
        raise InputError(f"{source}, [{SWEEP}]", f"{number} designs", f"at most {MAX_DESIGNS}")
    stem, designs = str(common_values.get("name", "")), []
    for index, combination in enumerate(product(*lists.values())):
        choice = dict(zip(lists, combination, strict=True))
        design_values = copy.deepcopy(common_values)
        for path, value in choice.items():
            _set_value(design_values, path, value, f"{source}, [{SWEEP}]")
        design_values["name"] = _name(stem, choice, lists, index)
        designs.append(
            SweptDesign(design_values, {".".join(path): value for path, value in choice.items()})
        )
    return designs


Path = tuple[str, ...]


def _lists(table: Any, where: str, path: Path) -> Iterator[tuple[Path, list[Any]]]:  # noqa: ANN401
    """Yield the path and the values of every swept key."""
    if isinstance(table, list):
        if not table:
            raise InputError(f"{where} {'.'.join(path)}", "no values", "one or more values")
        yield path, table
        return
    allowed = "a list of values, or { first = …, last = … } for integers"
    if not isinstance(table, Mapping):
        raise InputError(f"{where} {'.'.join(path)}", f"{table!r}", allowed)
    if set(table) == {"first", "last"}:
        yield path, _whole_numbers(table, f"{where} {'.'.join(path)}", allowed)
        return
    for key, part in table.items():
        yield from _lists(part, where, (*path, key))


def _whole_numbers(ends: Mapping[str, Any], where: str, allowed: str) -> list[int]:
    first, last = ends["first"], ends["last"]
    if not (type(first) is int and type(last) is int and 0 <= last - first < MAX_DESIGNS):
        raise InputError(where, f"first = {first!r}, last = {last!r}", allowed)
    return list(range(first, last + 1))


def _set_value(values: Values, path: Path, value: Any, where: str) -> None:  # noqa: ANN401
    for key in path[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise InputError(f"{where} {'.'.join(path)}", "no such section", "keys of a design")
    values[path[-1]] = value


def _name(stem: str, choice: Mapping[Path, Any], lists: Mapping[Path, list[Any]], at: int) -> str:
    """Return a name with the swept values, or with a number if that is too long."""
    parts = [
        f"{_key_name(path, lists)}-{_value_name(value, lists[path])}"
        for path, value in choice.items()
    ]
    name = "-".join([stem, *parts])
    return name if len(name) <= _MAX_NAME_LENGTH else f"{stem}-{at:05d}"


def _key_name(path: Path, paths: Iterable[Path]) -> str:
    """Return the last part of a key, with those before it that tell it from other swept keys."""
    for length in range(1, len(path)):
        if sum(other[-length:] == path[-length:] for other in paths) == 1:
            return ".".join(path[-length:])
    return ".".join(path)


def _value_name(value: Any, values: Sequence[Any]) -> str:  # noqa: ANN401 - what TOML can hold
    """Return one of some values as part of a name; its place if a name of one is not clear.

    >>> values = [[1.5, 2.5], [1.0, 2.0]]
    >>> _value_name(values[0], values)
    '1.5-2.5'
    """
    names = [re.sub(r"[^A-Za-z0-9.-]+", "-", _text(one)).rstrip("-") for one in values]
    place = next(place for place, one in enumerate(values) if one is value)
    name = names[place]
    # Numbers for all values of a key if one needs it: a number could be the name of another.
    are_clear = all(names) and max(map(len, names)) <= _MAX_VALUE_LENGTH
    return name if are_clear and len(set(names)) == len(names) else str(place)


def _text(value: Any) -> str:  # noqa: ANN401 - what TOML can hold
    """Return a value without the names of keys in lists of tables."""
    if isinstance(value, Mapping):
        return " ".join(_text(part) for part in value.values())
    if isinstance(value, list):
        return " ".join(map(_text, value))
    return str(value)
