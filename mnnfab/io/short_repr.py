"""Representations of values that fit on a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from reprlib import Repr

import numpy as np
from pydantic import BaseModel

#: Numbers and items that are shown one by one; of more, their count and range are shown.
SHOWN = 4


class _Short(Repr):
    """`reprlib.Repr` for arrays, dataclasses and pydantic models.

    It calls the methods by the name of the type. Fields are nested two levels deep.
    """

    def repr_ndarray(self, array: np.ndarray, level: int) -> str:  # noqa: ARG002 - of Repr
        if array.ndim == 1 and array.size <= SHOWN:
            return repr(array.tolist())
        shape = " x ".join(map(str, array.shape))
        if array.size == 0 or array.dtype.kind not in "fiu":
            return f"<array {shape}>"
        return f"<array {shape}, {array.min():.4g} to {array.max():.4g}>"

    def repr_csr_array(self, matrix: np.ndarray, level: int) -> str:  # noqa: ARG002 - of Repr
        return f"<sparse array {' x '.join(map(str, matrix.shape))}>"

    def repr_tuple(self, items: tuple[object, ...], level: int) -> str:
        if len(items) <= SHOWN:
            return super().repr_tuple(items, level)
        kinds = {type(item).__name__ for item in items}
        return f"<{len(items)} {kinds.pop() if len(kinds) == 1 else 'items'}>"

    def repr_instance(self, value: object, level: int) -> str:
        if not (is_dataclass(value) or isinstance(value, BaseModel)):
            return super().repr_instance(value, level)
        if level <= 0:
            return f"{type(value).__name__}({self.fillvalue})"
        shown = (f"{name}={self.repr1(field, level - 1)}" for name, field in _fields(value))
        return f"{type(value).__name__}({', '.join(shown)})"


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """Yield the fields of a representation: not those without a value, as by default.

    Of a section of a design, it has those that were given.
    """
    if isinstance(value, BaseModel):
        names = [name for name in type(value).model_fields if name in value.model_fields_set]
    else:
        shown = [field for field in fields(value) if field.repr]  # type: ignore[arg-type]
        absent = {field.name for field in shown if getattr(value, field.name) is field.default}
        names = [one.name for one in shown if one.name not in absent or one.default is not None]
    for name in names:
        yield name, getattr(value, name)


def short_repr(value: object) -> str:
    """Return a representation of a dataclass or a section of a design, of some 100 characters.

    Arrays are given by shape and range, long tuples by count, nested values by the name of their
    class. A class takes it as its own: `__repr__ = short_repr`.
    """
    short = _Short()
    short.maxlevel, short.maxstring, short.maxother = 1, 40, 40
    return short.repr_instance(value, short.maxlevel)
