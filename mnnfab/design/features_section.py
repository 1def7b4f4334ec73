"""The [features] section of a design file: optional features for use in the laboratory."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from mnnfab.design.section import Many, Node, Positive, Section, section_error
from mnnfab.network.node_ids import require_number

#: Smallest visible height or depth, mm.
MIN_HEIGHT_MM = 0.01


def _check_height(height: float) -> float:
    if abs(height) < MIN_HEIGHT_MM:
        msg = f"at least {MIN_HEIGHT_MM:g}, or a depth: at most -{MIN_HEIGHT_MM:g}"
        raise ValueError(msg)
    return height


#: Height of a raised feature, or depth (negative) of an engraved one.
Height = Annotated[float, Field(ge=-100, le=100), AfterValidator(_check_height)]
#: Number of hash digits in an id.
HASH_DIGITS = 6
#: Largest diameter of a hole divided by the diameter of its disc.
MAX_HOLE_RATIO = 0.95
#: Largest number of characters of an id.
MAX_ID_LENGTH = 60


def _check_text(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > MAX_ID_LENGTH:
        msg = f"one line of 1 to {MAX_ID_LENGTH} printable characters"
        raise ValueError(msg)
    return text


class PadsSection(Section):
    """[features.pads] Disc with a bolt hole beside every fixed node, for the mounting frame.

    Args:
        radius_mm: radius of the disc.
        bolt_hole_mm: diameter of the bolt hole; 3.2 fits an M3 bolt.
    """

    radius_mm: Annotated[float, Field(gt=0, le=100)] = 5.0
    bolt_hole_mm: Positive = 3.2

    @model_validator(mode="after")
    def _check_wall(self) -> Self:
        max_hole = 2 * MAX_HOLE_RATIO * self.radius_mm
        if self.bolt_hole_mm > max_hole:
            raise section_error("bolt_hole_mm", f"{self.bolt_hole_mm:g}", f"at most {max_hole:g}")
        return self


class EyeletsSection(Section):
    """[features.eyelets] Ring for a string beside a node, in the direction of its load.

    Args:
        nodes: nodes with an eyelet; all inputs of the task if not given.
        hole_mm: diameter of the hole.
        wall_mm: radial width of the ring.
    """

    nodes: Many[Node] | None = None
    hole_mm: Positive = 1.2
    wall_mm: Positive = 0.8

    @property
    def node_numbers(self) -> tuple[int, ...] | None:
        """The nodes, which must be numbers."""
        return None if self.nodes is None else tuple(map(require_number, self.nodes))

    @model_validator(mode="after")
    def _check_wall(self) -> Self:
        min_wall = (1 / MAX_HOLE_RATIO - 1) * self.hole_mm / 2
        if self.wall_mm < min_wall:
            raise section_error("wall_mm", f"{self.wall_mm:g}", f"at least {min_wall:.4g}")
        return self


class DotsSection(Section):
    """[features.dots] Dot at every node for camera tracking, with the radius of the load disc.

    Args:
        height_mm: height above the top of the part; negative values engrave the dots.
    """

    height_mm: Height = 0.5


class IdSection(Section):
    """[features.id] Text on an unloaded tab at a fixed node.

    Args:
        text: text of the id; {name} is replaced by the name of the design, {hash} by the first
            six digits of the design hash of the part.
        height_mm: height above the tab; negative values engrave the text.
        letter_mm: height of a capital letter.
    """

    text: Annotated[str, AfterValidator(_check_text)] = "{name} {hash}"
    height_mm: Height = 0.5
    letter_mm: Annotated[float, Field(ge=1, le=100)] = 4.0

    def text_for(self, name: str, digits: str) -> str:
        """Return the text for a design name and hash."""
        return self.text.replace("{name}", name).replace("{hash}", digits[:HASH_DIGITS])

    def widest_text(self, name: str) -> str:
        """Return the widest possible text of any hash: d is the widest digit."""
        return self.text_for(name, "d" * HASH_DIGITS)


class CouponSection(Section):
    """[features.coupon] Two test specimens of the material, printed on the same tray.

    One is a single bond with its two hubs, the other a plain bar; both have pads for clamping.

    Args:
        bond_width_mm: width of the single bond; width_initial_mm if not given.
        bar_width_mm: width of the bar.
        bar_length_mm: length of the bar from hub to hub.
    """

    bond_width_mm: Positive | None = None
    bar_width_mm: Positive = 4.0
    bar_length_mm: Positive = 40.0


class FeaturesSection(Section):
    """[features] Features for use in the laboratory; each table that is given adds its feature.

    Args:
        pads: discs with bolt holes beside the fixed nodes.
        eyelets: rings for strings beside the inputs.
        dots: dots for a camera at every node.
        id: name and hash of the design on a tab.
        coupon: test specimens of the material.
    """

    pads: PadsSection | None = None
    eyelets: EyeletsSection | None = None
    dots: DotsSection | None = None
    id: IdSection | None = None
    coupon: CouponSection | None = None
