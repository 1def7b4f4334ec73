"""Base class, number types and validators of the sections of a design file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SerializerFunctionWrapHandler,
    Strict,
    WithJsonSchema,
    model_serializer,
)

from mnnfab.errors import InputError
from mnnfab.io.short_repr import short_repr
from mnnfab.network.node_ids import NodeId, node_id

T = TypeVar("T")
# The bounds exceed any real part by far; they keep products of a few numbers finite.
#: Smallest number that counts as positive.
MIN_POSITIVE = 1e-9
Positive = Annotated[float, Field(ge=MIN_POSITIVE, le=1e9)]
NotNegative = Annotated[float, Field(ge=0, le=1e9)]
Number = Annotated[float, Field(ge=-1e9, le=1e9)]
Share = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
NodeNumber = Annotated[int, Field(ge=0)]
Many = Annotated[tuple[T, ...], Strict(strict=False)]


def _node(value: object) -> NodeId:
    msg = 'a node: its number, or its id in the network file, such as 7, "left" or [0, 1]'
    if isinstance(value, float):
        raise ValueError(msg)  # noqa: TRY004 - pydantic reports ValueErrors
    try:
        return node_id(value)
    except InputError as error:
        raise ValueError(msg) from error


#: A node: its number, or its id in the network file; `mnnfab.problem.node_numbers` resolves it.
if TYPE_CHECKING:
    Node = NodeId
else:
    Node = Annotated[
        Any,
        PlainValidator(_node),
        WithJsonSchema(
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "array", "minItems": 1}]}
        ),
    ]


def relative_file_name(name: str) -> str:
    """Return `name` if it is a path below the folder of the design file on every platform.

    Raises:
        ValueError: if it is not; the message says what is allowed.
    """
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    leaves = posix.is_absolute() or windows.drive or windows.root or ".." in windows.parts
    if leaves or not posix.name or not name.isprintable():
        msg = "a file in the folder of the design file or below it, without .."
        raise ValueError(msg)
    return name


def valid_name(name: str) -> str:
    """Return `name` if it can be part of a file name on every platform.

    Raises:
        ValueError: if it cannot; the message says what is allowed.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name):
        msg = "letters, digits, '.', '_' and '-' (at most 80, starting with a letter or digit)"
        raise ValueError(msg)
    return name


FileName = Annotated[str, AfterValidator(relative_file_name)]


class Section(BaseModel):
    """Base of all sections: frozen, strict types, no unknown keys, finite numbers only."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    __repr__ = short_repr


class LaterKeysSection(Section):
    """Base of sections with keys that earlier versions did not have.

    Such a key is not written without a value, so that a design has the same hash as before.
    """

    later_keys: ClassVar[frozenset[str]]

    @model_serializer(mode="wrap")
    def _without_absent_keys(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = serialise(self)
        return {
            key: value
            for key, value in values.items()
            if key not in self.later_keys or value or value == 0
        }


def section_error(key: str, given: str, allowed: str) -> ValueError:
    """Return the error of a validator; `mnnfab.design.section_errors` formats it."""
    return ValueError(key, given, allowed)
