"""The network of a design, and the design with the numbers of its nodes in place of their ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mnnfab.design.design import Design
from mnnfab.design.features_section import FeaturesSection
from mnnfab.design.network_section import NetworkFile
from mnnfab.network.formats.json_network import network_json
from mnnfab.network.network import Network
from mnnfab.network.network_file import NetworkInput, read_network
from mnnfab.network.node_ids import NodeId, NodeIds, require_number
from mnnfab.network.raw_network import DrawingOptions


@dataclass(frozen=True, eq=False)
class NumberedDesign:
    """A design with its network.

    Args:
        design: the design; all its nodes are numbers.
        source: the network as it was read, with the ids of its nodes; without `damage`.
    """

    design: Design
    source: NetworkInput

    @property
    def network(self) -> Network:
        """The network with its supports, without the bonds that the design cuts.

        Raises:
            InputError: if a bond that is cut does not exist.
        """
        cuts = [(require_number(i), require_number(j)) for i, j in self.design.network.damage]
        supports = tuple(one.support for one in self.design.network.supports)
        return replace(self.source.network.without(cuts), supports=supports)

    @property
    def network_bytes(self) -> dict[str, bytes]:
        """The network as JSON, by the name of its file; empty if it is a lattice."""
        section = self.design.network
        if not isinstance(section, NetworkFile):
            return {}
        return {section.file: network_json(self.source.network, self.source.nodes)}


def number_nodes(design: Design, folder: Path) -> NumberedDesign:
    """Read or make the network of a design, and replace ids by the numbers of nodes.

    Args:
        design: the design.
        folder: folder of the files that it names.

    Raises:
        InputError: if the network is not valid, or the design names a node that does not exist.
    """
    section = design.network
    if isinstance(section, NetworkFile):
        drawing = DrawingOptions(section.unit_mm, section.crossings)
        source = read_network(
            *(folder / section.file, section.fixed, section.numbering, section.merge_mm, drawing)
        )
    else:
        network = section.network()
        source = NetworkInput(network, NodeIds(tuple(range(network.n_nodes))))
    return NumberedDesign(_with_numbers(design, source), source)


def _with_numbers(design: Design, source: NetworkInput) -> Design:
    number = source.nodes.number
    network: dict[str, Any] = {
        "damage": tuple(
            (number(f"network, damage[{i}]", first), number(f"network, damage[{i}]", second))
            for i, (first, second) in enumerate(design.network.damage)
        ),
        "supports": tuple(
            one.model_copy(update={"node": number(f"[network] supports[{i}].node", one.node)})
            for i, one in enumerate(design.network.supports)
        ),
    }
    if isinstance(design.network, NetworkFile):
        network["numbering"] = "position"
        if design.network.fixed is not None:
            network["fixed"] = tuple(source.network.fixed.tolist())
    ports = {
        key: tuple(
            item.with_nodes(number, f"[task] {key}[{i}]")
            for i, item in enumerate(getattr(design.task, key))
        )
        for key in ("inputs", "outputs")
    }
    return design.model_copy(
        update={
            "network": design.network.model_copy(update=network),
            "task": design.task.model_copy(update=ports),
            "features": _features(design.features, number),
        }
    )


def _features(section: FeaturesSection, number: Callable[[str, NodeId], int]) -> FeaturesSection:
    eyelets = section.eyelets
    if eyelets is None or eyelets.nodes is None:
        return section
    nodes = tuple(
        number(f"[features.eyelets] nodes[{i}]", node) for i, node in enumerate(eyelets.nodes)
    )
    return section.model_copy(update={"eyelets": eyelets.model_copy(update={"nodes": nodes})})
