"""What CAD people get: a Workplane with tags, and a way back through our checks."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import cadquery
import numpy as np
import pytest

from geometry.cells import tile
from geometry.tiling import Tiling
from geometry.workplane import workplane
from mnnfab import Fabrication, Network

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def tiling(paper_network: Network, fabrication: Fabrication) -> Tiling:
    return tile(paper_network, np.full(28, 2.0), fabrication)


def test_faces_are_tagged_by_bond_and_hub(tiling: Tiling) -> None:
    part = workplane(tiling)
    assert part.solids().size() == 1
    for cell, name in enumerate(tiling.names):
        (top,) = part.faces(tag=f"{name}_top").vals()
        (bottom,) = part.faces(tag=f"{name}_bottom").vals()
        assert isinstance(top, cadquery.Face)
        assert isinstance(bottom, cadquery.Face)
        assert top.Area() == pytest.approx(float(tiling.areas[cell]), rel=1e-9)
        assert (top.Center().z, bottom.Center().z) == pytest.approx((2.0, 0.0))
    assert part.faces(tag="bond_3").size() == 2 + 6  # two caps; taper, middle, taper twice
    tagged = sum(part.faces(tag=str(name)).size() for name in tiling.names)
    assert tagged == part.solids().faces().size()


def test_a_tagged_face_can_be_worked_on(tiling: Tiling) -> None:
    part = workplane(tiling)
    pinned = part.faces(tag="bond_3_top").workplane().circle(0.3).extrude(1.0)
    solid = pinned.solids().val()
    assert isinstance(solid, cadquery.Solid)
    added = solid.Volume() - tiling.volume_mm3
    assert added == pytest.approx(np.pi * 0.3**2 * 1.0, rel=1e-6)


def test_the_bracket_example_goes_through_our_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(ROOT / "examples" / "bracket.py"), run_name="__main__")
    made = {path.name for path in (tmp_path / "out" / "bracket").iterdir()}
    assert made == {"bracket.step", "bracket.stl", "bracket.3mf", "bracket.glb"}


def test_the_notebook_runs_and_shows_what_it_computes() -> None:
    notebook = json.loads((ROOT / "docs" / "tutorials" / "solid.ipynb").read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            exec(compile(source, "solid.ipynb", "exec"), names)  # noqa: S102 - our own notebook
    part = names["part"]
    assert isinstance(part, cadquery.Workplane)
    shown = "".join(
        "".join(output.get("text", []))
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    )
    widest = names["widest"]
    assert f"{widest}" in shown
