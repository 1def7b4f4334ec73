"""Axes of ports and supports in a design file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from mnnfab.design.section import Section, section_error
from mnnfab.network.ports import Axis

Degrees = Annotated[float, Field(ge=-360, le=360)]


class OnAxis(Section):
    """An axis: exactly one of both keys.

    Args:
        axis: "x" (to the right) or "y" (upward).
        direction_deg: angle from x, counter-clockwise, instead of an axis.
    """

    axis: Literal["x", "y"] | None = None
    direction_deg: Degrees | None = None

    @model_serializer(mode="wrap")
    def _without_absent_keys(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out keys without a value: a design has the hash that it had before they existed."""
        values: dict[str, Any] = serialise(self)
        return {key: value for key, value in values.items() if value is not None}

    def check_axis(self) -> None:
        """Raise a `ValueError` unless exactly one of both keys is given."""
        if (self.axis is None) == (self.direction_deg is None):
            given = "missing" if self.axis is None else "given with direction_deg"
            raise section_error("axis", given, 'either axis ("x" or "y") or direction_deg')

    @property
    def along(self) -> Axis | float:
        """Axis, or angle from x in degrees."""
        if self.axis is not None:
            return self.axis
        assert self.direction_deg is not None, "one of both keys is given"
        axes: dict[float, Axis] = {0.0: "x", 90.0: "y"}
        return axes.get(self.direction_deg % 360.0, self.direction_deg)
