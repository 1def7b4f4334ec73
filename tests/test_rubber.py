"""Rubber in the plane: closed forms, differences, NGSolve, and what is told of lost paths."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ngsolve_peer import ask_ngsolve, mesh_values, needs_ngsolve

from fem.continuum import Continuum, solve_continuum
from fem.loaded_states import require_followed
from fem.mesh import make_mesh
from fem.resultants import bond_resultants, joint_stresses
from fem.rubber.body import RubberBody, make_rubber
from fem.rubber.law import energy_density, nominal_stress
from fem.rubber.model import RubberModel, make_rubber_model, neighbour_order
from fem.rubber.newton import Tangent
from fem.rubber.paths import at_rest, follow
from fem.system import System
from fem.weight import NEWTON_PER_MM3
from geometry.cells import tile
from mnnfab import Fabrication, Network, Port, ToolError
from mnnfab.arrays import FloatArray
from mnnfab.profiles import material
from mnnfab.verification.strips import MODULUS, THICKNESS, strip

AGILUS = material("agilus30")
INPUTS = (Port(13, "y"), Port(11, "y"), Port(12, "y"), Port(9, "y"))
OUTPUTS = (Port(7, "x"), Port(1, "x"), Port(2, "x"))
#: Loads of three flowers, N, in the range of the paper.
FLOWERS = -0.00980665 * np.array([[3.2, 3.9, 1.1, 0.5], [3.8, 3.1, 3.1, 2.7], [4.2, 3.4, 4.0, 4.0]])
#: Central differences: their own error, of third derivatives and rounding.
DIFFERENCES = 1e-7
#: Two codes on the same mesh, relative to the largest displacement: rounding times condition.
SAME = 1e-8


@pytest.fixture(scope="module")
def widths() -> FloatArray:
    return np.random.default_rng(1).uniform(1.5, 2.5, 28)


@pytest.fixture(scope="module")
def continuum(paper_network: Network, fabrication: Fabrication, widths: FloatArray) -> Continuum:
    mesh = make_mesh(tile(paper_network, widths, fabrication), 1, 120.0)
    return solve_continuum(mesh, paper_network, AGILUS, INPUTS, OUTPUTS)


@pytest.fixture(scope="module")
def model(
    continuum: Continuum, paper_network: Network, fabrication: Fabrication, widths: FloatArray
) -> RubberModel:
    ports = (INPUTS, OUTPUTS)
    return make_rubber_model(continuum, paper_network, widths, AGILUS, fabrication, ports)


@pytest.mark.parametrize(
    ("stretch", "uniaxial", "equibiaxial"), [(1.5, 1.055556, 1.368313), (2.0, 1.75, 1.96875)]
)
def test_incompressible_sheet(stretch: float, uniaxial: float, equibiaxial: float) -> None:
    """P/μ = λ - λ⁻² in one direction, λ - λ⁻⁵ in two."""
    alone = nominal_stress(np.diag([stretch, stretch**-0.5]), 1.0, 1.0)
    np.testing.assert_allclose(alone, np.diag([uniaxial, 0.0]), atol=1e-6)
    both = nominal_stress(stretch * np.eye(2), 1.0, 1.0)
    np.testing.assert_allclose(both, equibiaxial * np.eye(2), atol=1e-6)


@pytest.mark.parametrize("poisson", [0.0, 0.3, 0.48, 0.5])
def test_stress_is_the_derivative_of_the_energy(poisson: float) -> None:
    ratio = max(poisson / (1 - poisson), 1e-12)
    gradient = np.array([[1.3, 0.4], [-0.2, 0.8]])
    step = 1e-5
    found = nominal_stress(gradient, 1.7, ratio)
    for a, b in np.ndindex(2, 2):
        change = np.zeros((2, 2))
        change[a, b] = step
        up, down = (energy_density(gradient + s * change, 1.7, ratio) for s in (1, -1))
        assert (up - down) / (2 * step) == pytest.approx(found[a, b], abs=1e-8)


def test_a_compressible_sheet_thins_by_its_own_stress() -> None:
    """The stretch λ₃ of the sheet that makes the stress across it vanish, of the 3D energy.

    W = μ/2 (I₁ - 3 + (1 - 2ν)/ν (J^(-2ν/(1-2ν)) - 1)), Blatz and Ko with f = 1.
    """
    poisson, gradient = 0.3, np.diag([1.4, 0.9])
    power = poisson / (1 - 2 * poisson)
    thin = np.linspace(0.6, 1.2, 60_001)
    volume = np.linalg.det(gradient) * thin
    energy = 0.5 * ((gradient**2).sum() + thin**2 - 3 + (volume ** (-2 * power) - 1) / power)
    plane = energy_density(gradient, 1.0, poisson / (1 - poisson))
    assert plane == pytest.approx(energy.min(), rel=1e-8)


def test_rubber_at_rest_is_the_linear_continuum(continuum: Continuum, model: RubberModel) -> None:
    free = continuum.system.free
    linear = continuum.system.stiffness[free][:, free]
    found = model.body.stiffness(np.zeros(model.n_dofs))
    assert abs(found - linear).max() < 1e-13 * abs(linear).max()


def test_tangent_is_the_derivative_of_the_forces(continuum: Continuum, model: RubberModel) -> None:
    body, free = model.body, model.body.system.free
    state = continuum.fields @ np.full(4, -0.04)
    way, step = continuum.fields[:, 1], 1e-5
    up, down = (body.forces(state + sign * step * way)[1][free] for sign in (1, -1))
    differences, exact = (up - down) / (2 * step), body.stiffness(state) @ way[free]
    assert np.abs(differences - exact).max() < DIFFERENCES * np.abs(exact).max()
    up_energy, down_energy = (body.forces(state + sign * step * way)[0] for sign in (1, -1))
    forces = body.forces(state)[1]
    assert (up_energy - down_energy) / (2 * step) == pytest.approx(forces @ way, rel=1e-7)


@needs_ngsolve
def test_three_flowers_to_eight_digits(
    tmp_path: Path, continuum: Continuum, model: RubberModel, paper_network: Network
) -> None:
    states = require_followed(model.states(FLOWERS))
    mesh = continuum.mesh
    theirs = ask_ngsolve(
        tmp_path,
        **mesh_values(mesh),
        elasticity=[AGILUS.youngs_modulus_MPa, AGILUS.poisson_ratio],
        weight_N_per_mm3=AGILUS.density_g_per_cm3 * NEWTON_PER_MM3,
        held=paper_network.fixed,
        n=14,
        inputs=[(port.node, 1) for port in INPUTS],
        cases_N=FLOWERS,
    )
    difference = np.abs(states.nodes_mm - theirs.reshape(3, -1)).max()
    assert difference < SAME * np.abs(theirs).max()
    # Far from linear: otherwise the comparison would prove nothing.
    linear = continuum.response.outputs(FLOWERS)
    assert np.abs(states.outputs_mm(OUTPUTS) - linear).max() > 0.05 * np.abs(linear).max()


def test_a_turned_state_is_the_same_state(model: RubberModel) -> None:
    """Objectivity: rotation of a loaded state changes neither its energy nor its forces' size."""
    body = model.body
    state = model.path(FLOWERS[2]).end.field.reshape(-1, 2)
    places = body.system.basis.doflocs.T
    cosine, sine = np.cos(0.7), np.sin(0.7)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    turned = (places + state) @ turn.T - places
    energy, forces = body.forces(state.ravel())
    turned_energy, turned_forces = body.forces(turned.ravel())
    assert turned_energy == pytest.approx(energy, rel=1e-10)
    sizes, turned_sizes = (
        np.linalg.norm(f.reshape(-1, 2), axis=1) for f in (forces, turned_forces)
    )
    np.testing.assert_allclose(turned_sizes, sizes, atol=1e-10 * sizes.max())
    # Its tangent is the turned tangent: the same quadratic form of turned motions.
    way = np.random.default_rng(0).standard_normal(state.shape)
    step = 1e-6

    def stiffness(at: FloatArray, along: FloatArray) -> float:
        up, down = (body.forces((at + s * step * along).ravel())[1] for s in (1, -1))
        return float((up - down) @ along.ravel() / (2 * step))

    assert stiffness(turned, way @ turn.T) == pytest.approx(stiffness(state, way), rel=1e-6)


def as_rubber(system: System, density: float = 0.0) -> RubberBody:
    thickness = np.full(system.basis.mesh.t.shape[1], THICKNESS)
    return make_rubber(system, thickness, (MODULUS, 0.0), density)


def test_cantilever_by_the_elastica_in_steps() -> None:
    """P L²/EI = 2: w/L = .493457, u/L = .160642 (Mattiasson 1981), for a strip of 40 to 0.5 mm."""
    length, width = 40.0, 0.5
    system = strip(length, width)
    tangent = Tangent(as_rubber(system))
    arm = length - 0.25  # the load is spread over the last half millimetre
    load = 2 * MODULUS * THICKNESS * width**3 / 12 / arm**2
    loads = system.load_vectors[:, [3]].toarray()[:, 0] * load
    path = follow(tangent, at_rest(tangent), loads, first_step=0.2)
    assert not path.lost
    along, across = (system.readings.T @ path.end.field)[2:4] / arm
    # Beam theory leaves (w/L)², and the half millimetre of the load a share of 0.25/40.
    assert across == pytest.approx(0.493457, rel=2e-3)
    assert -along == pytest.approx(0.160642, rel=4e-3)


def test_weight_hangs_the_part_first(model: RubberModel, continuum: Continuum) -> None:
    """The weight is that of the part, and its sag nearly the linear one; no load, no movement."""
    body, mesh = model.body, continuum.mesh
    corners = mesh.points[mesh.triangles]
    (ax, ay), (bx, by) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    volume = ((ax * by - ay * bx) / 2 * mesh.thickness_mm).sum()
    assert -body.weight[1::2].sum() == pytest.approx(
        volume * AGILUS.density_g_per_cm3 * NEWTON_PER_MM3
    )
    sag = body.system.readings.T @ model.hanging.end.field
    linear = body.system.readings.T @ body.system.solve(body.weight[:, None])[:, 0]
    assert np.abs(sag).max() == pytest.approx(np.abs(linear).max(), rel=0.02)
    assert np.abs(model.states(np.zeros((1, 4))).nodes_mm).max() == 0.0


def test_samples_in_any_order_are_the_same(model: RubberModel) -> None:
    loads = np.vstack([FLOWERS, 0.5 * FLOWERS[:2], np.zeros((1, 4))])
    together = model.states(loads).nodes_mm
    alone = np.vstack([model.states(loads[[sample]]).nodes_mm for sample in range(len(loads))])
    np.testing.assert_allclose(together, alone, atol=1e-9 * np.abs(alone).max())
    order = neighbour_order(loads)
    assert sorted(order.tolist()) == list(range(len(loads)))
    assert order[0] == len(loads) - 1  # the smallest load first


def test_a_sample_that_is_lost_loses_no_other(model: RubberModel) -> None:
    loads = np.vstack([FLOWERS, -20 * FLOWERS[2]])
    states = model.states(loads)
    assert states.lost.tolist() == [3]
    assert 0.0 < states.shares[3] < 1.0
    assert np.isnan(states.nodes_mm[3]).all()
    np.testing.assert_allclose(states.nodes_mm[:3], model.states(FLOWERS).nodes_mm, atol=1e-9)
    with pytest.raises(ToolError, match=r"sample 3 beyond 0\.\d+ times its load \(1 of 4"):
        model.outputs(loads)


def test_elongations_by_a_small_weight_are_those_of_the_tangent(model: RubberModel) -> None:
    """The adjoint elongations are the change under a small weight hung onto the loaded part."""
    equilibrium = model.solve(FLOWERS[2:])
    found = equilibrium.adjoint_elongations(np.array([[1.0, 0.0, 0.0]]))[0]
    # The same weight on the disc of output 0, node 7 along x, as an additional input.
    more = replace(model, inputs=(*INPUTS, Port(7, "x")))
    step = 1e-6
    up, down = (
        more.solve(np.array([[*FLOWERS[2], sign * step]])).elongations_mm[0] for sign in (1, -1)
    )
    np.testing.assert_allclose((up - down) / (2 * step), found, atol=1e-5 * np.abs(found).max())


def test_joint_strains_of_small_loads_are_nominal_strains(
    model: RubberModel,
    continuum: Continuum,
    paper_network: Network,
    fabrication: Fabrication,
    widths: FloatArray,
) -> None:
    """|N|/A + |M|/W from the stress resultants of the bonds, where the joint leaves the hub."""
    light = 1e-3 * FLOWERS[2:]
    without_weight = replace(model, body=replace(model.body, weight=0 * model.body.weight))
    found = without_weight.states(light).joint_strains[0]
    resultants = bond_resultants(continuum, paper_network, fabrication)
    stresses = joint_stresses(resultants, light, widths, paper_network, fabrication)[0]
    nominal = stresses / AGILUS.youngs_modulus_MPa
    strained = nominal > 0.5 * nominal.max()
    assert strained.sum() >= 4
    np.testing.assert_allclose(found[strained], nominal[strained], rtol=0.1)
