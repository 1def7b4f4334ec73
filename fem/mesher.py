"""The mesher: a program of its own that turns an outline's arrays into triangles by gmsh.

`python mesher.py REQUEST.npz MESH.npz`. It runs in a process of its own because gmsh
can hang on outlines that it cannot mesh, and only a process can be stopped; `fem.mesh`
starts it, and stops it at a deadline. It knows nothing of networks and imports nothing
of mnnfab, so that it starts fast. This is the only module that loads gmsh.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gmsh
import numpy as np

#: Corners of the polygon of arcs that stands for a load disc.
DISC_ARCS = 4
#: Seed of the mesher's own random shifts: same outline, same mesh.
SEED = 1


@contextmanager
def session() -> Iterator[None]:
    """Open gmsh and close it again whatever happens."""
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Verbosity", 1)
        gmsh.option.setNumber("General.NumThreads", 1)
        gmsh.option.setNumber("Mesh.RandomSeed", SEED)
        gmsh.option.setNumber("Mesh.Algorithm", 6)  # frontal Delaunay: even triangles
        yield
    finally:
        gmsh.finalize()


def mesh(request: Mapping[str, Any]) -> dict[str, Any]:
    """Mesh all cells of a tiling, each load disc a region of its own inside its hub.

    Args:
        request: arrays points, sizes (element size about each point, mm), edges, bulges,
            arc_centres, cell_offsets, cell_edges, cell_forward, nodes, disc_radius,
            disc_size.

    Returns:
        Arrays points (n, 2) mm, triangles (m, 3), and region (m,): load disc n is
        region n, the rest of hub n is n_hubs + n, bond b is 2 n_hubs + b.
    """
    with session():
        curves = _add_curves(request)
        regions = _add_regions(request, curves)
        gmsh.model.geo.synchronize()
        gmsh.model.mesh.generate(2)
        return _collect(regions)


def _add_curves(request: Mapping[str, Any]) -> list[int]:
    geo = gmsh.model.geo
    points = [
        geo.addPoint(x, y, 0.0, size)
        for (x, y), size in zip(request["points"].tolist(), request["sizes"].tolist(), strict=True)
    ]
    curves = []
    for (start, end), bulge, centre in zip(
        request["edges"].tolist(),
        request["bulges"].tolist(),
        request["arc_centres"].tolist(),
        strict=True,
    ):
        if bulge:
            middle = geo.addPoint(*centre, 0.0)
            curves.append(geo.addCircleArc(points[start], middle, points[end]))
        else:
            curves.append(geo.addLine(points[start], points[end]))
    return curves


def _add_regions(request: Mapping[str, Any], curves: list[int]) -> list[int]:
    """Return the surfaces: discs, then hubs around them, then bonds."""
    geo = gmsh.model.geo
    offsets = request["cell_offsets"].tolist()
    entries = [
        curves[edge] if forward else -curves[edge]
        for edge, forward in zip(
            request["cell_edges"].tolist(), request["cell_forward"].tolist(), strict=True
        )
    ]
    loops = [geo.addCurveLoop(entries[a:b]) for a, b in itertools.pairwise(offsets)]
    rings = [
        _add_circle(x, y, float(request["disc_radius"]), float(request["disc_size"]))
        for x, y in request["nodes"].tolist()
    ]
    n_hubs = len(rings)
    discs = [geo.addPlaneSurface([ring]) for ring in rings]
    hubs = [geo.addPlaneSurface([loop, ring]) for loop, ring in zip(loops, rings, strict=False)]
    return discs + hubs + [geo.addPlaneSurface([loop]) for loop in loops[n_hubs:]]


def _add_circle(x: float, y: float, radius: float, size: float) -> int:
    geo = gmsh.model.geo
    centre = geo.addPoint(x, y, 0.0, size)
    angles = np.arange(DISC_ARCS) * 2 * np.pi / DISC_ARCS
    around = [
        geo.addPoint(x + radius * np.cos(a), y + radius * np.sin(a), 0.0, size) for a in angles
    ]
    arcs = [
        geo.addCircleArc(around[i], centre, around[(i + 1) % DISC_ARCS]) for i in range(DISC_ARCS)
    ]
    return int(geo.addCurveLoop(arcs))


def _collect(regions: list[int]) -> dict[str, Any]:
    """Gather the triangles of all regions, with points numbered in the order of their use."""
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    triangles, region = [], []
    for number, surface in enumerate(regions):
        _, _, nodes = gmsh.model.mesh.getElements(2, surface)
        triangles.append(np.concatenate(nodes).reshape(-1, 3))
        region.append(np.full(len(triangles[-1]), number))
    used, corners = np.unique(np.concatenate(triangles), return_inverse=True)
    place = np.empty(int(tags.max()) + 1, dtype=np.int64)
    place[tags.astype(np.int64)] = np.arange(len(tags))
    points = coordinates.reshape(-1, 3)[place[used.astype(np.int64)], :2]
    return {
        "points": points,
        "triangles": corners.reshape(-1, 3),
        "region": np.concatenate(region),
    }


def main(request_path: str, mesh_path: str) -> None:
    """Read a request, mesh it, write the mesh."""
    with np.load(request_path, allow_pickle=False) as request:
        result = mesh(dict(request))
    np.savez(Path(mesh_path), **result)


if __name__ == "__main__":
    main(*sys.argv[1:])
