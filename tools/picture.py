"""Generates docs/iris.png and docs/features.png (all features), for README and docs."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fem.continuum import solve_continuum
from fem.mesh import make_mesh
from geometry.facets import make_facets
from mnnfab import load_problem, train_problem
from mnnfab.printed_part.tiling import tile_part
from mnnfab.problem.problem import require_ports
from mnnfab.report.drawing import draw_deformed, draw_network

sys.path.insert(0, str(Path(__file__).parent))
from render import render

ROOT = Path(__file__).resolve().parent.parent
TOLERANCE_MM = 0.01


def draw_iris() -> None:
    """Train, tile, solve and draw the iris example."""
    problem = require_ports(load_problem(ROOT / "examples" / "iris.toml"))
    widths = train_problem(problem).widths_mm
    tiling = tile_part(problem, widths)
    mesh = make_mesh(tiling, 4, 120.0)
    ports = problem.task.inputs, problem.task.outputs
    continuum = solve_continuum(mesh, problem.network, problem.material, *ports)
    figure = Figure(figsize=(15, 4.4))
    figure.subplots_adjust(left=0.04, right=0.995, bottom=0.12, top=0.9, wspace=0.14)
    left, middle, right = figure.subplots(1, 3)
    draw_network(left, problem, widths, tiling)
    draw_deformed(middle, problem, tiling, continuum, problem.task.load_cases[2])
    right.imshow(render(make_facets(tiling, TOLERANCE_MM), 2.0, -20.0, 42.0, (900, 640), 1.4))
    right.set_axis_off()
    right.set_title("part", fontsize=10)
    figure.savefig(ROOT / "docs" / "iris.png", dpi=90, metadata={"Software": None})


def draw_features() -> None:
    """Draw the part with all features from two directions, and a detail of its id."""
    problem = load_problem(ROOT / "examples" / "iris-lab.toml")
    tiling = tile_part(problem, train_problem(problem).widths_mm)
    facets, thickness = make_facets(tiling, TOLERANCE_MM), tiling.thickness_mm
    letters = [relief for relief in tiling.reliefs if relief.kind == "letter"]
    edges = [edge for relief in letters for loop in relief.loops for edge, _ in loop]
    x, y = tiling.points[tiling.edges[edges]].mean(axis=(0, 1)).tolist()
    figure = Figure(figsize=(13, 8.4), layout="constrained")
    parts = figure.subplot_mosaic("AB;CC", height_ratios=[2.2, 1])
    views = {
        "A": ("from above", render(facets, thickness, 0.0, 12.0, (1000, 760), 1.5)),
        "B": ("from the side", render(facets, thickness, -22.0, 48.0, (1000, 760), 1.5)),
        "C": (
            "id on its tab (raised features are drawn lighter)",
            render(facets, thickness, 4.0, 26.0, (1700, 420), 6.5, (x, y, thickness)),
        ),
    }
    for place, (title, picture) in views.items():
        parts[place].imshow(np.ascontiguousarray(picture))
        parts[place].set_title(title, fontsize=10)
        parts[place].set_axis_off()
    figure.savefig(ROOT / "docs" / "features.png", dpi=90, metadata={"Software": None})


if __name__ == "__main__":
    draw_iris()
    draw_features()
