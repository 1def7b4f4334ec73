"""Velocities of the points of a mesh when a design changes: widths, joints, any outline.

The velocities of the outline of each cell are those of the tiling, by central differences of
tilings of slightly different designs; inside they are harmonic, and zero on the load discs.
Gradients depend on the velocities of the outline alone; those inside only move the mesh with it.
"""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from fem.mesh import Mesh
from geometry.tiling import Tiling
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.network.network import Network

#: Relative change of a width for the differences of tilings.
STEP = 1e-5
#: Largest distance of a point of the mesh from the edge on which it lies, mm.
ON_EDGE = 1e-6


def width_velocities(
    mesh: Mesh, network: Network, widths_mm: FloatArray, tile: Callable[[FloatArray], Tiling]
) -> sparse.csr_array:
    """Return the derivative of all coordinates of a mesh in the widths, (2 n_points, n_bonds).

    Args:
        mesh: mesh of the tiling of these widths; x and y of point i are rows 2 i and 2 i + 1.
        network: nodes and bonds.
        widths_mm: width of each bond, (n_bonds,).
        tile: function that returns the tiling of widths.
    """
    velocities = sparse.lil_array((2 * len(mesh.points), network.n_bonds))
    own = tile(widths_mm)
    for bonds in _independent_bonds(network):
        change = np.zeros(network.n_bonds)
        change[bonds] = STEP * widths_mm[bonds]
        tilings = own, tile(widths_mm + change), tile(widths_mm - change)
        for bond in bonds:
            for cell in (*network.bonds[bond].tolist(), int(own.bond_cells[bond])):
                points, moved = _moved_cell(mesh, cell, tilings)
                rows = (2 * points[:, None] + np.arange(2)).ravel()
                velocities[rows, [bond] * len(rows)] = (moved / (2 * change[bond])).ravel()
    return sparse.csr_array(velocities)


def moved_points(mesh: Mesh, own: Tiling, more: Tiling, less: Tiling) -> FloatArray:
    """Return how far the points of a mesh move from one tiling to another, (2 n_points,) mm.

    Args:
        mesh: mesh of the tiling `own`.
        own: tiling of a design.
        more: tiling of the design with a small change.
        less: tiling of the design with the opposite change.
    """
    moves = np.zeros((len(mesh.points), 2))
    for cell, name in enumerate(own.names):
        if name.kind in {"hub", "bond"}:
            points, moved = _moved_cell(mesh, cell, (own, more, less))
            moves[points] = moved
    return moves.ravel()


def _independent_bonds(network: Network) -> list[list[int]]:
    """Return groups of bonds without common nodes, so that one tiling serves a whole group."""
    lines = nx.line_graph(nx.Graph(network.bonds.tolist()))
    numbers = {tuple(sorted(bond)): number for number, bond in enumerate(network.bonds.tolist())}
    groups: dict[int, list[int]] = {}
    for bond, colour in nx.greedy_color(lines, strategy="largest_first").items():
        groups.setdefault(colour, []).append(numbers[tuple(sorted(bond))])
    return list(groups.values())


def _moved_cell(
    mesh: Mesh, cell: int, tilings: tuple[Tiling, Tiling, Tiling]
) -> tuple[IntArray, FloatArray]:
    """Return the points of a hub or bond and how far they move between two tilings, (n, 2) mm."""
    triangles = mesh.triangles[mesh.region == mesh.n_nodes + cell]
    in_disc = (mesh.region == cell) & (cell < mesh.n_nodes)  # a bond has none
    disc = np.unique(mesh.triangles[in_disc])
    points, local = np.unique(triangles, return_inverse=True)
    local = local.reshape(-1, 3)
    known = np.isin(points, disc)
    outline = np.setdiff1d(_boundary(local), np.flatnonzero(known))
    moved = np.zeros((len(points), 2))
    moved[outline] = _moved_outline(mesh.points[points[outline]], cell, tilings)
    known[outline] = True
    _harmonic(mesh.points[points], local, known, moved)
    return points, moved


def _boundary(triangles: IntArray) -> IntArray:
    """Return the points on the boundary of some triangles."""
    edges = np.sort(triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    found, counts = np.unique(edges, axis=0, return_counts=True)
    return np.unique(found[counts == 1])


def _moved_outline(
    points: FloatArray, cell: int, tilings: tuple[Tiling, Tiling, Tiling]
) -> FloatArray:
    """Return how far points on the edges of a cell move between two tilings, (n, 2) mm."""
    own, more, less = tilings
    moved, nearest = np.zeros_like(points), np.full(len(points), np.inf)
    for edge, _ in (edge for loop in own.loops(cell) for edge in loop):
        shares, distances = _places_on(own, edge, points)
        closer = distances < nearest
        nearest[closer] = distances[closer]
        moved[closer] = _along(more, edge, shares[closer]) - _along(less, edge, shares[closer])
    assert nearest.max(initial=0.0) < ON_EDGE, f"{own.names[cell]}: {nearest.max()} mm"
    return moved


def _places_on(tiling: Tiling, edge: int, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the share of an edge at which each point lies, and its distance from there, mm."""
    start, end = tiling.points[tiling.edges[edge]]
    if tiling.bulges[edge]:
        arc = tiling.arc(edge)
        angles = np.arctan2(*(points - arc.centre).T[::-1]) - arc.start
        # Angles from half a turn before the middle of the arc to half a turn after it.
        middle = arc.sweep / 2
        shares = (middle + (angles - middle + np.pi) % (2 * np.pi) - np.pi) / arc.sweep
    else:
        chord = end - start
        shares = (points - start) @ chord / (chord @ chord)
    shares = np.clip(shares, 0.0, 1.0)
    distances: FloatArray = np.linalg.norm(_along(tiling, edge, shares) - points, axis=1)
    return shares, distances


def _along(tiling: Tiling, edge: int, shares: FloatArray) -> FloatArray:
    """Return the points of an edge at some shares of it, (n, 2) mm."""
    start, end = tiling.points[tiling.edges[edge]]
    if tiling.bulges[edge]:
        arc = tiling.arc(edge)
        angles = arc.start + shares * arc.sweep
        circle: FloatArray = arc.centre + arc.radius * np.stack([np.cos(angles), np.sin(angles)], 1)
        return circle
    line: FloatArray = start + shares[:, None] * (end - start)
    return line


def _harmonic(
    points: FloatArray, triangles: IntArray, known: np.ndarray, values: FloatArray
) -> None:
    """Fill in the unknown values so that they are harmonic, by linear triangles."""
    if known.all():
        return
    slopes, areas = linear_slopes(points, triangles)
    local = np.einsum("eik,ejk,e->eij", slopes, slopes, areas)
    rows, columns = np.repeat(triangles, 3, axis=1), np.tile(triangles, 3)
    shape = (len(points), len(points))
    matrix = sparse.csr_array((local.ravel(), (rows.ravel(), columns.ravel())), shape=shape)
    free, fixed = np.flatnonzero(~known), np.flatnonzero(known)
    right = -(matrix[free][:, fixed] @ values[fixed])
    values[free] = splu(sparse.csc_array(matrix[free][:, free])).solve(right)


def linear_slopes(points: FloatArray, triangles: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the slopes of the linear functions of triangles, (n, 3, 2) 1/mm, and areas, mm²."""
    corners = points[triangles]
    edges = np.roll(corners, -2, axis=1) - np.roll(corners, -1, axis=1)  # opposite to each corner
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    areas = (first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]) / 2
    slopes = np.stack([-edges[..., 1], edges[..., 0]], axis=-1) / (2 * areas[:, None, None])
    return slopes, areas
