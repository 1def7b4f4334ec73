"""The mesh of one period of the printed shape, with sides that match.

A period has the hub of every node and one bond cell for every bond. Where a bond leads to the next
cell, it ends at the cut of its joint; the other side of the cut is that of a hub a period away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fem.mesh import triangulate
from geometry.cells import tile
from geometry.tiling import Tiling
from mnnfab.arrays import FloatArray, IntArray, frozen_floats, frozen_ints
from mnnfab.design.fabrication import Fabrication
from mnnfab.io.short_repr import short_repr
from mnnfab.network.network import Network
from mnnfab.network.periodic import PeriodicCell


@dataclass(frozen=True, eq=False)
class CellMesh:
    """A triangle mesh of one period.

    Args:
        points: (n_points, 2) mm.
        triangles: (n_triangles, 3), counter-clockwise.
        cuts: ends of the cuts that are repeated a period away, (n_cuts, 2, 2) mm.
        offsets_mm: vector from the same cut at its hub to each of them, (n_cuts, 2) mm.
    """

    points: FloatArray
    triangles: IntArray
    cuts: FloatArray
    offsets_mm: FloatArray

    __repr__ = short_repr

    @property
    def area_mm2(self) -> float:
        """Area of the triangles."""
        first, second, third = np.moveaxis(self.points[self.triangles], 1, 0)
        (ax, ay), (bx, by) = (second - first).T, (third - first).T
        return float((ax * by - ay * bx).sum()) / 2


def make_cell_mesh(
    cell: PeriodicCell,
    widths_mm: FloatArray,
    fabrication: Fabrication,
    elements_across_joint: int,
    deadline_s: float,
) -> CellMesh:
    """Mesh one period of the printed shape.

    Args:
        cell: nodes, bonds and periods.
        widths_mm: width of each bond of the cell, (n_bonds,).
        fabrication: joints, tapers, fillets, load discs.
        elements_across_joint: element size, as the number of elements across the narrowest place
            nearby.
        deadline_s: time after which the mesher is stopped, s.

    Raises:
        GeometryError: if bonds are too short for their joints, or joints or bonds overlap.
        ToolError: if the mesher fails or does not finish in time.
    """
    patch, copies = unfolded(cell)
    tiling = tile(patch, np.asarray(widths_mm)[copies], fabrication)
    n_bonds = len(cell.bonds)
    cells = [*range(cell.n_nodes), *tiling.bond_cells[:n_bonds].tolist()]
    arrays = triangulate(tiling, cells, elements_across_joint, deadline_s, cell.n_nodes)
    leaving = np.flatnonzero(cell.shifts.any(axis=1))
    ends = [_cut(tiling, patch, int(bond)) for bond in leaving]
    return CellMesh(
        points=frozen_floats(arrays["points"]),
        triangles=frozen_ints(arrays["triangles"]),
        cuts=frozen_floats(np.array(ends).reshape(-1, 2, 2)),
        offsets_mm=frozen_floats(cell.offsets_mm[leaving]),
    )


def unfolded(cell: PeriodicCell) -> tuple[Network, IntArray]:
    """Return a cell as a patch in which each of its nodes has all its bonds.

    Returns:
        The network: nodes and bonds of the cell first, then images of those that join it with the
        cells around it; and the bond of the cell that each bond is an image of.
    """
    images: dict[tuple[int, int, int], int] = {(node, 0, 0): node for node in range(cell.n_nodes)}

    def image(node: int, shift: IntArray) -> int:
        return images.setdefault((node, *shift.tolist()), len(images))

    zero = np.zeros(2, dtype=np.int64)
    ends = list(zip(cell.bonds.tolist(), cell.shifts, strict=True))
    bonds = [(i, image(j, shift)) for (i, j), shift in ends]
    leaving = np.flatnonzero(cell.shifts.any(axis=1))
    bonds += [
        (image(int(cell.bonds[b, 0]), -cell.shifts[b]), image(int(cell.bonds[b, 1]), zero))
        for b in leaving
    ]
    nodes = [cell.nodes[node] + np.array(shift) @ cell.periods_mm for node, *shift in images]
    copies = np.concatenate([np.arange(len(cell.bonds)), leaving])
    return Network(np.array(nodes), np.array(bonds), np.array([], dtype=np.int64)), copies


def _cut(tiling: Tiling, patch: Network, bond: int) -> FloatArray:
    """Return both points of the edge between a bond and the hub of its second node, (2, 2) mm."""
    hub, bond_cell = int(patch.bonds[bond, 1]), int(tiling.bond_cells[bond])

    def edges(cell: int) -> set[int]:
        return {edge for loop in tiling.loops(cell) for edge, _ in loop}

    (edge,) = edges(hub) & edges(bond_cell)
    ends: FloatArray = tiling.points[tiling.edges[edge]]
    return ends
