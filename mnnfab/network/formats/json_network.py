"""Networks in JSON: mnnfab's own, and node-link data as networkx writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mnnfab.errors import InputError
from mnnfab.io.files import read_json
from mnnfab.network.graph import network_of_graph
from mnnfab.network.network import Network
from mnnfab.network.node_ids import NodeId, NodeIds, check_ids, node_id
from mnnfab.network.raw_network import NetworkReader, RawNetwork, ReadOptions

_KEYS = {"nodes", "bonds", "fixed"}


def read_json_network(path: Path, options: ReadOptions) -> RawNetwork:  # noqa: ARG001
    """Read a network in JSON.

    Args:
        path: the file.
        options: without effect, as every node has an id.

    Raises:
        InputError: if it is not JSON, or not a network.
    """
    values = read_json(path, "a JSON file")
    if isinstance(values, dict) and "nodes" in values and {"links", "edges"} & set(values):
        return _from_node_link(path, values)
    if not isinstance(values, dict) or set(values) - {"ids"} != _KEYS:
        given = f"keys {', '.join(sorted(values))}" if isinstance(values, dict) else "not an object"
        raise InputError(
            str(path), given, "an object with the keys nodes, bonds and fixed, or node-link data"
        )
    return _from_own(path, values)


def network_json(network: Network, nodes: NodeIds) -> bytes:
    """Return a network as JSON that `read_json_network` reads; every digit is kept.

    Args:
        network: the network.
        nodes: ids of its nodes, kept if they are not their numbers.
    """
    values: dict[str, Any] = {
        "nodes": network.nodes.tolist(),
        "bonds": network.bonds.tolist(),
        "fixed": network.fixed.tolist(),
    }
    if not nodes.are_numbers:
        values["ids"] = nodes.ids
    rows = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in values.items())
    return ("{\n" + ",\n".join(rows) + "\n}\n").encode("utf-8")


def _from_own(path: Path, values: Mapping[str, Any]) -> RawNetwork:
    network = Network(values["nodes"], values["bonds"], values["fixed"])
    numbers = tuple(range(network.n_nodes))
    given = values.get("ids")
    if given is not None and (not isinstance(given, list) or len(given) != len(numbers)):
        count = len(given) if isinstance(given, list) else "no list"
        raise InputError(f"{path}, ids", f"{count}", f"one for each of {len(numbers)} nodes")
    ids: tuple[NodeId, ...] = numbers if given is None else tuple(map(node_id, given))
    check_ids(ids)
    return RawNetwork(network.nodes, network.bonds, ids, tuple(network.fixed.tolist()))


def _from_node_link(path: Path, values: Mapping[str, Any]) -> RawNetwork:
    """Read node-link data in the format of `networkx.node_link_data`."""
    if {"links", "edges"} <= set(values):
        raise InputError(str(path), "both links and edges", "one of the two")
    if "fixed" in values:
        raise InputError(f"{path}, fixed", "in node-link data", "[network] fixed in the design")
    key = "links" if "links" in values else "edges"
    nodes, links = values["nodes"], values[key]
    try:
        named = [(node_id(node["id"]), node) for node in nodes]
        pairs = [(node_id(link["source"]), node_id(link["target"])) for link in links]
    except (KeyError, TypeError) as error:
        raise InputError(
            str(path), f"not node-link data: {error!r}", "the output of networkx.node_link_data"
        ) from error
    check_ids([name for name, _ in named])
    return network_of_graph(named, pairs)


READER = NetworkReader((".json",), read_json_network)
