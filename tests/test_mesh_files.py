"""Meshes for other tools, opened by those tools: gmsh, and CalculiX where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import meshio
import numpy as np
import pytest

from fem.fields import WRITERS, LoadedModel
from mnnfab import Port, ToolError, load_problem
from mnnfab.arrays import FloatArray
from mnnfab.network.supports import Support
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.problem import PortProblem, require_ports

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
REQUIRED = "MNNFAB_OUTSIDE_TOOLS"
#: Prints name and area of every group of a mesh that gmsh opens.
AREAS = """
import sys, gmsh
gmsh.initialize(interruptible=False)
gmsh.option.setNumber("General.Verbosity", 1)
gmsh.open(sys.argv[1])
for dim, tag in gmsh.model.getPhysicalGroups(2):
    area = 0.0
    for entity in gmsh.model.getEntitiesForPhysicalGroup(dim, tag):
        for element in gmsh.model.mesh.getElements(dim, entity)[1]:
            area += gmsh.model.mesh.getElementQualities(element, "volume").sum()
    print(gmsh.model.getPhysicalName(dim, tag), repr(float(area)))
gmsh.finalize()
"""


@pytest.fixture(scope="module")
def problem() -> PortProblem:
    return require_ports(load_problem(EXAMPLES / "paper" / "behaviour-left.toml"))


@pytest.fixture(scope="module")
def loaded(problem: PortProblem) -> LoadedModel:
    task, continuum = problem.task, PrintedPart(problem, np.full(28, 2.0)).continuum
    return LoadedModel(continuum, problem.network, problem.material, task.inputs, task.load_cases)


def test_gmsh_opens_every_group(tmp_path: Path, loaded: LoadedModel) -> None:
    path = tmp_path / "part.msh"
    WRITERS["msh"](path, loaded)
    done = subprocess.run(
        [sys.executable, "-P", "-c", AREAS, str(path)], check=True, capture_output=True, text=True
    )
    lines = (line.split() for line in done.stdout.splitlines())
    found = {name: float(area) for name, area in lines}
    mesh = loaded.continuum.mesh
    areas = np.bincount(mesh.region, loaded.continuum.basis.dx.sum(axis=1))
    assert set(found) == {mesh.region_names[region] for region in np.unique(mesh.region)}
    assert {"disc_0", "hub_13", "bond_27"} <= set(found)
    for region, area in enumerate(areas.tolist()):
        if area:
            assert found[mesh.region_names[region]] == pytest.approx(area, rel=1e-6)


def displacements_of(path: Path, n_points: int) -> FloatArray:
    """Return the displacements in a result file of CalculiX, (n_points, 3) mm."""
    moved = np.full((n_points, 3), np.nan)
    lines = path.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(" -4  DISP"))
    for line in lines[start:]:
        if line.startswith(" -3"):
            break
        if line.startswith(" -1"):
            number = int(line[3:13]) - 1
            if number < n_points:
                moved[number] = [float(line[13 + 12 * k : 25 + 12 * k]) for k in range(3)]
    return moved


CALCULIX = shutil.which("ccx")


needs_calculix = pytest.mark.skipif(
    not CALCULIX and os.environ.get(REQUIRED) != "required",
    reason="CalculiX is not installed",
)


@pytest.mark.ci
@needs_calculix
def test_calculix_solves_the_deck(tmp_path: Path, loaded: LoadedModel) -> None:
    """It makes a solid of plane stress elements, which is about a percent stiffer, as ours is."""
    _compare_with_calculix(tmp_path, loaded)


@pytest.mark.ci
@needs_calculix
def test_calculix_holds_rollers(tmp_path: Path, problem: PortProblem) -> None:
    """Equations hold the mean displacement of a disc, along an axis and along another direction."""
    supports = (Support(Port(4, "y")), Support(Port(9, 30.0)))
    network = replace(problem.network, fixed=np.array([0]), supports=supports)
    held = replace(problem, network=network)
    continuum, task = PrintedPart(held, np.full(28, 2.0)).continuum, problem.task
    model = LoadedModel(continuum, network, problem.material, task.inputs, task.load_cases)
    _compare_with_calculix(tmp_path, model)


def _compare_with_calculix(folder: Path, loaded: LoadedModel) -> None:
    WRITERS["inp"](folder / "part.inp", loaded)
    done = subprocess.run(
        [CALCULIX or "ccx", "part"], check=False, cwd=folder, capture_output=True, text=True
    )
    assert "Job finished" in done.stdout
    assert "*ERROR" not in done.stdout
    continuum = loaded.continuum
    ours = continuum.displacements(np.array(loaded.cases[0].loads_N))
    theirs = displacements_of(folder / "part.frd", len(ours))
    inside = np.isfinite(theirs).all(axis=1)
    assert inside.mean() > 0.99
    scale = np.vdot(ours[inside], theirs[inside, :2]) / np.vdot(ours[inside], ours[inside])
    assert 0.97 < scale < 1.0
    residual = np.linalg.norm(theirs[inside, :2] - scale * ours[inside])
    assert residual < 0.01 * np.linalg.norm(theirs[inside])


def test_deck_has_sets_material_and_balanced_loads(tmp_path: Path, loaded: LoadedModel) -> None:
    path = tmp_path / "part.inp"
    WRITERS["inp"](path, loaded)
    lines = path.read_text().splitlines()
    assert "*ELEMENT, TYPE=CPS6" in lines
    assert "*NSET, NSET=HELD" in lines
    assert sum(line.startswith("*ELSET") for line in lines) == 14 + 14 + 28
    assert lines[lines.index("*ELASTIC") + 1] == "0.55, 0.48"
    start = lines.index("*CLOAD, OP=NEW") + 1
    forces = [line.split(",") for line in lines[start : lines.index("*NODE FILE")]]
    assert {int(axis) for _, axis, _ in forces} == {2}
    assert sum(float(force) for *_, force in forces) == pytest.approx(-5 * 9.8e-3, rel=1e-9)


@pytest.mark.parametrize("name", ["msh", "inp", "vtu"])
def test_a_file_that_is_not_read_back_is_noticed(
    tmp_path: Path, loaded: LoadedModel, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise SystemExit(str(path))  # as meshio does

    monkeypatch.setattr(meshio, "read", broken)
    with pytest.raises(ToolError, match="could not be read back"):
        WRITERS[name](tmp_path / f"part.{name}", loaded)
