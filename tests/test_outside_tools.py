"""What others say of our files: trimesh, lib3mf, and programs that print shops use.

admesh and the slicer are Debian packages; `.ci/run` installs them and asks for them. Elsewhere
their tests are skipped where they are missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import lib3mf
import pytest
import trimesh

from export.formats import formats_named
from export.package import export_part
from geometry.part import TiledPart
from mnnfab import load_problem, train_problem
from mnnfab.printed_part.tiling import printed_parts, tile_part

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.toml"))
REQUIRED = "MNNFAB_OUTSIDE_TOOLS"
#: Bed of a printer on which all examples fit, mm.
BED = "0x0,490x0,490x390,0x390"

Made = list[tuple[TiledPart, Path]]


#: The slicer takes half a minute for this part of 110 bonds, twice.
LARGE = "xor"


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(path, marks=pytest.mark.slow if path.stem == LARGE else (), id=path.stem)
        for path in EXAMPLES
    ],
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Every part of an example, written as STL and 3MF."""
    problem = load_problem(request.param)
    if problem.design.schedule.model == "frame":  # which takes a minute, for other widths only
        widths = problem.start_widths_mm
    else:
        widths = train_problem(problem).widths_mm
    parts = printed_parts(problem, tile_part(problem, widths), widths)
    folder = tmp_path_factory.mktemp(request.param.stem)
    for part in parts:
        export_part(part, folder, formats_named(["stl", "3mf"]), 0.01)
    return [(part, folder / part.label.name) for part in parts]


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None and os.environ.get(REQUIRED):
        pytest.fail(f"{name} is missing, and {REQUIRED} is set")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_two_checkers_agree_that_it_is_closed(made: Made) -> None:
    for part, path in made:
        mesh = trimesh.load_mesh(path.with_name(f"{path.name}.stl"))
        assert mesh.is_watertight
        assert mesh.body_count == 1
        model = lib3mf.get_wrapper().CreateModel()
        model.QueryReader("3mf").ReadFromFile(str(path.with_name(f"{path.name}.3mf")))
        meshes = model.GetMeshObjects()
        assert meshes.MoveNext()
        found = meshes.GetCurrentMeshObject()
        assert found.IsManifoldAndOriented()
        assert found.GetTriangleCount() == len(mesh.faces)
        assert mesh.volume == pytest.approx(part.volume_mm3, rel=2e-3)


def test_admesh_finds_nothing_to_repair(made: Made) -> None:
    admesh = tool("admesh")
    for part, path in made:
        said = run(admesh, str(path.with_name(f"{path.name}.stl")))
        rows = dict(re.findall(r"^(.+?)\s*:\s+([-\d.]+)", said, flags=re.MULTILINE))
        for fault in (
            *("Degenerate facets", "Edges fixed", "Facets removed", "Facets added"),
            *("Facets reversed", "Backwards edges", "Normals fixed"),
        ):
            assert float(rows[fault]) == 0, f"{fault}\n{said}"
        assert float(rows["Number of parts"].split()[0]) == 1
        volume = re.search(r"Volume\s*:\s*([-\d.]+)", said)
        assert volume is not None
        assert float(volume[1]) == pytest.approx(part.volume_mm3, rel=2e-3)


@pytest.mark.parametrize("suffix", ["stl", "3mf"])
def test_the_slicer_takes_it_as_it_is(made: Made, suffix: str, tmp_path: Path) -> None:
    slicer = tool("prusa-slicer")
    for part, path in made:
        file = str(path.with_name(f"{path.name}.{suffix}"))
        said = run(slicer, "--info", file)
        assert "manifold = yes" in said
        assert "number_of_parts =  1" in said
        assert "repaired" not in said
        volume = re.search(r"volume = ([\d.]+)", said)
        assert volume is not None
        assert float(volume[1]) == pytest.approx(part.volume_mm3, rel=2e-3)
        layers = tmp_path / f"{part.label.name}.gcode"
        options = ("--layer-height", "0.2", "--bed-shape", BED, "--output", str(layers))
        run(slicer, "--export-gcode", *options, file)
        assert layers.stat().st_size > 1000
