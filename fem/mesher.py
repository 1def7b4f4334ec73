"""The mesher: a separate program that triangulates an outline, given as arrays, with gmsh.

It reads arrays from standard input and writes arrays to standard output, as archives of
`numpy.savez`: without temporary files none can be left behind. It runs in a separate process
because gmsh can hang on outlines that it cannot mesh, and only a process can be stopped;
`fem.mesh` starts it, and stops it at a deadline. It is independent of networks and imports
nothing of mnnfab, so that it starts fast. This is the only module that loads gmsh.
"""

from __future__ import annotations

import ctypes
import io
import itertools
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import gmsh
import numpy as np

#: Number of arcs of the circle around a load disc.
DISC_ARCS = 4
#: Seed of gmsh's random perturbations: the same outline gives the same mesh.
SEED = 1
#: Operation of prctl(2): the signal that a process receives when its parent ends.
_PR_SET_PDEATHSIG = 1


@contextmanager
def session() -> Iterator[None]:
    """Initialise gmsh, and finalise it on exit, also after an error."""
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Verbosity", 1)
        gmsh.option.setNumber("General.NumThreads", 1)
        gmsh.option.setNumber("Mesh.RandomSeed", SEED)
        gmsh.option.setNumber("Mesh.Algorithm", 6)  # frontal Delaunay: uniform triangles
        yield
    finally:
        gmsh.finalize()


def mesh(request: Mapping[str, Any]) -> dict[str, Any]:
    """Mesh the cells of a tiling, with each load disc as a separate region inside its hub.

    Args:
        request: arrays points, sizes (element size at each point, mm), edges, bulges,
            arc_centres, cells (the cells to mesh, hubs first), cell_offsets, loop_offsets,
            cell_edges, cell_forward, nodes, disc_radius, disc_size.

    Returns:
        Arrays points (n, 2) mm, triangles (m, 3), and region (m,): load disc n is
        region n, cell c without its load disc is n_hubs + c.
    """
    with session():
        curves = _add_curves(request)
        surfaces = _add_regions(request, curves)
        gmsh.model.geo.synchronize()
        gmsh.model.mesh.generate(2)
        return _collect(surfaces)


def _add_curves(request: Mapping[str, Any]) -> dict[int, int]:
    """Return the gmsh curve of each edge that is used."""
    geo = gmsh.model.geo
    used = np.unique(np.concatenate([loop for cell in _loops(request) for loop, _ in cell]))
    coordinates, sizes = request["points"].tolist(), request["sizes"].tolist()
    points = {
        point: geo.addPoint(*coordinates[point], 0.0, sizes[point])
        for point in np.unique(request["edges"][used]).tolist()
    }
    curves = {}
    for edge in used.tolist():
        start, end = (points[point] for point in request["edges"][edge].tolist())
        if request["bulges"][edge]:
            middle = geo.addPoint(*request["arc_centres"][edge].tolist(), 0.0)
            curves[edge] = geo.addCircleArc(start, middle, end)
        else:
            curves[edge] = geo.addLine(start, end)
    return curves


def _loops(request: Mapping[str, Any]) -> list[list[tuple[Any, Any]]]:
    """Return the loops of every cell to be meshed, each as its edges and their directions."""
    loops = [
        (request["cell_edges"][a:b], request["cell_forward"][a:b])
        for a, b in itertools.pairwise(request["loop_offsets"].tolist())
    ]
    offsets = request["cell_offsets"].tolist()
    return [loops[offsets[cell] : offsets[cell + 1]] for cell in request["cells"].tolist()]


def _add_regions(request: Mapping[str, Any], curves: Mapping[int, int]) -> dict[int, int]:
    """Return the gmsh surface of each region: discs, and cells without the discs."""
    geo = gmsh.model.geo
    radius, size = float(request["disc_radius"]), float(request["disc_size"])
    rings = [_add_circle(x, y, radius, size) for x, y in request["nodes"].tolist()]
    surfaces = {disc: geo.addPlaneSurface([ring]) for disc, ring in enumerate(rings)}
    for cell, loops in zip(request["cells"].tolist(), _loops(request), strict=True):
        bounds = [
            geo.addCurveLoop(
                [
                    curves[e] if f else -curves[e]
                    for e, f in zip(edges.tolist(), forward, strict=True)
                ]
            )
            for edges, forward in loops
        ]
        if cell < len(rings):
            bounds.append(rings[cell])
        surfaces[len(rings) + cell] = geo.addPlaneSurface(bounds)
    return surfaces


def _add_circle(x: float, y: float, radius: float, size: float) -> int:
    geo = gmsh.model.geo
    centre = geo.addPoint(x, y, 0.0, size)
    angles = np.arange(DISC_ARCS) * 2 * np.pi / DISC_ARCS
    circle_points = [
        geo.addPoint(x + radius * np.cos(a), y + radius * np.sin(a), 0.0, size) for a in angles
    ]
    arcs = [
        geo.addCircleArc(circle_points[i], centre, circle_points[(i + 1) % DISC_ARCS])
        for i in range(DISC_ARCS)
    ]
    return int(geo.addCurveLoop(arcs))


def _collect(surfaces: Mapping[int, int]) -> dict[str, Any]:
    """Return the points, triangles and regions of the mesh, without unused points."""
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    triangles, region = [], []
    for number, surface in surfaces.items():
        _, _, nodes = gmsh.model.mesh.getElements(2, surface)
        triangles.append(np.concatenate(nodes).reshape(-1, 3))
        region.append(np.full(len(triangles[-1]), number))
    used, corners = np.unique(np.concatenate(triangles), return_inverse=True)
    index_of_tag = np.empty(int(tags.max()) + 1, dtype=np.int64)
    index_of_tag[tags.astype(np.int64)] = np.arange(len(tags))
    points = coordinates.reshape(-1, 3)[index_of_tag[used.astype(np.int64)], :2]
    return {
        "points": points,
        "triangles": corners.reshape(-1, 3),
        "region": np.concatenate(region),
    }


def answer(request: bytes) -> bytes:
    """Return the mesh of a request; both are archives of arrays, as of `numpy.savez`."""
    with np.load(io.BytesIO(request), allow_pickle=False) as arrays:
        result = mesh(dict(arrays))
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **result)
    return archive.getvalue()


def _end_with_parent() -> None:
    """Let Linux end this process with the one that started it, even if that is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Answer the request on standard input."""
    _end_with_parent()
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)  # what gmsh prints is no part of the answer
        output.write(answer(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
