"""Ids of nodes: what a network file calls its nodes, and the number of each."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from mnnfab.errors import InputError
from mnnfab.findings import Finding

NodeId: TypeAlias = int | str | tuple["NodeId", ...]
#: "file": nodes of a design are ids of the file; "position": places in the file, from 0.
Numbering = Literal["file", "position"]

#: Ids in a message.
MAX_SHOWN = 12


@dataclass(frozen=True)
class NodeIds:
    """Ids of the nodes of a network, in the order of their numbers.

    Args:
        ids: one per node, all different.
        numbering: meaning of the nodes in a design; None if the design does not say.
        merged: node of the points that were merged into it, by their ids.
    """

    ids: tuple[NodeId, ...]
    numbering: Numbering | None = None
    merged: Mapping[NodeId, int] = field(default_factory=dict)

    @property
    def are_numbers(self) -> bool:
        """True if every id is the number of its node."""
        return self.ids == tuple(range(len(self.ids)))

    def number(self, where: str, node: NodeId) -> int:
        """Return the number of the node that a design names.

        An integer that is the id of one node and the number of another one is refused, unless the
        numbering is given.

        Raises:
            InputError: if there is no such node, or it is ambiguous; `where` is in the message.

        >>> NodeIds(("a", "b")).number("fixed", "b")
        1
        """
        found = None if self.numbering == "position" else self._by_id.get(node)
        place = self._place(node)
        if found is None:
            found = place
            self._check_numeral(where, place)
        elif self.numbering is None and place not in {None, found}:
            raise InputError(
                where,
                f"node {node} is ambiguous: the id of one node, and the position of the node "
                f"with id {shown(self.ids[node])}",  # type: ignore[index]
                '[network] numbering = "file" if it is an id of the file, "position" if it counts '
                "the nodes of the file from 0",
            )
        if found is None:
            raise InputError(where, f"node {shown(node)} does not exist", self._allowed)
        return found

    def _check_numeral(self, where: str, place: int | None) -> None:
        """Refuse a position that is written like the name of another node."""
        named = self._by_id.get(str(place))
        if self.numbering is None and named not in {None, place}:
            given = f'node {place} is ambiguous: a position, or the node that is named "{place}"'
            allowed = f'"{place}" for the name in the file, or [network] numbering = "position"'
            raise InputError(where, given, allowed)

    def id_findings(self, where: str) -> list[Finding]:
        """Return a finding on the ids, if they are not the numbers of the nodes."""
        if self.are_numbers:
            return []
        pairs = [f"{shown(name)} = {number}" for number, name in enumerate(self.ids[:MAX_SHOWN])]
        message = (
            "results number the nodes from 0 in the order of the file; id = number: "
            f"{', '.join(pairs)}{' …' if len(self.ids) > MAX_SHOWN else ''}"
        )
        return [Finding("node-ids", "info", where, message)]

    @cached_property
    def _by_id(self) -> dict[NodeId, int]:
        return {**self.merged, **{name: number for number, name in enumerate(self.ids)}}

    def _place(self, node: NodeId) -> int | None:
        """Return an integer as a position; None if it is none, or means an id."""
        if not isinstance(node, int) or not 0 <= node < len(self.ids):
            return None
        integers = self.numbering is None and any(isinstance(one, int) for one in self.ids)
        return None if self.numbering == "file" or (integers and node not in self._by_id) else node

    @property
    def _allowed(self) -> str:
        if self.numbering == "position" or self.are_numbers:
            return f"nodes 0 to {len(self.ids) - 1}"
        names = ", ".join(shown(name) for name in self.ids[:MAX_SHOWN])
        return f"ids of the file: {names}{' …' if len(self.ids) > MAX_SHOWN else ''}"


def check_ids(ids: Sequence[NodeId]) -> None:
    """Check that all ids differ.

    Raises:
        InputError: naming the first id that is there twice.
    """
    seen: dict[NodeId, int] = {}
    for place, name in enumerate(ids):
        if name in seen:
            given = f"id {shown(name)} twice, nodes {seen[name]} and {place} of the file"
            raise InputError("nodes", given, "a different id for every node")
        seen[name] = place


def node_id(value: object) -> NodeId:
    """Return an id as read from JSON or TOML; lists are tuples, as in `networkx`.

    Raises:
        InputError: if it is not an integer, text, or a list of these.

    >>> node_id([0, "a"])
    (0, 'a')
    """
    if isinstance(value, list | tuple) and value:
        return tuple(node_id(one) for one in value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    allowed = "an integer, text, or a list of these"
    raise InputError("nodes", f"id {str(value)[:60]}", allowed)


def shown(node: NodeId) -> str:
    """Return an id as it is written in a design.

    >>> shown((0, "a"))
    '[0, "a"]'
    """
    if isinstance(node, tuple):
        return f"[{', '.join(map(shown, node))}]"
    return f'"{node[:60]}"' if isinstance(node, str) else str(node)


def require_number(node: NodeId) -> int:
    """Return a node that is a number.

    Raises:
        InputError: if it is another id.
    """
    if not isinstance(node, int):
        raise InputError("node", shown(node), "the number of a node")
    return node
