"""Values of `report.json` that know their place in it, so that a page can name the source of each.

A template that is given a `Traced` value writes every number and every text of the report through
a filter, as an element with the JSON pointer (RFC 6901) of its value. A test resolves all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup


class Traced:
    """A value of `report.json` and its JSON pointer."""

    __slots__ = ("json_pointer", "json_value")

    def __init__(self, value: Any, pointer: str = "") -> None:  # noqa: ANN401 - what JSON holds
        self.json_value, self.json_pointer = value, pointer

    def __getitem__(self, key: str | int) -> Traced:
        """Return a part of an object or array.

        Raises:
            KeyError: if there is none of this name.
            IndexError: if there is none at this place.
        """
        name = str(key).replace("~", "~0").replace("/", "~1")
        return Traced(self.json_value[key], f"{self.json_pointer}/{name}")

    def __iter__(self) -> Iterator[Traced]:
        """Iterate over the parts of an array."""
        return (self[place] for place in range(len(self.json_value)))

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.json_value)

    def __bool__(self) -> bool:
        """Return whether the value is one that counts as true."""
        return bool(self.json_value)

    def __str__(self) -> str:
        """Raise: a value is written through a filter, which names its source."""
        msg = f"{self.json_pointer} is written without its source"
        raise TypeError(msg)

    __html__ = __repr__ = __str__


def raw(value: Traced) -> Any:  # noqa: ANN401 - what JSON holds
    """Return the value itself, for conditions."""
    return value.json_value


def traced_text(value: Traced) -> Markup:
    """Return a text of the report as an element with its source."""
    return Markup('<span data-source="%s">%s</span>') % (value.json_pointer, value.json_value)


def traced_number(value: Traced, form: str = ".4g", factor: float = 1.0) -> Markup:
    """Return a number of the report as an element with its source.

    Args:
        value: a number, or None, which is written as a dash.
        form: format of the number, as of `format`.
        factor: factor from the unit of the report to that of the page.
    """
    number = value.json_value
    if number is None:
        return Markup('<span data-source="%s">–</span>') % value.json_pointer
    text = format(number * factor if factor != 1.0 else number, form).replace("-", "−")
    if factor == 1.0:
        element = Markup('<data value="%s" data-source="%s">%s</data>')
        return element % (repr(number), value.json_pointer, text)
    element = Markup('<data value="%s" data-source="%s" data-factor="%s">%s</data>')
    return element % (repr(number), value.json_pointer, repr(factor), text)
