"""Supports of single directions in the [network] section of a design file."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from mnnfab.design.axis_section import OnAxis
from mnnfab.design.section import Node, Positive
from mnnfab.network.node_ids import require_number
from mnnfab.network.ports import Port
from mnnfab.network.supports import Support


class SupportSection(OnAxis):
    """[[network.supports]] A node that is held in one direction: a roller, or a spring.

    Args:
        node: number of the node, from 0, or its id in the network file.
        stiffness_N_per_mm: stiffness of a spring to the ground; a rigid support if not given.
    """

    later_keys = OnAxis.later_keys | {"stiffness_N_per_mm"}

    node: Node
    stiffness_N_per_mm: Positive | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.check_axis()
        return self

    @property
    def support(self) -> Support:
        """The support of this section, whose node must be a number."""
        return Support(Port(require_number(self.node), self.along), self.stiffness_N_per_mm)
