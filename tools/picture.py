"""Makes the README's picture, docs/iris.png: the trained network, the continuum, the part."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import trimesh
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from scipy.spatial.transform import Rotation

from export.stl import write_stl
from fem.continuum import solve_continuum
from fem.mesh import make_mesh
from geometry.cells import tile
from geometry.solid import build_solid
from geometry.tiling import Tiling
from mnnfab import load_problem, train_problem
from mnnfab.report.drawing import draw_deformed, draw_network

ROOT = Path(__file__).resolve().parent.parent
RUBBER = np.array([0.25, 0.27, 0.30])
#: Turned about z and tilted towards the viewer, degrees.
TURN, TILT = -18.0, 52.0


def draw_part(axes: Axes, tiling: Tiling) -> None:
    """Draw the STL as a camera from above would see it, far facets first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.stl"
        write_stl(build_solid(tiling), path, "part", 0.01)
        mesh = trimesh.load_mesh(path)
    mesh.vertices = Rotation.from_euler("zx", [TURN, -TILT], degrees=True).apply(mesh.vertices)
    seen = mesh.face_normals[:, 2] > 0
    order = np.argsort(mesh.triangles_center[seen, 2])
    light = np.array([0.3, 0.45, 0.85])
    shade = 0.45 + 1.5 * np.clip(mesh.face_normals[seen] @ light, 0, 1)
    colours = np.clip(RUBBER * shade[:, None], 0, 1)[order]
    facets = mesh.triangles[seen][order][:, :, :2]
    axes.add_collection(PolyCollection(facets, facecolors=colours, edgecolors=colours, lw=0.3))
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_axis_off()


def main() -> None:
    """Train, tile, solve and draw."""
    problem = load_problem(ROOT / "examples" / "iris.toml")
    assert problem.task is not None
    widths = train_problem(problem).widths_mm
    tiling = tile(problem.network, widths, problem.design.fabrication)
    mesh = make_mesh(tiling, 4, 120.0)
    ports = problem.task.inputs, problem.task.outputs
    continuum = solve_continuum(mesh, problem.network, problem.material, 2.0, *ports)
    figure = Figure(figsize=(15, 4.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    draw_network(left, problem, widths, tiling)
    draw_deformed(middle, tiling, continuum, problem.task.load_cases[2])
    draw_part(right, tiling)
    right.set_title("the part, from its STL file", fontsize=10)
    figure.savefig(ROOT / "docs" / "iris.png", dpi=90, metadata={"Software": None})


if __name__ == "__main__":
    main()
