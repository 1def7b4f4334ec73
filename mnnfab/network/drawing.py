"""Lines of a drawing as a network: ends that meet, duplicates, and lines that cross.

Drawings have lines, not nodes: ends within a tolerance become one node, and a line that is drawn
twice is one bond. A line that crosses another one, or ends on it, is refused or split there. The
nodes are numbered by their places, row by row from the top and from left to right, so that drawings
of one lattice in any format and order give the same network.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import shapely
from scipy.spatial import cKDTree
from scipy.spatial.distance import pdist

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.network.coincident_points import groups_within
from mnnfab.network.plane import planar
from mnnfab.network.raw_network import RawNetwork

Crossings = Literal["refuse", "split"]
#: Distance within which ends of lines meet, mm, if the design states none.
TOLERANCE_MM = 0.01
#: Largest number of lines of a drawing.
MAX_LINES = 200_000


@dataclass(frozen=True, eq=False)
class Drawing:
    """The straight lines of a drawing.

    Args:
        lines: both ends of each line, (n_lines, 2, 2 or 3) mm.
        names: name of each line in messages.
        findings: what the reader left out or assumed.
    """

    lines: FloatArray
    names: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, eq=False)
class _Graph:
    """Nodes and bonds, and the line that each bond is a part of.

    Args:
        nodes: (n_nodes, 2) mm.
        bonds: (n_bonds, 2).
        line: line of each bond, (n_bonds,).
    """

    nodes: FloatArray
    bonds: IntArray
    line: IntArray


def network_of_drawing(
    drawing: Drawing, tolerance_mm: float | None, crossings: Crossings
) -> RawNetwork:
    """Return the network of a drawing; it has no fixed nodes.

    Args:
        drawing: the lines.
        tolerance_mm: distance within which ends of lines meet; 0.01 mm if None.
        crossings: whether lines that cross, or end on others, are refused or split there.

    Raises:
        InputError: if there is no line, the lines are not in one plane, or some cross and are not
            to be split; the message has the place.
    """
    tolerance = TOLERANCE_MM if tolerance_mm is None else tolerance_mm
    n_lines = len(drawing.lines)
    if not 0 < n_lines <= MAX_LINES:
        raise InputError("drawing", f"{n_lines} straight lines", f"1 to {MAX_LINES:,}")
    points = drawing.lines.reshape(2 * n_lines, -1)
    flat, turned = planar(points, np.arange(len(points)))
    graph, joined = _joined(flat, n_lines, tolerance)
    graph, lost = _without_short(graph, drawing, tolerance)
    near = _near(graph, tolerance)
    graph, split = _split(graph, drawing, tolerance, crossings)
    graph, repeated = _without_repeats(graph)
    nodes, bonds = _numbered(graph, tolerance)
    return RawNetwork(
        nodes,
        bonds,
        tuple(range(len(nodes))),
        None,
        (*drawing.findings, *turned, *joined, *lost, *near, *split, *repeated),
    )


def _joined(points: FloatArray, n_lines: int, tolerance: float) -> tuple[_Graph, list[Finding]]:
    """Return the graph of the lines with ends that meet; a node is the mean of its ends."""
    first = groups_within(points, tolerance)
    _, node = np.unique(first, return_inverse=True)
    sizes = np.bincount(node)
    sums = np.array([np.bincount(node, points[:, axis]) for axis in (0, 1)])
    nodes = (sums / sizes).T
    gaps = np.linalg.norm(points - nodes[node], axis=1)
    findings = []
    apart = np.unique(node[gaps > GAP * tolerance])
    if len(apart):
        widest = max(float(pdist(points[node == one]).max()) for one in apart.tolist())
        x, y = (nodes[apart[0]] + 0.0).tolist()
        message = (
            f"ends of lines up to {widest:.3g} mm apart were joined at {len(apart)} places, "
            f"the first at ({x:.4g}, {y:.4g}) mm (tolerance {tolerance:g} mm)"
        )
        findings.append(Finding("points-merged", "info", "network", message))
    return _Graph(nodes, node.reshape(n_lines, 2), np.arange(n_lines)), findings


#: Ends closer than this part of the median line are probably meant to meet.
NEAR = 0.05
#: Ends whose distance is below this part of the tolerance count as equal in findings.
GAP = 1e-6


def _without_short(
    graph: _Graph, drawing: Drawing, tolerance: float
) -> tuple[_Graph, list[Finding]]:
    """Return the graph without lines whose ends are one node, and a finding on them."""
    short = graph.bonds[:, 0] == graph.bonds[:, 1]
    if not short.any():
        return graph, []
    names = ", ".join(drawing.names[line] for line in graph.line[short][:5].tolist())
    message = f"{int(short.sum())} lines not longer than {tolerance:g} mm are left out: {names}"
    finding = Finding("lines-unused", "warning", "network", message)
    if short.all():
        raise InputError("drawing", f"no line longer than {tolerance:g} mm", "lines of bonds")
    return _Graph(graph.nodes, graph.bonds[~short], graph.line[~short]), [finding]


def _near(graph: _Graph, tolerance: float) -> list[Finding]:
    """Return a finding on ends that nearly meet: the gap may be meant as none."""
    ends = np.unique(graph.bonds)
    lengths = np.linalg.norm(np.diff(graph.nodes[graph.bonds], axis=1)[:, 0], axis=1)
    reach = NEAR * float(np.median(lengths))
    pairs = ends[cKDTree(graph.nodes[ends]).query_pairs(reach, output_type="ndarray")]
    own = {tuple(sorted(bond)) for bond in graph.bonds.tolist()}
    pairs = np.array([pair for pair in pairs.tolist() if tuple(sorted(pair)) not in own])
    if not len(pairs):
        return []
    gaps = np.linalg.norm(np.diff(graph.nodes[pairs], axis=1)[:, 0], axis=1)
    x, y = (graph.nodes[pairs[int(gaps.argmin())][0]] + 0.0).tolist()
    wide = float(f"{1.1 * gaps.max():.2g}")
    message = (
        f"ends of lines up to {gaps.max():.3g} mm apart are not joined at {len(pairs)} places "
        f"(tolerance {tolerance:g} mm), the nearest at ({x:.4g}, {y:.4g}) mm; [network] "
        f"merge_mm = {wide:g} joins them"
    )
    return [Finding("ends-near", "warning", "network", message)]


def _split(
    graph: _Graph, drawing: Drawing, tolerance: float, crossings: Crossings
) -> tuple[_Graph, list[Finding]]:
    """Return the graph with nodes where lines cross or end on others, or refuse such places."""
    nodes, cuts = _meetings(graph, tolerance)
    if not len(cuts):
        return graph, []
    first = cuts[0]
    if crossings == "refuse":
        x, y = (nodes[first[2]] + 0.0).tolist()
        own, other = (drawing.names[graph.line[bond]] for bond in first[:2].tolist())
        raise InputError(
            "drawing",
            f"{own} and {other} cross, or one ends on the other, at ({x:.4g}, {y:.4g}) mm "
            f"({len(np.unique(cuts[:, 2]))} such places)",
            'lines that meet at their ends, or [network] crossings = "split"',
        )
    bonds, lines = list[tuple[int, int]](), list[int]()
    on_bond: dict[int, list[int]] = {}
    for bond, other, node in cuts.tolist():
        on_bond.setdefault(bond, []).append(node)
        on_bond.setdefault(other, []).append(node)
    for number, (start, end) in enumerate(graph.bonds.tolist()):
        inner = np.array(sorted(set(on_bond.get(number, ())) - {start, end}), dtype=np.int64)
        distances = np.linalg.norm(nodes[inner] - nodes[start], axis=1)
        own_nodes = inner[np.argsort(distances)].tolist()
        chain = [start, *own_nodes, end]
        bonds += pairwise(chain)
        lines += [int(graph.line[number])] * (len(chain) - 1)
    places = len(np.unique(cuts[:, 2]))
    message = f"{len(on_bond)} lines were split at {places} places where they meet others"
    finding = Finding("lines-split", "info", "network", message)
    return _Graph(nodes, np.array(bonds), np.array(lines)), [finding]


def _meetings(graph: _Graph, tolerance: float) -> tuple[FloatArray, IntArray]:
    """Return nodes with those of crossings added, and bond, other bond and node of each meeting."""
    ends = graph.nodes[graph.bonds]
    shapes = shapely.linestrings(ends)
    tree = shapely.STRtree(shapes)
    one, two = tree.query(shapes, predicate="dwithin", distance=tolerance)
    pairs = np.column_stack([one, two])[one < two]
    places, cuts = list[FloatArray](), list[tuple[int, int, int]]()
    for first, second in pairs.tolist():
        shared = set(graph.bonds[first].tolist()) & set(graph.bonds[second].tolist())
        touching = _ends_on(graph, first, second, tolerance, shared)
        cuts += [(first, second, node) for node in touching]
        if touching or shared:
            continue
        place = _crossing(ends[first], ends[second])
        if place is not None:
            cuts.append((first, second, len(graph.nodes) + len(places)))
            places.append(place)
    if not places:
        return graph.nodes, np.array(cuts, dtype=np.int64).reshape(-1, 3)
    added = np.array(places)
    group = groups_within(added, tolerance)
    nodes = np.vstack([graph.nodes, added])
    near, old = cKDTree(graph.nodes).query(added)
    number = np.where(near <= tolerance, old, len(graph.nodes) + group)
    rows = np.array(cuts, dtype=np.int64)
    new = rows[:, 2] >= len(graph.nodes)
    rows[new, 2] = number[rows[new, 2] - len(graph.nodes)]
    return nodes, rows


def _ends_on(
    graph: _Graph, first: int, second: int, tolerance: float, shared: set[int]
) -> list[int]:
    """Return the ends of two bonds that lie on the other one, between its ends."""
    found = []
    for bond, other in ((first, second), (second, first)):
        start, end = graph.nodes[graph.bonds[other]]
        along = end - start
        length = float(np.hypot(*along))
        for node in graph.bonds[bond].tolist():
            if node in shared:
                continue
            offset = graph.nodes[node] - start
            place = float(offset @ along) / length
            across = abs(float(offset[0] * along[1] - offset[1] * along[0])) / length
            if across <= tolerance < place < length - tolerance:
                found.append(node)
    return found


def _crossing(one: FloatArray, other: FloatArray) -> FloatArray | None:
    """Return where two lines cross within both, (2,) mm; None if they do not."""
    along, across = one[1] - one[0], other[1] - other[0]
    determinant = along[0] * across[1] - along[1] * across[0]
    if determinant == 0:
        return None
    offset = other[0] - one[0]
    share = (offset[0] * across[1] - offset[1] * across[0]) / determinant
    back = (offset[0] * along[1] - offset[1] * along[0]) / determinant
    inside = 0 <= share <= 1 and 0 <= back <= 1
    place: FloatArray = one[0] + share * along
    return place if inside else None


def _without_repeats(graph: _Graph) -> tuple[_Graph, list[Finding]]:
    """Return the graph with every bond once, and a finding on those that were there twice."""
    _, first = np.unique(np.sort(graph.bonds, axis=1), axis=0, return_index=True)
    if len(first) == len(graph.bonds):
        return graph, []
    message = f"{len(graph.bonds) - len(first)} lines lie on others and are one bond with them"
    finding = Finding("lines-repeated", "info", "network", message)
    kept = np.sort(first)
    return _Graph(graph.nodes, graph.bonds[kept], graph.line[kept]), [finding]


def _numbered(graph: _Graph, tolerance: float) -> tuple[FloatArray, IntArray]:
    """Return nodes row by row from the top, each from left to right, and sorted bonds.

    Nodes belong to one row if each is within the tolerance of the one above it.
    """
    used = np.unique(graph.bonds)
    nodes = graph.nodes[used]
    by_height = np.argsort(-nodes[:, 1], kind="stable")
    drops = np.diff(-nodes[by_height, 1]) > tolerance
    row = np.empty(len(nodes), dtype=np.int64)
    row[by_height] = np.concatenate([[0], np.cumsum(drops)])
    order = np.lexsort((nodes[:, 0], row))
    number = np.full(len(graph.nodes), -1)
    number[used[order]] = np.arange(len(order))
    bonds = np.sort(number[graph.bonds], axis=1)
    return nodes[order], bonds[np.lexsort((bonds[:, 1], bonds[:, 0]))]
