"""Ports in the [task] section of a design file: one node, several, or a sum of displacements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Self

from pydantic import (
    Field,
    Strict,
    StringConstraints,
    model_validator,
)

from mnnfab.design.axis_section import OnAxis, axis_values
from mnnfab.design.section import Many, Node, Number, section_error
from mnnfab.network.node_ids import NodeId, require_number
from mnnfab.network.ports import AnyPort, Port, PortSum

PortName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,60}$", strip_whitespace=True)]


class TermSection(OnAxis):
    """One term of a sum: a node, an axis and a factor.

    Args:
        node: number of the node, from 0, or its id in the network file.
        factor: factor of the displacement in the sum; 1 if not given.
    """

    later_keys = OnAxis.later_keys | {"factor"}

    node: Node
    factor: Number | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.check_axis()
        if self.factor == 0:
            raise section_error("factor", "0", "a nonzero number, or leave the term out")
        return self


class PortSection(OnAxis):
    """A node and an axis, several nodes and an axis, or a sum over nodes.

    Args:
        node: number of the node, from 0, or its id in the network file.
        nodes: several nodes in place of one: their mean displacement; a load is shared equally.
        terms: displacements whose sum is the port, such as the gap of two jaws; a load is applied
            to each of them times its factor.
        name: name of the port in reports and tables.
    """

    later_keys = OnAxis.later_keys | {"node", "nodes", "terms", "name"}

    node: Node | None = None
    nodes: Annotated[tuple[Node, ...], Strict(strict=False), Field(min_length=2)] | None = None
    terms: Annotated[Many[TermSection], Field(min_length=1, max_length=1000)] | None = None
    name: PortName | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [key for key in ("node", "nodes", "terms") if getattr(self, key) is not None]
        if len(given) != 1:
            raise section_error(
                "node", " and ".join(given) or "missing", "one of node, nodes and terms"
            )
        if self.terms is None:
            self.check_axis()
        elif self.axis is not None or self.direction_deg is not None:
            raise section_error("axis", "given with terms", "an axis in each of the terms")
        if self.nodes is not None and len(set(map(str, self.nodes))) < len(self.nodes):
            raise section_error("nodes", f"{list(self.nodes)}", "each node once")
        return self

    @property
    def port(self) -> AnyPort:
        """The port of this section, whose nodes must be numbers.

        Raises:
            InputError: if one is an id, which `mnnfab.problem.node_numbers` resolves.
        """
        if self.node is not None:
            return Port(require_number(self.node), self.along, self.name or "")
        return PortSum(tuple(self._terms()), self.name or "")

    def _terms(self) -> Iterator[tuple[float, Port]]:
        if self.terms is not None:
            for term in self.terms:
                factor = 1.0 if term.factor is None else term.factor
                yield factor, Port(require_number(term.node), term.along)
            return
        nodes = self.nodes or ()
        for node in nodes:
            yield 1.0 / len(nodes), Port(require_number(node), self.along)

    def with_nodes(self, number: Callable[[str, NodeId], int], where: str) -> Self:
        """Return the section with other nodes.

        Args:
            number: function from the location and the id of a node to its number.
            where: location of this section.
        """
        if self.node is not None:
            return self.model_copy(update={"node": number(where, self.node)})
        if self.nodes is not None:
            nodes = tuple(number(f"{where}.nodes[{i}]", one) for i, one in enumerate(self.nodes))
            return self.model_copy(update={"nodes": nodes})
        terms = tuple(
            term.model_copy(update={"node": number(f"{where}.terms[{i}]", term.node)})
            for i, term in enumerate(self.terms or ())
        )
        return self.model_copy(update={"terms": terms})


def port_values(port: AnyPort) -> dict[str, Any]:
    """Return a port as the values of its section in a design file."""
    name = {"name": port.name} if port.name else {}
    if isinstance(port, Port):
        return {"node": port.node, **axis_values(port), **name}
    terms = [{"node": term.node, **axis_values(term), "factor": f} for f, term in port.terms]
    return {"terms": terms, **name}


Ports = Annotated[tuple[PortSection, ...], Strict(strict=False), Field(min_length=1)]
