"""Targets of effective moduli in the [task] section of a design file."""

from __future__ import annotations

from typing import Literal, Self, get_args

from pydantic import model_validator

from mnnfab.design.case_section import Target, target_band
from mnnfab.design.section import LaterKeysSection, Number, Positive, section_error

Quantity = Literal["youngs-modulus", "poisson-ratio", "shear-modulus"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


class ModulusSection(LaterKeysSection):
    """[[task.moduli]] Target of an effective modulus of the network that repeats.

    Only with [network] period_mm.

    Args:
        quantity: "youngs-modulus", "poisson-ratio" or "shear-modulus".
        direction_deg: direction of the load, counter-clockwise from x, degrees; 0 if not given.
        target: a number, or text such as "-0.3 +- 0.05", "at least 0.5", "0.2 to 0.4"; moduli in
            MPa. Without a tolerance it is 10 % of the number, at least 0.02 for Poisson's ratios.
        weight: weight of the target in training; 1 if not given.
    """

    later_keys = frozenset({"direction_deg", "weight"})

    quantity: Quantity
    direction_deg: Number | None = None
    target: Target
    weight: Positive | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        band = target_band(self.target)
        if band.is_free:
            raise section_error("target", "free", "a number, an end or a range")
        if self.quantity != "poisson-ratio" and not band.high > 0:
            raise section_error("target", band.text, "moduli above 0 MPa")
        return self
