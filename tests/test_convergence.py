"""Refinement until the numbers settle, balance, memory, and the solid beside the sheet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import psutil
import pytest

import fem.convergence
import fem.mesh
from fem.continuum import Continuum, solve_continuum
from fem.convergence import MIN_MESHES, solve_to_tolerance
from fem.elasticity import plane_stress_constants, solid_constants, stress_law
from fem.extrusion import extrude, solve_solid
from fem.memory import predicted_bytes, require_memory
from fem.mesh import Mesh, make_mesh, predicted_triangles
from fem.refinement import error_indicators, mark_triangles, refined
from geometry.cells import tile
from mnnfab import Fabrication, Network, Port, ToolError, compare
from mnnfab.profiles import material
from mnnfab.validation.solution import check_solution

AGILUS = material("agilus30")
# What meshes of 20,000 to 90,000 degrees of freedom leave, by the sequences below.
SAME_BUT_FOR_THE_MESH = 2e-3
IN, OUT = (Port(10, "y"),), (Port(12, "y"), Port(13, "y"), Port(12, "x"))


@pytest.fixture(scope="module")
def coarse(paper_network: Network, fabrication: Fabrication) -> Mesh:
    return make_mesh(tile(paper_network, np.full(28, 2.0), fabrication), 2, 120.0)


@pytest.fixture(scope="module")
def continuum(coarse: Mesh, paper_network: Network) -> Continuum:
    return solve_continuum(coarse, paper_network, AGILUS, IN, OUT)


def areas(mesh: Mesh) -> np.ndarray:
    corners = mesh.points[mesh.triangles]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    twice: np.ndarray = ax * by - ay * bx
    return twice / 2


def test_refined_mesh_is_the_same_part(coarse: Mesh, continuum: Continuum) -> None:
    worst = mark_triangles(error_indicators(continuum))
    assert 0 < len(worst) < len(coarse.triangles) / 2
    finer = refined(coarse, worst)
    assert len(finer.triangles) > len(coarse.triangles) + 3 * len(worst)
    assert areas(finer).min() > 0
    n_regions = len(coarse.region_names)
    for mesh in (coarse, finer):
        assert mesh.region.max() < n_regions
    before, after = (np.bincount(m.region, areas(m), minlength=n_regions) for m in (coarse, finer))
    np.testing.assert_allclose(after, before, rtol=1e-12, atol=1e-12)


def test_refinement_is_at_the_joints(coarse: Mesh, continuum: Continuum) -> None:
    worst = mark_triangles(error_indicators(continuum))
    hubs = coarse.region < 2 * coarse.n_nodes
    share_of_area = areas(coarse)[hubs].sum() / areas(coarse).sum()
    assert hubs[worst].mean() > 1.5 * share_of_area


@pytest.mark.ci
def test_sequence_settles_and_its_estimate_holds(coarse: Mesh, paper_network: Network) -> None:
    found, told = solve_to_tolerance(coarse, paper_network, AGILUS, (IN, OUT), 1e-3)
    finest, _ = solve_to_tolerance(coarse, paper_network, AGILUS, (IN, OUT), 1e-4)
    assert told.converged
    assert told.error <= told.tolerance
    assert len(told.levels) >= MIN_MESHES
    dofs = [level.n_dofs for level in told.levels]
    assert dofs == sorted(dofs)
    exact = finest.response.flexibility
    true = np.linalg.norm(found.response.flexibility - exact) / np.linalg.norm(exact)
    assert finest.n_dofs > 2 * found.n_dofs
    # Within a factor of three of the truth, and on the safe side.
    assert true <= 1.1 * told.error
    assert told.error <= 3 * true


def test_softer_with_every_mesh(coarse: Mesh, paper_network: Network) -> None:
    """Finer spaces contain the coarser ones, so the work of a load can only grow."""
    ports = ((Port(10, "y"),), (Port(10, "y"),))
    mesh, works = coarse, []
    for _ in range(3):
        found = solve_continuum(mesh, paper_network, AGILUS, *ports)
        works.append(float(found.response.flexibility[0, 0]))
        mesh = refined(mesh, mark_triangles(error_indicators(found)))
    assert works == sorted(works)


def test_a_metric_that_jumps_has_not_settled(coarse: Mesh, paper_network: Network) -> None:
    jumps = iter([0.9, 0.95, 0.9, 0.9])
    _, told = solve_to_tolerance(
        coarse, paper_network, AGILUS, (IN, OUT), 0.5, lambda _: next(jumps)
    )
    assert [level.metric for level in told.levels] == [0.9, 0.95, 0.9, 0.9]


def test_without_memory_for_more_it_stops_and_says_so(
    coarse: Mesh, paper_network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fem.convergence, "fits_in_memory", lambda n_dofs, _: n_dofs < 35_000)
    found, told = solve_to_tolerance(coarse, paper_network, AGILUS, (IN, OUT), 1e-6)
    assert not told.converged
    assert told.levels[-1].n_dofs < 35_000
    (finding, *balances) = check_solution(told, found.residuals)
    assert finding.severity == "warning"
    assert "not converged" in finding.message
    assert {balance.severity for balance in balances} == {"info"}


def test_forces_and_energy_balance(continuum: Continuum) -> None:
    assert continuum.residuals.forces < 1e-9
    assert continuum.residuals.energy < 1e-9
    assert continuum.residuals.energy > 0  # it was computed


def test_too_little_memory_is_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    free = psutil.virtual_memory()._replace(available=2 * 10**9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    require_memory(300_000, 2)
    words = r"3,000,000 degrees of freedom need about .* GB, and 2\.0 GB are free"
    with pytest.raises(ToolError, match=words):
        require_memory(3_000_000, 2)
    assert predicted_bytes(10**6, 3) > 2 * predicted_bytes(10**6, 2)


@pytest.mark.parametrize("elements", [1, 2, 4, 8])
def test_size_of_a_mesh_is_known_before(
    paper_network: Network, fabrication: Fabrication, elements: int
) -> None:
    for width in (1.5, 2.5):
        tiling = tile(paper_network, np.full(28, width), fabrication)
        found = len(make_mesh(tiling, elements, 120.0).triangles)
        assert predicted_triangles(tiling, elements) == pytest.approx(found, rel=0.5)


def test_a_mesh_that_would_not_fit_is_refused_before(
    paper_network: Network, fabrication: Fabrication, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mesher(*_: object) -> None:
        pytest.fail("the mesher was started")

    free = psutil.virtual_memory()._replace(available=10**9)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    monkeypatch.setattr(fem.mesh, "_run_mesher", mesher)
    with pytest.raises(ToolError, match="elements_across_joint"):
        make_mesh(tile(paper_network, np.full(28, 2.0), fabrication), 50, 120.0)


def test_prisms_fit_each_other(coarse: Mesh) -> None:
    """Every inner side of a tetrahedron is shared by two, and the volume is area times height."""
    points, tetrahedra, triangle = extrude(coarse, 1.0, 2)
    corners = points[tetrahedra]
    edges = corners[:, 1:] - corners[:, :1]
    volumes = np.abs(np.linalg.det(edges)) / 6
    np.testing.assert_allclose(np.bincount(triangle, volumes), areas(coarse), rtol=1e-9, atol=1e-12)
    sides = np.sort(tetrahedra[:, [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]], axis=2)
    _, counts = np.unique(sides.reshape(-1, 3), axis=0, return_counts=True)
    assert set(counts.tolist()) == {1, 2}
    # Free sides: top and bottom once each, and the walls, two a layer and edge.
    n_walls = int((counts == 1).sum()) - 2 * len(coarse.triangles)
    ends = np.sort(coarse.triangles[:, [[0, 1], [1, 2], [0, 2]]], axis=2).reshape(-1, 2)
    _, uses = np.unique(ends, axis=0, return_counts=True)
    assert n_walls == 4 * int((uses == 1).sum())


def test_solid_is_within_three_percent_of_the_sheet(
    coarse: Mesh, continuum: Continuum, paper_network: Network
) -> None:
    """Held discs and thick corners cannot contract freely: a little stiffer than plane stress."""
    solid = solve_solid(coarse, paper_network, AGILUS, IN, OUT)
    assert solid.n_dofs > 80_000
    agreement = compare(continuum.response, solid.response, np.eye(len(IN)))
    assert 0.97 < agreement.scale < 1.0
    assert agreement.displacement_residual < 0.005
    assert solid.residuals.forces < 1e-9
    assert solid.residuals.energy < 1e-9


def test_a_thin_solid_without_contraction_is_the_sheet(
    coarse: Mesh, paper_network: Network
) -> None:
    """With Poisson's ratio 0 nothing happens across the thickness: the sheet's answer.

    Its displacements are among those that the tetrahedra can take, which can take more: so
    the solid is a little softer, by less than what either misses.
    """
    cork = AGILUS.model_copy(update={"poisson_ratio": 0.0})
    sheet = solve_continuum(coarse, paper_network, cork, IN, OUT).response.flexibility
    solid = solve_solid(coarse, paper_network, cork, IN, OUT).response.flexibility
    np.testing.assert_allclose(solid, sheet, rtol=SAME_BUT_FOR_THE_MESH)
    assert (np.abs(solid) > np.abs(sheet)).all()


def test_dots_are_stiffer_in_the_solid_too(coarse: Mesh, paper_network: Network) -> None:
    cork = AGILUS.model_copy(update={"poisson_ratio": 0.0})
    heights = coarse.region_heights.copy()
    heights[: coarse.n_nodes] += 6.0
    dotted = replace(coarse, region_heights=heights)
    sheet = solve_continuum(dotted, paper_network, cork, IN, OUT).response.flexibility
    solid = solve_solid(dotted, paper_network, cork, IN, OUT).response.flexibility
    np.testing.assert_allclose(solid, sheet, rtol=SAME_BUT_FOR_THE_MESH)
    plain = solve_continuum(coarse, paper_network, cork, IN, OUT).response.flexibility
    assert np.linalg.norm(plain - sheet) > 2 * SAME_BUT_FOR_THE_MESH * np.linalg.norm(sheet)


def test_law_of_a_solid() -> None:
    """Under uniaxial stress the strain is σ/E along and -ν σ/E across; so is the sheet's."""
    strain = np.diag([1.0, -0.48, -0.48]) / 0.55
    stress = stress_law(*solid_constants(0.55, 0.48), strain)
    np.testing.assert_allclose(stress, np.diag([1.0, 0.0, 0.0]), atol=1e-12)
    flat = stress_law(*plane_stress_constants(0.55, 0.48), strain[:2, :2])
    np.testing.assert_allclose(flat, stress[:2, :2], atol=1e-12)
