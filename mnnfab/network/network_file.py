"""Networks read from files and from objects of other packages; coordinates in mm.

mnnfab JSON:        {"nodes": [[x, y], …], "bonds": [[i, j], …], "fixed": [i, …], "ids": […]}
networkx JSON:      node-link data; every node has "x" and "y" or "pos": [x, y]
Abaqus .inp:        its trusses and beams, with included files
drawings:           straight lines of .dxf and .svg, straight edges of .step
other files:        a mesh in a format of VTK or of meshio; its lines are the bonds

A reader of `mnnfab.network.formats` states what is in a file; here it becomes a network: in one
plane, without unused points, with one node per place.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mnnfab.arrays import IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.files import require_file
from mnnfab.io.registry import registered
from mnnfab.network import formats
from mnnfab.network.coincident_points import check_coincident, check_on_bonds, merged, united_bonds
from mnnfab.network.graph import Graph, network_of_graph
from mnnfab.network.mesh_reading import network_of_mesh, read_other_mesh
from mnnfab.network.network import Network
from mnnfab.network.node_ids import MAX_SHOWN, NodeId, NodeIds, Numbering, node_id, shown
from mnnfab.network.plane import planar
from mnnfab.network.raw_network import DrawingOptions, NetworkReader, RawNetwork, ReadOptions

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class NetworkInput:
    """A network as it was read.

    Args:
        network: the network.
        nodes: ids of its nodes.
        findings: findings on what was left out, assumed or changed.
    """

    network: Network
    nodes: NodeIds
    findings: tuple[Finding, ...] = ()


def read_network(
    path: Path,
    fixed: Sequence[NodeId] | None = None,
    numbering: Numbering | None = None,
    merge_mm: float | None = None,
    drawing: DrawingOptions | None = None,
    *,
    fixed_required: bool = True,
) -> NetworkInput:
    """Read a network; coordinates are in mm.

    Args:
        path: the file.
        fixed: the fixed nodes, if the file does not define them.
        numbering: meaning of the nodes in `fixed` and in the design: ids of the file, or numbers
            from 0 in the order of the file; by their values if not given.
        merge_mm: points that are as close as this are one node.
        drawing: unit, and what becomes of lines that cross.
        fixed_required: whether a network without fixed nodes is an error.

    Raises:
        InputError: if the file or the network in it is not valid.
    """
    require_file(path)
    drawing = drawing or DrawingOptions()
    options = ReadOptions(drawing.unit_mm, drawing.crossings, numbering, merge_mm)
    reader = _reader_of(path)
    if options.crossings is not None and not reader.is_drawing:
        given = f'"{options.crossings}" for {path.name}'
        raise InputError("[network] crossings", given, "only for drawings: .dxf, .svg, .step")
    try:
        raw = reader.read(path, options)
        if options.unit_mm is not None and not reader.is_drawing:
            raw = replace(raw, points=options.unit_mm * np.asarray(raw.points, dtype=np.float64))
        _check_fixed(raw, path, fixed, required=fixed_required)
        merge_mm = None if reader.is_drawing else options.merge_mm
        return _assemble(raw, fixed or (), options.numbering, merge_mm)
    except InputError as error:
        if str(path) in error.where:
            raise
        raise InputError(f"{path}, {error.where}", error.given, error.allowed) from error


def load_network(path: Path, fixed: Sequence[NodeId] | None = None) -> Network:
    """Read a network; coordinates are in mm, nodes are counted from 0 in the order of the file.

    What the file has that is not part of the network is logged.

    Args:
        path: the file.
        fixed: the fixed nodes, if the file does not define them; ids of the file or, if the file
            has no such id, positions in it.

    Raises:
        InputError: if the file or the network in it is not valid.
    """
    return _logged(read_network(path, fixed))


def network_from_graph(graph: Graph, fixed: Sequence[Any]) -> Network:
    """Return the network of a networkx graph whose nodes have x and y, or pos, in mm.

    Nodes are numbered in the graph's order.

    Args:
        graph: an undirected graph.
        fixed: the fixed nodes, by their names in the graph.

    Raises:
        InputError: if a node has no coordinates or a fixed node is not in the graph.
    """
    raw = network_of_graph(list(graph.nodes(data=True)), list(graph.edges()))
    number = {name: place for place, name in enumerate(raw.ids)}
    missing = [name for name in fixed if name not in number]
    if missing:
        raise InputError("graph, fixed", f"{missing[0]!r} is not a node", "names of nodes")
    return _logged(_assemble(replace(raw, fixed=tuple(number[name] for name in fixed))))


def network_from_mesh(mesh: Any, fixed: Sequence[int]) -> Network:  # noqa: ANN401 - a meshio.Mesh
    """Return the network of a meshio mesh: its lines, poly-lines and curves are the bonds.

    Points that no line uses are dropped; the others are numbered in the order of the mesh.

    Args:
        mesh: coordinates in mm; its plane is turned into z = 0 if it is another one.
        fixed: the fixed nodes, by their points in the mesh.

    Raises:
        InputError: if there are no line cells, or the points are not in one plane.
    """
    raw = replace(network_of_mesh(mesh), fixed=tuple(map(int, fixed)))
    return _logged(_assemble(raw))


def _logged(found: NetworkInput) -> Network:
    for finding in found.findings:
        logger.info("%s: %s", finding.where, finding.message)
    return found.network


def _reader_of(path: Path) -> NetworkReader:
    """Return the registered reader of a file, or that of all other meshes."""
    for reader in registered(formats, "READER", NetworkReader):
        if path.suffix.lower() in reader.suffixes:
            return reader
    return NetworkReader((), read_other_mesh)


def _check_fixed(
    raw: RawNetwork, path: Path, fixed: Sequence[NodeId] | None, *, required: bool
) -> None:
    if required and raw.fixed is None and fixed is None:
        raise InputError(
            "[network] fixed", "missing", f"nodes of {path.name}, which defines no fixed nodes"
        )
    if raw.fixed is not None and fixed is not None:
        raise InputError("[network] fixed", f"given here and in {path}", "one of the two")


def _assemble(
    raw: RawNetwork,
    fixed: Sequence[NodeId] = (),
    numbering: Numbering | None = None,
    merge_mm: float | None = None,
) -> NetworkInput:
    """Return the network: its points in one plane, each with a bond, each place once."""
    used = np.unique(raw.bonds)
    coordinates, findings = planar(raw.points, used)
    findings += _unused(raw, used)
    first, merging = np.arange(len(used)), list[Finding]()
    if merge_mm is not None:
        first, merging = merged(coordinates[used], np.searchsorted(used, raw.bonds), merge_mm)
    kept = np.unique(first)
    node_of = np.full(len(raw.points), -1)
    node_of[used] = np.searchsorted(kept, first)
    nodes, bonds = coordinates[used[kept]], node_of[raw.bonds]
    if len(kept) < len(used):
        bonds, united = united_bonds(bonds)
        merging += united
    ids = NodeIds(
        tuple(raw.ids[point] for point in used[kept].tolist()),
        numbering,
        {raw.ids[point]: int(node_of[point]) for point in np.delete(used, kept).tolist()},
    )
    check_coincident(nodes, bonds, ids.ids)
    check_on_bonds(nodes, bonds, ids.ids)
    numbers = [ids.number("[network] fixed", node_id(node)) for node in fixed]
    for point in raw.fixed or ():
        if not 0 <= point < len(node_of) or node_of[point] < 0:
            raise InputError("network, fixed", f"node {point} does not exist", "nodes with a bond")
        numbers.append(int(node_of[point]))
    network = Network(nodes, bonds, np.array(numbers, dtype=np.int64))
    return NetworkInput(
        network, ids, (*raw.findings, *findings, *merging, *ids.id_findings("network"))
    )


def _unused(raw: RawNetwork, used: IntArray) -> list[Finding]:
    """Return a finding on points without a bond, which are no nodes."""
    unused = np.setdiff1d(np.arange(len(raw.points)), used)
    if not unused.size:
        return []
    names = ", ".join(shown(raw.ids[point]) for point in unused[:MAX_SHOWN].tolist())
    more = " …" if unused.size > MAX_SHOWN else ""
    message = f"{unused.size} points without a bond are left out: {names}{more}"
    return [Finding("points-unused", "info", "network", message)]
