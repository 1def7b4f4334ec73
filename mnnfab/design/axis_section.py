"""Axes of ports and supports in a design file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from mnnfab.design.section import LaterKeysSection, section_error
from mnnfab.network.ports import Axis, Port

Degrees = Annotated[float, Field(ge=-360, le=360)]


class OnAxis(LaterKeysSection):
    """An axis: exactly one of both keys.

    Args:
        axis: "x" (to the right) or "y" (upward).
        direction_deg: angle from x, counter-clockwise, instead of an axis.
    """

    later_keys = frozenset({"axis", "direction_deg"})

    axis: Literal["x", "y"] | None = None
    direction_deg: Degrees | None = None

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


def axis_values(port: Port) -> dict[str, Any]:
    """Return the axis of a port as the key of a section and its value."""
    return {"axis" if isinstance(port.axis, str) else "direction_deg": port.axis}
