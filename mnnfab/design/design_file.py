"""Reading and writing design files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mnnfab.design.design import Design
from mnnfab.design.errors import input_error_of
from mnnfab.design.sweep import SWEEP
from mnnfab.errors import InputError
from mnnfab.io.files import read_toml


@dataclass(frozen=True)
class LocatedDesign:
    """A design and the folder of the files that it refers to."""

    design: Design
    folder: Path


def locate_design(path: Path) -> LocatedDesign:
    """Read and validate a design file; its folder holds the files that it refers to.

    Raises:
        InputError: as for `load_design`.
    """
    return LocatedDesign(load_design(path), path.parent)


def load_design(path: Path) -> Design:
    """Read and validate a design file.

    Raises:
        InputError: if the file is missing, is not TOML or is invalid; one message lists all errors.
    """
    values = read_values(path)
    if SWEEP in values:
        given, allowed = "several designs in one file", "mnnfab batch, or a file without [sweep]"
        raise InputError(f"{path.name}, [{SWEEP}]", given, allowed)
    return parse_design(values, source=path.name)


def read_values(path: Path) -> dict[str, Any]:
    """Return the values of a design file without validation.

    Raises:
        InputError: if the file is missing or is not TOML.
    """
    return read_toml(path, "a design file in TOML")


def parse_design(values: Mapping[str, Any], source: str = "design") -> Design:
    """Return the validated design of the values of a design file.

    Raises:
        InputError: if the values are invalid; the message lists every error.
    """
    try:
        return Design.model_validate(values)
    except ValidationError as error:
        faults = [input_error_of(source, detail) for detail in _independent(error.errors())]
    if len(faults) == 1:
        raise faults[0]
    lines = "".join(f"\n- {fault}" for fault in faults)
    raise InputError(source, f"{len(faults)} errors{lines}", "a design without these errors")


def _independent(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Return the errors without lists that are too short only because an entry is invalid."""
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(_is_within(other["loc"], detail["loc"]) for other in details)
    ]


def _is_within(inner: tuple[int | str, ...], outer: tuple[int | str, ...]) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def dump_design(design: Design) -> str:
    """Return a design as TOML with the default values of all keys that have an effect.

    Parsing the text gives an equal design.
    """
    values = design.model_dump(mode="json", by_alias=True, exclude_none=True)
    return tomli_w.dumps(values)


def inline_toml(value: Any) -> str:  # noqa: ANN401 - what TOML can hold
    """Return a value as TOML in one line.

    >>> inline_toml({"node": 3, "axis": "y"})
    '{ node = 3, axis = "y" }'
    """
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key} = {inline_toml(part)}" for key, part in value.items())
        return f"{{ {pairs} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(inline_toml(part) for part in value)}]"
    return tomli_w.dumps({"v": value}).removeprefix("v = ").rstrip("\n")
