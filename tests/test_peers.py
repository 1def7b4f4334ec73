"""The continuum and the solid beside NGSolve, an independent code, on the same meshes.

NGSolve is in the extra `peers`; `.ci/run` installs it and asks for it. Elsewhere these tests are
skipped where it is missing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ngsolve_peer import ask_ngsolve, mesh_values, needs_ngsolve

from fem.continuum import solve_continuum
from fem.extrusion import extrude, solve_solid
from fem.mesh import Mesh, make_mesh
from fem.solid_buckling import solid_buckling
from geometry.cells import tile
from mnnfab import Fabrication, Network, Port, load_problem, train_problem, triangular_patch
from mnnfab.arrays import FloatArray
from mnnfab.network.ports import AnyPort, dofs_of
from mnnfab.printed_part.tiling import tile_part
from mnnfab.profiles import material

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
AGILUS = material("agilus30")
# Largest difference over the largest entry; both solve directly, so it is rounding times
# the condition of the matrix.
SAME_IN_THE_PLANE, SAME_IN_SPACE = 1e-9, 1e-8
# Relative difference of load factors; eigenvalues have an error of the order of the square of the
# tolerance of the eigenvalue solver, 1e-4.
SAME_FACTOR = 1e-8

pytestmark = needs_ngsolve


def places(mesh: Mesh, ports: tuple[AnyPort, ...], *, loads: bool) -> list[tuple[int, int]]:
    """Return the region and axis of ports: of what loads act on, or of what is read."""
    seats = {int(node): int(r) for r, node in zip(mesh.region, mesh.load_node, strict=True)}
    ends = [divmod(dof, 2) for dof in dofs_of(ports).tolist()]
    return [(seats[node] if loads else node, axis) for node, axis in ends]


def largest_difference(ours: FloatArray, theirs: FloatArray) -> float:
    return float(np.abs(ours - theirs).max() / np.abs(ours).max())


def test_uniform_network_to_eight_digits(
    tmp_path: Path, paper_network: Network, fabrication: Fabrication
) -> None:
    mesh = make_mesh(tile(paper_network, np.full(28, 2.0), fabrication), 4, 120.0)
    ports = tuple(Port(n, a) for n in range(14) if n not in {0, 4} for a in ("x", "y"))
    ours = solve_continuum(mesh, paper_network, AGILUS, ports[:7], ports)
    theirs = ask_ngsolve(
        tmp_path,
        **mesh_values(mesh),
        elasticity=[AGILUS.youngs_modulus_MPa, AGILUS.poisson_ratio],
        held=paper_network.fixed,
        inputs=places(mesh, ports[:7], loads=True),
        outputs=places(mesh, ports, loads=False),
    )
    assert largest_difference(ours.response.flexibility, theirs) < SAME_IN_THE_PLANE


def test_pads_eyelets_and_dots_to_eight_digits(tmp_path: Path) -> None:
    problem = load_problem(EXAMPLES / "paper" / "iris-lab.toml")
    task = problem.task
    assert task is not None
    mesh = make_mesh(tile_part(problem, train_problem(problem).widths_mm), 2, 120.0)
    ours = solve_continuum(mesh, problem.network, problem.material, task.inputs, task.outputs)
    theirs = ask_ngsolve(
        tmp_path,
        **mesh_values(mesh),
        elasticity=[problem.material.youngs_modulus_MPa, problem.material.poisson_ratio],
        held=np.unique(mesh.region[mesh.held(problem.network.fixed)]),
        inputs=places(mesh, task.inputs, loads=True),
        outputs=places(mesh, task.outputs, loads=False),
    )
    assert largest_difference(ours.response.flexibility, theirs) < SAME_IN_THE_PLANE


@pytest.mark.ci
def test_solid_on_its_whole_height(
    tmp_path: Path, paper_network: Network, fabrication: Fabrication
) -> None:
    """NGSolve solves the whole thickness, without the middle plane that ours is held at."""
    mesh = make_mesh(tile(paper_network, np.full(28, 2.0), fabrication), 1, 120.0)
    inputs, outputs = (Port(10, "y"), Port(12, "x")), (Port(12, "y"), Port(13, "y"))
    ours = solve_solid(mesh, paper_network, AGILUS, inputs, outputs)
    lower, tetrahedra, triangle = extrude(mesh, 1.0, 1)
    # The upper half is the lower one mirrored, so that both have the same elements.
    upper = np.array(lower)
    upper[:, 2] = 2.0 - upper[:, 2]
    n = len(lower) // 2
    renumbered = np.concatenate([np.arange(n) + len(lower), np.arange(n, 2 * n)])
    points = np.vstack([lower, upper[:n]])
    theirs = ask_ngsolve(
        tmp_path,
        points=points,
        elements=np.vstack([tetrahedra, renumbered[tetrahedra]]),
        region=np.tile(mesh.region[triangle], 2),
        elasticity=[AGILUS.youngs_modulus_MPa, AGILUS.poisson_ratio],
        held=paper_network.fixed,
        inputs=places(mesh, inputs, loads=True),
        outputs=places(mesh, outputs, loads=False),
    )
    assert largest_difference(ours.response.flexibility, theirs) < SAME_IN_SPACE


def test_solid_buckling_on_its_whole_height(tmp_path: Path, fabrication: Fabrication) -> None:
    """NGSolve has prisms of 18 nodes through the whole height, all modes at once, and a dot."""
    network = triangular_patch(2, 16.0, [0, 2])
    widths = np.linspace(1.5, 2.5, network.n_bonds)
    mesh = make_mesh(tile(network, widths, fabrication), 1, 120.0)
    heights = mesh.region_heights.copy()
    heights[4] += 1.0
    mesh = replace(mesh, region_heights=heights)
    inputs, loads = (Port(3, "y"), Port(4, "x")), [0.05, -0.02]
    (ours,) = solid_buckling(mesh, network, AGILUS, inputs, [loads])
    levels = [np.column_stack([mesh.points, np.full(len(mesh.points), z)]) for z in (0.0, 2.0)]
    lower = mesh.triangles
    theirs = ask_ngsolve(
        tmp_path,
        points=np.vstack(levels),
        elements=np.hstack([lower, lower + len(mesh.points)]),
        region=mesh.region,
        share=heights / 2.0,
        elasticity=[AGILUS.youngs_modulus_MPa, AGILUS.poisson_ratio],
        held=network.fixed,
        inputs=places(mesh, inputs, loads=True),
        buckling_N=loads,
        n_modes=6,
    )
    out_of_plane = theirs[:, 1] > 0.5
    assert ours.in_plane.factor == pytest.approx(theirs[~out_of_plane, 0].min(), rel=SAME_FACTOR)
    assert ours.out_of_plane.factor == pytest.approx(theirs[out_of_plane, 0].min(), rel=SAME_FACTOR)
