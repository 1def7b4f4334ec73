"""Cells of a mesh to bonds: lines, poly-lines and curves; other one-dimensional cells are refused.

Cells are counted from 0 in the order of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding

#: Names of cells of no, two or three dimensions begin with these; they are no bonds.
_POINTS = ("vertex", "poly_vertex", "empty")
_WIDER = (
    *("triangle", "quad", "polygon", "pixel", "tetra", "hexa", "wedge", "pyramid", "penta"),
    *("polyhedron", "voxel", "convex"),
    *(
        f"VTK_{kind}_{shape}"
        for kind in ("LAGRANGE", "BEZIER", "HIGHER_ORDER")
        for shape in ("TRIANGLE", "QUAD", "POLYGON", "TETRA", "HEXA", "WEDGE", "PYRAMID")
    ),
)
#: Curves, whose ends come first, as in meshio, VTK and gmsh.
_CURVES = (
    *(f"line{count}" for count in range(3, 12)),
    *("VTK_LAGRANGE_CURVE", "VTK_BEZIER_CURVE"),
)
#: A curve is straight if its points are closer to its chord than this part of the chord.
STRAIGHT = 1e-4


@dataclass(frozen=True)
class CellBlock:
    """Successive cells of one kind.

    Args:
        kind: name of the cells, as in meshio; "poly_line" for those of VTK.
        cells: the points of each cell.
        groups: physical group of each cell; empty if the file has none.
    """

    kind: str
    cells: Sequence[Sequence[int]]
    groups: Sequence[int] = ()


def bonds_of_cells(
    points: FloatArray, blocks: Sequence[CellBlock]
) -> tuple[IntArray, list[Finding]]:
    """Return the bonds of the cells of a mesh, (n_bonds, 2), and findings on them.

    A line is a bond, a poly-line one bond per segment. A curve is one straight bond between its
    ends; if others end at a point inside of it, it is divided there.

    Args:
        points: (n_points, 2 or 3) mm.
        blocks: all cells of the mesh, in order.

    Raises:
        InputError: if there are no such cells, or one of them is not known.
    """
    blocks = [block for block in blocks if len(block.cells)]
    findings = _left_out(blocks)
    possible = [block for block in blocks if not block.kind.startswith((*_POINTS, *_WIDER))]
    if possible and all(map(_is_plain, possible)):  # the usual mesh, which may be large
        bonds = np.concatenate([np.asarray(block.cells) for block in possible]).astype(np.int64)
        if bonds.min(initial=0) >= 0 and bonds.max(initial=0) < len(points):
            return bonds, findings
    chains = list(_chains(points, blocks))
    if not chains:
        given = ", ".join(sorted({block.kind for block in blocks})) or "none"
        raise InputError("mesh", f"cells {given}", "line cells, one per bond")
    ends = {point for chain in chains for point in chain.joints}
    segments = [pair for chain in chains for pair in chain.segments(ends)]
    curved = [chain for chain in chains if chain.bow_mm > 0]
    findings += _curves(chains) + ([_curved(curved)] if curved else [])
    return np.array(segments, dtype=np.int64), findings


def _is_plain(block: CellBlock) -> bool:
    """Return whether cells are lines of two points; lines of XDMF can have more."""
    return block.kind == "line" and np.ndim(block.cells) == 2 and np.shape(block.cells)[1] == 2


def without_repeats(blocks: Sequence[CellBlock]) -> tuple[list[CellBlock], list[Finding]]:
    """Return the blocks without lines that stand there again for another physical group."""
    seen: dict[tuple[int, ...], set[int]] = {}
    kept, repeats = [], 0
    for block in blocks:
        if not len(block.groups):
            kept.append(block)
            continue
        rows = []
        for row, (cell, group) in enumerate(zip(block.cells, block.groups, strict=True)):
            groups = seen.setdefault(tuple(sorted(map(int, cell))), set())
            repeated = bool(groups) and int(group) not in groups
            groups.add(int(group))
            repeats += repeated
            rows += [] if repeated else [row]
        cells = [block.cells[row] for row in rows]
        kept.append(CellBlock(block.kind, cells, [block.groups[row] for row in rows]))
    if not repeats:
        return kept, []
    message = f"{repeats} cells stand in two physical groups; each is read once"
    return kept, [Finding("cells-in-groups", "info", "mesh", message)]


@dataclass(frozen=True)
class _Chain:
    """One cell as the points along it, of which only the joints are nodes."""

    number: int
    points: tuple[int, ...]
    joints: tuple[int, ...]
    bow_mm: float = 0.0

    def segments(self, ends: set[int]) -> Iterator[tuple[int, int]]:
        """Yield the bonds: between the joints, and points at which other cells end."""
        own = set(self.joints)
        stops = [point for point in self.points if point in own or point in ends]
        yield from pairwise(stops)


def _chains(points: FloatArray, blocks: Sequence[CellBlock]) -> Iterator[_Chain]:
    number = 0
    for block in blocks:
        for cell in block.cells:
            chain = _chain(number, block.kind, tuple(map(int, cell)), points)
            if chain is not None:
                yield chain
            number += 1


def _chain(number: int, kind: str, cell: tuple[int, ...], points: FloatArray) -> _Chain | None:
    if kind.startswith((*_POINTS, *_WIDER)):
        return None
    where, allowed = f"cell {number}", "two-point lines, poly-lines or curves"
    if kind not in {"line", "poly_line", *_CURVES}:
        raise InputError(where, f"a cell of the kind {kind}", allowed)
    if len(cell) < 2 or not all(0 <= point < len(points) for point in cell):
        raise InputError(where, f"points {list(cell)[:8]}", f"points 0 to {len(points) - 1}")
    if kind not in _CURVES:
        return _Chain(number, cell, cell)
    return _curve(number, cell, points)


def _curve(number: int, cell: tuple[int, ...], points: FloatArray) -> _Chain:
    """Return a curve, whose ends are its first two points, as a chain from end to end.

    Points inside are in the order of their places along the chord.
    """
    own = points[list(cell)] - points[cell[0]]
    length = float(np.linalg.norm(own[1]))
    if not length:
        raise InputError(f"cell {number}", "a closed curve", "a curve with two ends")
    along = own @ own[1] / length
    bow = float(np.linalg.norm(own - np.outer(along, own[1] / length), axis=1).max())
    inside = 2 + np.argsort(along[2:], kind="stable")
    order = (cell[0], *(cell[place] for place in inside.tolist()), cell[1])
    return _Chain(number, order, cell[:2], bow if bow > STRAIGHT * length else 0.0)


def _left_out(blocks: Sequence[CellBlock]) -> list[Finding]:
    """Return findings on cells that are no bonds."""
    counts = Counter[str]()
    for block in blocks:
        counts[block.kind] += len(block.cells)
    wider = _count(counts, _WIDER)
    points = _count(counts, _POINTS)
    findings = []
    if wider:
        message = f"{wider} cells are no bonds and are left out"
        findings.append(Finding("cells-left-out", "warning", "mesh", message))
    if points:
        message = f"{points} cells are no bonds and are left out"
        findings.append(Finding("cells-left-out", "info", "mesh", message))
    return findings


def _count(counts: Counter[str], prefixes: tuple[str, ...]) -> str:
    """Return the numbers of the cells whose kinds begin with some prefixes, as text."""
    found = sorted((kind, count) for kind, count in counts.items() if kind.startswith(prefixes))
    return ", ".join(f"{count} {kind}" for kind, count in found if count)


def _curves(chains: Sequence[_Chain]) -> list[Finding]:
    count = sum(len(chain.points) > len(chain.joints) for chain in chains)
    if not count:
        return []
    message = f"{count} curves are read as straight bonds between their ends"
    return [Finding("curves", "info", "mesh", message)]


def _curved(chains: Sequence[_Chain]) -> Finding:
    worst = max(chains, key=lambda chain: chain.bow_mm)
    message = (
        f"{len(chains)} curves are not straight, up to {worst.bow_mm:.3g} mm off their chord; "
        "they are built as straight bonds"
    )
    return Finding("curves", "warning", f"cell {worst.number}", message)
