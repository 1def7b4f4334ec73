"""The continuum: patch test, manufactured solution, and the reference numbers."""

from __future__ import annotations

import importlib
import sys
import time
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import meshio
import numpy as np
import pytest
import skfem

import fem.mesh
from fem.averages import region_averages
from fem.continuum import Continuum, solve_continuum, triangulation
from fem.elasticity import plane_stress_constants, stiffness_matrix, stress_law, von_mises
from fem.fields import LoadedModel, write_vtu
from fem.mesh import Mesh, make_mesh
from geometry.cells import tile
from geometry.tiling import Tiling
from mnnfab import BarModel, Fabrication, Network, Port, ToolError, compare, stiffness_per_width
from mnnfab.arrays import FloatArray
from mnnfab.linalg.cholesky import factorise
from mnnfab.profiles import material
from mnnfab.task.task import LoadCase
from mnnfab.units import NEWTON_PER_GF

AGILUS = material("agilus30")
LOAD = Port(10, "y")
FREE_NODES = [node for node in range(14) if node not in {0, 4}]
ONE_NEWTON = np.eye(1)
EVERYWHERE = tuple(Port(node, axis) for node in FREE_NODES for axis in ("x", "y"))
RIGHT = EVERYWHERE.index(Port(12, "y"))
DEADLINE_S = 120.0


@pytest.fixture(scope="module")
def uniform(paper_network: Network, fabrication: Fabrication) -> Tiling:
    return tile(paper_network, np.full(paper_network.n_bonds, 2.0), fabrication)


@pytest.fixture(scope="module")
def mesh(uniform: Tiling) -> Mesh:
    return make_mesh(uniform, 4, DEADLINE_S)


def solve(mesh: Mesh, network: Network, inputs: tuple[Port, ...]) -> Continuum:
    return solve_continuum(mesh, network, AGILUS, inputs, EVERYWHERE)


@pytest.fixture(scope="module")
def continuum(mesh: Mesh, paper_network: Network) -> Continuum:
    return solve(mesh, paper_network, (LOAD,))


def test_uniform_network_against_bars(paper_network: Network, continuum: Continuum) -> None:
    # Trial with 58k dofs: output -0.6648 mm, scale 1.267, residuals 0.0043 and 0.016.
    stiffness = 2.0 * stiffness_per_width(paper_network, AGILUS.youngs_modulus_MPa, 2.0)
    bars = BarModel(paper_network, (LOAD,), EVERYWHERE).response(stiffness)
    agreement = compare(bars, continuum.response, ONE_NEWTON)
    assert agreement.scale == pytest.approx(1.267, rel=0.02)
    assert agreement.elongation_scale == pytest.approx(1.271, rel=0.02)
    assert agreement.displacement_residual <= 0.010
    assert agreement.elongation_residual <= 0.03
    output = continuum.response.flexibility[RIGHT, 0] * -5 * NEWTON_PER_GF
    assert output == pytest.approx(-0.6648, rel=0.005)


def test_scale_is_just_below_the_series_formula(
    paper_network: Network, continuum: Continuum
) -> None:
    """∫ ds / w(s) over joint, taper and middle; the hub's overlap makes it 1–3 % stiffer."""
    ratio, joint, taper, length = 0.5, 2.0, 1.0, 16.0
    tapers = 2 * taper * np.log(1 / ratio) / (1 - ratio)
    softening = (2 * joint / ratio + tapers + length - 2 * (joint + taper)) / length
    assert softening == pytest.approx(1.298, abs=5e-4)
    stiffness = 2.0 * stiffness_per_width(paper_network, AGILUS.youngs_modulus_MPa, 2.0)
    bars = BarModel(paper_network, (LOAD,), EVERYWHERE).response(stiffness)
    scale = compare(bars, continuum.response, ONE_NEWTON).scale
    assert 0.01 < 1 - scale / softening < 0.03


def test_output_settles_with_the_mesh(
    uniform: Tiling, paper_network: Network, continuum: Continuum
) -> None:
    finer = solve(make_mesh(uniform, 8, DEADLINE_S), paper_network, (LOAD,))
    assert finer.n_dofs > 2 * continuum.n_dofs
    fine, coarse = (c.response.flexibility[RIGHT, 0] for c in (finer, continuum))
    assert coarse == pytest.approx(fine, rel=0.005)


def test_flexibility_is_symmetric_and_positive(mesh: Mesh, paper_network: Network) -> None:
    flexibility = solve(mesh, paper_network, EVERYWHERE).response.flexibility
    assert np.abs(flexibility - flexibility.T).max() <= 1e-10 * np.abs(flexibility).max()
    assert np.linalg.eigvalsh(flexibility).min() > 0


def test_without_thinning_the_residuals_double(
    paper_network: Network, fabrication: Fabrication, continuum: Continuum
) -> None:
    thick = fabrication.model_copy(update={"joint_ratio": 0.99})
    tiling = tile(paper_network, np.full(28, 2.0), thick)
    stiffness = 2.0 * stiffness_per_width(paper_network, AGILUS.youngs_modulus_MPa, 2.0)
    bars = BarModel(paper_network, (LOAD,), EVERYWHERE).response(stiffness)
    plain = compare(
        bars, solve(make_mesh(tiling, 4, DEADLINE_S), paper_network, (LOAD,)).response, ONE_NEWTON
    )
    thin = compare(bars, continuum.response, ONE_NEWTON)
    assert plain.displacement_residual > 1.8 * thin.displacement_residual
    assert plain.elongation_residual > 2.0 * thin.elongation_residual


def test_regions_cover_the_tiling_and_are_named(uniform: Tiling, mesh: Mesh) -> None:
    corners = mesh.points[mesh.triangles]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    areas = np.bincount(mesh.region, (ax * by - ay * bx) / 2, minlength=2 * 14 + 28)
    np.testing.assert_allclose(areas[28:], uniform.areas[14:], rtol=1e-9)  # bonds have no arcs
    np.testing.assert_allclose(areas[:14] + areas[14:28], uniform.areas[:14], rtol=5e-3)
    # A load disc is a polygon of 16 sides or more.
    assert np.all(areas[:14] > 0.97 * np.pi * 0.35**2)
    assert np.all(areas[:14] < np.pi * 0.35**2)
    assert [mesh.region_names[region] for region in (3, 17, 30)] == ["disc_3", "hub_3", "bond_2"]


def linear_field(basis: skfem.Basis, gradient: FloatArray) -> FloatArray:
    """Return u = A x at every degree of freedom, (2 n,), of a quadratic scalar basis."""
    field: FloatArray = (gradient @ basis.doflocs).T.ravel()
    return field


def test_disc_averages_of_a_linear_field(mesh: Mesh, continuum: Continuum) -> None:
    """The mean of a linear field over a disc is its value at the centre, up to the polygon."""
    averages = region_averages(continuum.basis, mesh.disc, mesh.n_nodes)
    field = linear_field(continuum.basis, np.array([[1.0, 0.0], [0.0, 0.0]]))
    means = (averages.T @ field).reshape(-1, 2)
    patch = -16 * np.array([0, 1, 2, 3, 4, 0.5, 1.5, 2.5, 3.5, 1, 2, 3, 1.5, 2.5])
    np.testing.assert_allclose(means[:, 0], patch, atol=2e-3)
    np.testing.assert_allclose(means[:, 1], 0.0, atol=1e-12)


def test_patch_test_on_the_parts_own_mesh(mesh: Mesh) -> None:
    """Linear displacements on the boundary leave linear displacements inside."""
    basis = skfem.Basis(triangulation(mesh), skfem.ElementTriP2(), intorder=2)
    constants = plane_stress_constants(0.55, 0.48)
    stiffness = stiffness_matrix(basis, *constants, np.full(len(mesh.triangles), 2.0))
    gradient = np.array([[0.01, -0.02], [0.03, 0.005]])
    exact = linear_field(basis, gradient)
    boundary = (2 * basis.get_dofs().all()[:, None] + [0, 1]).ravel()
    inside = np.setdiff1d(np.arange(2 * basis.N), boundary)
    loads = -stiffness[inside][:, boundary] @ exact[boundary]
    found = factorise(stiffness[inside][:, inside])(loads)
    np.testing.assert_allclose(found, exact[inside], atol=1e-10 * np.abs(exact).max())


def test_von_mises_by_hand() -> None:
    tension = np.array([[2.0, 0.0], [0.0, 0.0]])
    shear = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert von_mises(tension) == pytest.approx(2.0)
    assert von_mises(shear) == pytest.approx(np.sqrt(3))


def test_law_of_plane_stress() -> None:
    """Under uniaxial stress the strain is σ/E along and -ν σ/E across."""
    modulus, poisson = 0.55, 0.48
    strain = np.array([[1.0, 0.0], [0.0, -poisson]]) / modulus
    stress = stress_law(*plane_stress_constants(modulus, poisson), strain)
    np.testing.assert_allclose(stress, [[1.0, 0.0], [0.0, 0.0]], atol=1e-12)


def test_vtu_is_read_back(tmp_path: Path, paper_network: Network, continuum: Continuum) -> None:
    path = tmp_path / "fields.vtu"
    case = LoadCase("a&b", (-5 * NEWTON_PER_GF,))
    write_vtu(path, LoadedModel(continuum, paper_network, AGILUS, (LOAD,), (case,)))
    again = meshio.read(path)
    assert again.cells[0].type == "triangle6"
    assert len(again.cells[0].data) == len(continuum.mesh.triangles)
    node = np.hypot(*(again.points[:, :2] - [-24.0, -41.5692]).T).argmin()
    moved = again.point_data["displacement_mm 0 a_b"][node]
    assert moved[1] == pytest.approx(-0.665, abs=2e-3)
    assert again.cell_data["von_mises_MPa 0 a_b"][0].max() > 0


def test_mesher_that_hangs_is_stopped(
    uniform: Tiling, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(fem.mesh, "MESHER", sleeper)
    with pytest.raises(ToolError, match=r"did not finish within 0\.5 s"):
        make_mesh(uniform, 4, 0.5)


def test_mesher_that_fails_is_reported(
    uniform: Tiling, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no such surface')\n")
    monkeypatch.setattr(fem.mesh, "MESHER", broken)
    with pytest.raises(ToolError, match="no such surface"):
        make_mesh(uniform, 4, DEADLINE_S)


def test_a_loaded_mesher_is_forked_to_the_same_mesh(
    uniform: Tiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = importlib.import_module("fem.mesher")
    del sys.modules["fem.mesher"]
    spawned = make_mesh(uniform, 4, DEADLINE_S)
    monkeypatch.setitem(sys.modules, "fem.mesher", loaded)  # and out again after the test
    forked = make_mesh(uniform, 4, DEADLINE_S)
    np.testing.assert_array_equal(forked.points, spawned.points)
    np.testing.assert_array_equal(forked.triangles, spawned.triangles)


def sleep(_: bytes) -> bytes:
    time.sleep(60)
    return b""


def fail(_: bytes) -> bytes:
    raise ValueError("no such surface")


def end(_: bytes) -> bytes:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("answer", "words"),
    [(sleep, r"within 0\.5 s"), (fail, "no such surface"), (end, "ended with status 3")],
)
def test_a_forked_mesher_that_hangs_or_fails(
    uniform: Tiling,
    monkeypatch: pytest.MonkeyPatch,
    answer: Callable[[bytes], bytes],
    words: str,
) -> None:
    monkeypatch.setitem(sys.modules, "fem.mesher", types.SimpleNamespace(answer=answer))
    with pytest.raises(ToolError, match=words):
        make_mesh(uniform, 4, 0.5)


def test_mesh_that_misses_a_part_is_noticed(uniform: Tiling, mesh: Mesh) -> None:
    fem.mesh.check_area(uniform, mesh)
    kept = mesh.region != mesh.region.max()
    holed = replace(mesh, triangles=mesh.triangles[kept], region=mesh.region[kept])
    with pytest.raises(ToolError, match="misses"):
        fem.mesh.check_area(uniform, holed)


@pytest.mark.parametrize(
    ("changes", "scale"),
    [
        # Fillets stiffen the corners a little; bars without thinned joints are stiffer
        # than pins by the bending that their hubs take.
        ({"fillet_radius_mm": 0.3}, 1.24),
        ({"joint_ratio": 1.0, "taper_length_mm": 0.0}, 0.95),
    ],
    ids=["fillets", "plain bars"],
)
def test_other_shapes(
    paper_network: Network, fabrication: Fabrication, changes: dict[str, float], scale: float
) -> None:
    tiling = tile(paper_network, np.full(28, 2.0), fabrication.model_copy(update=changes))
    found = solve(make_mesh(tiling, 4, DEADLINE_S), paper_network, (LOAD,)).response
    stiffness = 2.0 * stiffness_per_width(paper_network, AGILUS.youngs_modulus_MPa, 2.0)
    bars = BarModel(paper_network, (LOAD,), EVERYWHERE).response(stiffness)
    assert compare(bars, found, ONE_NEWTON).scale == pytest.approx(scale, abs=0.015)


def test_same_tiling_same_mesh(uniform: Tiling, mesh: Mesh) -> None:
    again = make_mesh(uniform, 4, DEADLINE_S)
    np.testing.assert_array_equal(again.points, mesh.points)
    np.testing.assert_array_equal(again.triangles, mesh.triangles)
