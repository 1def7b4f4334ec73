"""Base classes of the [network] sections and of lattices."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, get_args

from pydantic import Field

from mnnfab.design.section import LaterKeysSection, Many, Node, NodeNumber
from mnnfab.design.support_section import SupportSection
from mnnfab.network.network import Network

Rows = Annotated[int, Field(ge=1, le=1000)]
Cut = Annotated[tuple[Node, Node], Field(strict=False)]


class NetworkBase(LaterKeysSection):
    """[network] keys shared by lattices and files.

    Args:
        damage: bonds that are cut, each given by its two nodes: [[5, 9]].
        supports: nodes that are held in one direction: rollers and springs.
    """

    later_keys = frozenset({"supports"})

    damage: Many[Cut] = ()
    supports: Many[SupportSection] = ()


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
