"""Base classes of the [network] sections and of lattices."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, get_args

from pydantic import Field

from mnnfab.design.section import LaterKeysSection, Many, Node, NodeNumber, Number
from mnnfab.design.support_section import SupportSection
from mnnfab.network.network import Network

Rows = Annotated[int, Field(ge=1, le=1000)]
Vector = Annotated[tuple[Number, Number], Field(strict=False)]
Cut = Annotated[tuple[Node, Node], Field(strict=False)]


class NetworkBase(LaterKeysSection):
    """[network] keys shared by lattices and files.

    Args:
        damage: bonds that are cut, each given by its two nodes: [[5, 9]].
        supports: nodes that are held in one direction: rollers and springs.
        period_mm: two vectors by which the network repeats, [[ax, ay], [bx, by]], mm. Bonds that
            are a period apart have one width, and the effective moduli of the network are computed.
    """

    later_keys = frozenset({"supports", "period_mm"})

    damage: Many[Cut] = ()
    supports: Many[SupportSection] = ()
    period_mm: Annotated[Many[Vector], Field(min_length=2, max_length=2)] | None = None


class Lattice(NetworkBase, ABC):
    """[network] keys shared by all lattices.

    Args:
        fixed: the fixed nodes.
    """

    fixed: Many[NodeNumber]

    @classmethod
    def key(cls) -> str:
        """Return the value of `lattice` that selects the class."""
        (name,) = get_args(cls.model_fields["lattice"].annotation)
        return str(name)

    @abstractmethod
    def network(self) -> Network:
        """Return the lattice without damage."""
