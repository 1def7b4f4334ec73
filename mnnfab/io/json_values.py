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
def to_jsonable(value: Any) -> Any:  # noqa: ANN401 - any part of a result
    """Return a value as dictionaries, lists, numbers, strings and None.

    Numbers that JSON does not support (infinity, NaN) become None.

    >>> to_jsonable((np.array([1.0, np.inf]), Path("out")))
    [[1.0, None], 'out']
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if "__str__" in vars(type(value)):  # a value with a name of its own, as a port has
            return str(value)
        fields = dataclasses.fields(value)
        return {field.name: to_jsonable(getattr(value, field.name)) for field in fields}
    return value


@to_jsonable.register(Path)
@to_jsonable.register(dt.date)
@to_jsonable.register(dt.time)
def _(value: Path | dt.date | dt.time) -> str:
    return str(value)


@to_jsonable.register
def _(value: BaseModel) -> dict[str, Any]:
    return value.model_dump(mode="json")


@to_jsonable.register
def _(value: float) -> float | None:
    return value if math.isfinite(value) else None


@to_jsonable.register(np.ndarray)
@to_jsonable.register(np.generic)
def _(value: np.ndarray[Any, Any] | np.generic) -> Any:  # noqa: ANN401 - a list or a number
    return to_jsonable(value.tolist())


@to_jsonable.register(Mapping)
def _(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): to_jsonable(part) for key, part in value.items()}


@to_jsonable.register(list)
@to_jsonable.register(tuple)
def _(value: list[Any] | tuple[Any, ...]) -> list[Any]:
    return [to_jsonable(part) for part in value]
