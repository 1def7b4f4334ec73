"""The [features] section of a design file: what a lab adds to a network, each thing optional."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from mnnfab.design.section import Many, NodeNumber, Positive, Section, refusal

#: Nothing lower is to be seen, mm.
LEAST_HEIGHT_MM = 0.01


def _height(height: float) -> float:
    if abs(height) < LEAST_HEIGHT_MM:
        msg = f"{LEAST_HEIGHT_MM:g} or more, or a depth of -{LEAST_HEIGHT_MM:g} or less"
        raise ValueError(msg)
    return height


#: Height of something raised, or depth (negative) of something sunk.
Height = Annotated[float, Field(ge=-100, le=100), AfterValidator(_height)]
#: Digits of the hash in an id.
HASH_DIGITS = 6
#: A hole is at most this share of the disc that it is in.
THINNEST_RING = 0.95
#: More would be no label.
LONGEST_ID = 60


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_ID:
        msg = f"one line of 1 to {LONGEST_ID} printable characters"
        raise ValueError(msg)
    return text


class PadsSection(Section):
    """[features.pads] a disc with a bolt hole beside every fixed node, clamped by the frame.

    Args:
        radius_mm: of the disc.
        bolt_hole_mm: diameter; 3.2 lets an M3 bolt through.
    """

    radius_mm: Annotated[float, Field(gt=0, le=100)] = 5.0
    bolt_hole_mm: Positive = 3.2

    @model_validator(mode="after")
    def _has_a_wall(self) -> Self:
        most = 2 * THINNEST_RING * self.radius_mm
        if self.bolt_hole_mm > most:
            raise refusal("bolt_hole_mm", f"{self.bolt_hole_mm:g}", f"at most {most:g}")
        return self


class EyeletsSection(Section):
    """[features.eyelets] a ring beside a node, in the direction of its load, for the string.

    Args:
        nodes: that get one; all inputs of the task if not given.
        hole_mm: diameter of the hole.
        wall_mm: width of the ring around it.
    """

    nodes: Many[NodeNumber] | None = None
    hole_mm: Positive = 1.2
    wall_mm: Positive = 0.8

    @model_validator(mode="after")
    def _has_a_wall(self) -> Self:
        least = (1 / THINNEST_RING - 1) * self.hole_mm / 2
        if self.wall_mm < least:
            raise refusal("wall_mm", f"{self.wall_mm:g}", f"at least {least:.4g}")
        return self


class DotsSection(Section):
    """[features.dots] a dot at every node to be tracked by a camera, as large as the load disc.

    Args:
        height_mm: above the top of the part; negative sinks the dots into it.
    """

    height_mm: Height = 0.5


class IdSection(Section):
    """[features.id] a text on a tab that hangs from a fixed node and carries no load.

    Args:
        text: {name} stands for the design's name, {hash} for the first six digits of the
            hash of what decides the part.
        height_mm: above the tab; negative engraves.
        letter_mm: height of a capital.
    """

    text: Annotated[str, AfterValidator(_one_line)] = "{name} {hash}"
    height_mm: Height = 0.5
    letter_mm: Annotated[float, Field(ge=1, le=100)] = 4.0

    def words(self, name: str, digits: str) -> str:
        """Return the text for a design of that name and hash."""
        return self.text.replace("{name}", name).replace("{hash}", digits[:HASH_DIGITS])

    def widest_words(self, name: str) -> str:
        """Return a text as wide as any hash makes it: d is the widest of the digits."""
        return self.words(name, "d" * HASH_DIGITS)


class CouponSection(Section):
    """[features.coupon] two more parts that measure the material from the same tray.

    A single bond with its two hubs, and a plain bar, both with pads to hold them.

    Args:
        bond_width_mm: of the single bond; width_initial_mm if not given.
        bar_width_mm: of the bar.
        bar_length_mm: from hub to hub.
    """

    bond_width_mm: Positive | None = None
    bar_width_mm: Positive = 4.0
    bar_length_mm: Positive = 40.0


class FeaturesSection(Section):
    """[features] what a lab adds; each table that is there adds its thing."""

    pads: PadsSection | None = None
    eyelets: EyeletsSection | None = None
    dots: DotsSection | None = None
    id: IdSection | None = None
    coupon: CouponSection | None = None
