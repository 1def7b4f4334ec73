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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from mnnfab.errors import InputError

SWEEP = "sweep"
#: Largest number of designs from one file; a larger number is refused as an error.
MOST_DESIGNS = 100_000
_LONGEST_NAME = 80
Values = dict[str, Any]


@dataclass(frozen=True)
class Swept:
    """One design of a sweep.

    Args:
        values: values of the design file without the section [sweep].
        choice: value of every swept key, by "section.key".
    """

    values: Values
    choice: Mapping[str, Any]


def expand(values: Mapping[str, Any], source: str) -> list[Swept]:
    """Return all designs of the values of a design file; one if there is no sweep.

    Args:
        values: values of the file.
        source: name of the file for messages.

    Raises:
        InputError: if the sweep is not a table of lists, is too large, or has a key that no
            design can have.
    """
    plain = {key: value for key, value in values.items() if key != SWEEP}
    if SWEEP not in values:
        return [Swept(plain, {})]
    lists = dict(_lists(values[SWEEP], f"{source}, [{SWEEP}]", ()))
    if not lists:
        raise InputError(f"{source}, [{SWEEP}]", "empty", "keys with lists of values")
    number = 1
    for choices in lists.values():
        number *= len(choices)
    if number > MOST_DESIGNS:
        raise InputError(f"{source}, [{SWEEP}]", f"{number} designs", f"at most {MOST_DESIGNS}")
    stem, found = str(plain.get("name", "")), []
    for place, chosen in enumerate(product(*lists.values())):
        choice = dict(zip(lists, chosen, strict=True))
        changed = copy.deepcopy(plain)
        for path, value in choice.items():
            _put(changed, path, value, f"{source}, [{SWEEP}]")
        changed["name"] = _name(stem, choice, lists, place)
        found.append(Swept(changed, {".".join(path): value for path, value in choice.items()}))
    return found


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
    if not (type(first) is int and type(last) is int and 0 <= last - first < MOST_DESIGNS):
        raise InputError(where, f"first = {first!r}, last = {last!r}", allowed)
    return list(range(first, last + 1))


def _put(values: Values, path: Path, value: Any, where: str) -> None:  # noqa: ANN401
    for key in path[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise InputError(f"{where} {'.'.join(path)}", "no such section", "keys of a design")
    values[path[-1]] = value


def _name(stem: str, choice: Mapping[Path, Any], lists: Mapping[Path, list[Any]], at: int) -> str:
    """Return a name with the swept values, or with a number if that is too long."""
    parts = []
    for path, value in choice.items():
        word = str(value)
        if not re.fullmatch(r"[A-Za-z0-9.-]{1,20}", word):  # lists, tables, other characters
            word = str(lists[path].index(value))
        parts.append(f"{path[-1]}-{word}")
    name = "-".join([stem, *parts])
    return name if len(name) <= _LONGEST_NAME else f"{stem}-{at:05d}"
