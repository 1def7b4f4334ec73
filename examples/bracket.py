"""Example: add a bracket to a network with plain CadQuery and export it with the checks of mnnfab.

It can be run from any folder: `.venv/bin/python examples/bracket.py` writes out/bracket/.
"""

from pathlib import Path

import cadquery

from export.formats import formats_named
from export.package import export_part
from geometry.cells import tile
from geometry.part import Label, SolidPart
from geometry.workplane import workplane
from mnnfab import load_problem, train_problem

BEHAVIOUR = Path(__file__).with_name("behaviour-left.toml")


def main() -> None:
    """Train, build the part, add a plate behind the two fixed nodes, and export."""
    problem = load_problem(BEHAVIOUR)
    widths = train_problem(problem).widths_mm
    network = workplane(tile(problem.network, widths, problem.design.fabrication))

    # The fixed nodes are at (0, 0) and (-64, 0); the top row of bonds runs between them.
    plate = cadquery.Workplane("XY").box(84, 12, 2, centered=False).translate((-74, 4, 0))
    posts = cadquery.Workplane("XY").pushPoints([(0, 2), (-64, 2)]).rect(1.2, 5).extrude(2)
    holes = cadquery.Workplane("XY").pushPoints([(5, 10), (-69, 10)]).circle(1.6).extrude(2)
    bracketed = network.union(plate).union(posts).cut(holes)

    solid = bracketed.solids().val()
    assert isinstance(solid, cadquery.Solid)
    folder = Path("out/bracket")
    folder.mkdir(parents=True, exist_ok=True)
    part = SolidPart(Label("bracket", description="a network on a bracket"), solid)
    for file in export_part(part, folder, formats_named(["step", "stl", "3mf", "glb"]), 0.01):
        print(f"{folder / file.file}: {file.volume_mm3:.2f} mm3, read back and compared")


if __name__ == "__main__":
    main()
