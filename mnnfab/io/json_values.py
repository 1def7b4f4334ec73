"""Conversion of results to JSON values, for the `--json` options."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel


@singledispatch
def as_plain(value: Any) -> Any:  # noqa: ANN401 - any part of a result
    """Return a value as dictionaries, lists, numbers, strings and None.

    Numbers that JSON does not support (infinity, NaN) become None.

    >>> as_plain((np.array([1.0, np.inf]), Path("out")))
    [[1.0, None], 'out']
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if "__str__" in vars(type(value)):  # a value with a name of its own, as a port has
            return str(value)
        fields = dataclasses.fields(value)
        return {field.name: as_plain(getattr(value, field.name)) for field in fields}
    return value


@as_plain.register(Path)
@as_plain.register(dt.date)
@as_plain.register(dt.time)
def _(value: Path | dt.date | dt.time) -> str:
    return str(value)


@as_plain.register
def _(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json")


@as_plain.register
def _(value: float) -> float | None:
    return value if math.isfinite(value) else None


@as_plain.register(np.ndarray)
@as_plain.register(np.generic)
def _(value: np.ndarray[Any, Any] | np.generic) -> Any:  # noqa: ANN401 - a list or a number
    return as_plain(value.tolist())


@as_plain.register(Mapping)
def _(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): as_plain(part) for key, part in value.items()}


@as_plain.register(list)
@as_plain.register(tuple)
def _(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [as_plain(part) for part in value]
