"""Frames with large rotations: tangents, condensation, weight, hubs and the model interface."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import eigh

import fem.frames.solvers
import fem.frames.stability
from fem.beams import beam_response, make_beam_model
from fem.buckling import buckle
from fem.frames.calibration import MAX_STIFFNESS, calibrate_hubs
from fem.frames.dense_solver import DenseSolver
from fem.frames.frame import BeamFrame, Member, Sections, make_frame
from fem.frames.kernels.arrays import Points
from fem.frames.model import LoadedFrame
from fem.frames.network_frame import NetworkFrames, make_hubs, neighbour_angles
from fem.frames.planar import PlanarStates, solve_planar
from fem.frames.rectangle import torsion_constant
from fem.frames.sections import HUB_BENDING, Division
from fem.frames.sparse_solver import SparseSolver
from fem.frames.stability import linear_buckling, out_of_plane, planar_ratios
from fem.frames.tangents import rest_response, small_displacements
from fem.frames.width_model import FrameWidthModel, WidthFrameEquilibrium
from fem.weight import NEWTON_PER_MM3
from geometry.cells import tile
from mnnfab import Fabrication, InputError, Network, Port, ToolError, compare, triangular_patch
from mnnfab.arrays import FloatArray
from mnnfab.network.ports import dofs_of
from mnnfab.printed_part.part import PrintedPart
from mnnfab.problem.loading import load_problem
from mnnfab.problem.problem import require_ports
from mnnfab.profiles import material
from mnnfab.verification.frame_matrices import free_dofs, planar_system, space_matrix

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
AGILUS = material("agilus30")
INPUTS = (Port(13, "y"), Port(11, "y"), Port(12, "y"), Port(9, "y"))
OUTPUTS = (Port(7, "x"), Port(1, "x"), Port(2, "x"))
#: Differences of second order with Richardson's extrapolation, of energies of order one.
DIFFERENCES = 1e-7
#: Lanczos's method with its few steps.
LANCZOS = 2e-3
ROUNDING = 1e-10


@pytest.fixture(scope="module")
def frames(paper_network: Network, fabrication: Fabrication) -> NetworkFrames:
    return NetworkFrames(paper_network, AGILUS, fabrication)


@pytest.fixture(scope="module")
def frame(frames: NetworkFrames) -> BeamFrame:
    return frames.frame(np.random.default_rng(0).uniform(1.5, 2.5, 28))


@pytest.fixture(scope="module")
def model(paper_network: Network, frame: BeamFrame) -> LoadedFrame:
    return LoadedFrame(paper_network, frame, INPUTS, OUTPUTS)


LOADS = np.array([[-0.04, -0.03, -0.05, -0.02], [-0.05, -0.02, -0.02, -0.05]])


@pytest.fixture(scope="module")
def states(model: LoadedFrame) -> PlanarStates:
    return model.states(LOADS)


def one(points: Points, sample: int = 0) -> Points:
    return Points(points.nodes[sample], points.interior[sample])


def small_frame(angle: float = 0.0) -> BeamFrame:
    """Return an elbow of two members with unlike sections, rotated by an angle."""
    cosine, sine = np.cos(angle), np.sin(angle)
    nodes = np.array([[0, 0], [3, 1], [4, 4.0]]) @ np.array([[cosine, sine], [-sine, cosine]])
    sections = Sections(50.0, 20.0, 3.0, 15.0, 2.0, 4.0)
    members = [
        Member(0, 1, np.linspace(nodes[0], nodes[1], 4), sections),
        Member(1, 2, np.linspace(nodes[1], nodes[2], 3), replace(sections, bending=2.0)),
    ]
    held = np.zeros((3, 3), dtype=bool)
    held[0] = True
    return make_frame(nodes, members, held)


def random_state(frame: BeamFrame, size: float) -> Points:
    generator = np.random.default_rng(1)
    return Points(*(size * generator.standard_normal(a.shape) for a in frame.no_loads))


def split(frame: BeamFrame, values: FloatArray) -> Points:
    nodes, interior = np.split(values.reshape(-1, 3), [frame.n_nodes])
    return Points(nodes.copy(), interior.copy())


def test_forces_and_tangent_are_derivatives_of_the_energy() -> None:
    frame = small_frame()
    base = np.concatenate([a.ravel() for a in random_state(frame, 0.3)])
    _, forces, tangent = planar_system(frame, split(frame, base))
    np.testing.assert_allclose(tangent, tangent.T, atol=1e-12)

    def difference(dof: int, step: float) -> tuple[float, FloatArray]:
        change = step * np.eye(len(base))[dof]
        ahead, behind = (planar_system(frame, split(frame, base + s * change)) for s in (1, -1))
        return (ahead[0] - behind[0]) / (2 * step), (ahead[1] - behind[1]) / (2 * step)

    for dof in range(len(base)):
        coarse, fine = difference(dof, 2e-3), difference(dof, 1e-3)
        assert (4 * fine[0] - coarse[0]) / 3 == pytest.approx(forces[dof], abs=DIFFERENCES)
        extrapolated = (4 * fine[1] - coarse[1]) / 3
        np.testing.assert_allclose(extrapolated, tangent[dof], atol=20 * DIFFERENCES)


def cross(vector: FloatArray) -> FloatArray:
    x, y, z = vector
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])


def space_energy(frame: BeamFrame, planar: FloatArray, out: FloatArray) -> float:
    """Energy of one element of a Reissner–Simo beam in space, with R = exp(φ) R_z(θ)."""
    (vector,), (h,) = frame.vectors, frame.lengths
    first, last = planar.reshape(2, 3)
    (w1, *spin1), (w2, *spin2) = out.reshape(2, 3)
    derivative = np.array([*(vector + last[:2] - first[:2]), w2 - w1]) / h
    angle = np.arctan2(vector[1], vector[0]) + (first[2] + last[2]) / 2
    phi = (np.array([*spin1, 0.0]) + np.array([*spin2, 0.0])) / 2
    change = (np.array([*spin2, 0.0]) - np.array([*spin1, 0.0])) / h
    size = max(float(np.linalg.norm(phi)), 1e-12)
    skew = cross(phi)
    rotation = np.eye(3) + np.sin(size) / size * skew
    rotation += (1 - np.cos(size)) / size**2 * skew @ skew
    jacobian = np.eye(3) - (1 - np.cos(size)) / size**2 * skew
    jacobian += (size - np.sin(size)) / size**3 * skew @ skew
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    v1, v2, v3 = (rotation @ turn).T @ derivative
    k1, k2, k3 = turn.T @ jacobian @ change + [0, 0, (last[2] - first[2]) / h]
    plane, space = frame.planar, frame.space
    strain = v1 - 1 + plane.shortening[0] * v2**2 + space.shortening[0] * v3**2
    strain += h**2 / 24 * (k3**2 + k2**2)
    total = plane.axial[0] * strain**2 + plane.shear[0] * v2**2 + plane.bending[0] * k3**2
    total += space.shear[0] * v3**2 + space.torsion[0] * k1**2 + space.bending[0] * k2**2
    return float(h / 2 * total)


def test_stiffness_out_of_the_plane_is_the_second_variation_in_space() -> None:
    """Of the energy with finite rotations in space, by second differences."""
    points = np.array([[0, 0], [1.2, 0.5]])
    sections = Sections(50.0, 20.0, 3.0, 15.0, 2.0, 4.0)
    frame = make_frame(points, [Member(0, 1, points, sections)], np.zeros((2, 3), dtype=bool))
    planar = np.array([0.1, -0.2, 0.3, 0.3, 0.1, -0.4])
    matrix = space_matrix(frame, split(frame, planar))

    def second(i: int, j: int, step: float) -> float:
        a, b = step * np.eye(6)[[i, j]]
        corners = [
            space_energy(frame, planar, s * a + t * b) * s * t for s in (1, -1) for t in (1, -1)
        ]
        return sum(corners) / (4 * step**2)

    found = [
        [(4 * second(i, j, 1e-2) - second(i, j, 2e-2)) / 3 for j in range(6)] for i in range(6)
    ]
    np.testing.assert_allclose(matrix, found, atol=1e-6)


def test_condensed_is_uncondensed(frame: BeamFrame, states: PlanarStates) -> None:
    loads = np.zeros((2, 1, frame.n_nodes, 3))
    loads[:, 0, 13] = [0.3, 1.0, 2.0]
    found = small_displacements(frame, states.points, loads)
    free = free_dofs(frame)
    _, _, tangent = planar_system(frame, one(states.points, 1))
    right = np.zeros(len(tangent))
    right[39:42] = loads[1, 0, 13]
    wanted = np.zeros(len(tangent))
    wanted[free] = np.linalg.solve(tangent[np.ix_(free, free)], right[free])
    whole = np.concatenate([found.nodes[1, 0].ravel(), found.interior[1, 0].ravel()])
    np.testing.assert_allclose(whole, wanted, atol=1e-9 * np.abs(wanted).max())


def test_negative_pivots_are_negative_eigenvalues(frame: BeamFrame) -> None:
    """Of states far from equilibrium, with many of them."""
    solver, counts = DenseSolver(frame), []
    for size in (0.02, 0.05, 0.1):
        state = random_state(frame, size)
        loads = frame.no_loads
        planar = solver.linear_steps(state, frame.no_loads, loads)
        for count, out in ((planar, False), (solver.out_of_plane(state), True)):
            matrix = space_matrix(frame, state) if out else planar_system(frame, state)[2]
            free = free_dofs(frame, out=out)
            wanted = int((np.linalg.eigvalsh(matrix[np.ix_(free, free)]) < 0).sum())
            assert count == wanted
            counts.append(count)
    assert max(counts) > 20


def test_smallest_eigenvalues(frame: BeamFrame, states: PlanarStates) -> None:
    for out, found in (
        (False, planar_ratios(frame, states.points)),
        (True, out_of_plane(frame, states.points).ratios),
    ):
        free = free_dofs(frame, out=out)
        for sample in range(2):
            state = one(states.points, sample)
            pair = [
                space_matrix(frame, state, part) if out else planar_system(frame, state, part)[2]
                for part in (1.0, 0.0)
            ]
            pair = [matrix[np.ix_(free, free)] for matrix in pair]
            wanted = eigh(*pair, eigvals_only=True)[0]
            assert found[sample] == pytest.approx(wanted, abs=LANCZOS)
            assert 0 < found[sample] < 1


def test_dense_is_sparse(
    frame: BeamFrame, states: PlanarStates, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = np.zeros((2, 14, 3))
    loads[:, [port.node for port in INPUTS], 1] = LOADS
    unit = np.zeros((2, 1, 14, 3))
    unit[:, 0, 5, 0] = 1.0
    dense = (
        small_displacements(frame, states.points, unit).interior,
        planar_ratios(frame, states.points),
        out_of_plane(frame, states.points).ratios,
    )
    for module in (fem.frames.solvers, fem.frames.stability):
        monkeypatch.setattr(module, "MAX_DENSE", 0)
    found = solve_planar(frame, loads)
    assert found.converged.all()
    np.testing.assert_allclose(found.points.nodes, states.points.nodes, atol=1e-8)
    np.testing.assert_allclose(found.strains, states.strains, atol=1e-8)
    sparse = (
        small_displacements(frame, states.points, unit).interior,
        planar_ratios(frame, states.points),
        out_of_plane(frame, states.points).ratios,
    )
    np.testing.assert_allclose(sparse[0], dense[0], atol=1e-9 * np.abs(dense[0]).max())
    np.testing.assert_allclose(sparse[1:], dense[1:], atol=LANCZOS)


def test_sparse_solver_reports_instability(frame: BeamFrame) -> None:
    solver, state = SparseSolver(frame), random_state(frame, 0.05)
    assert solver.out_of_plane(state) > 0
    assert solver.out_of_plane(frame.no_loads) == 0
    with pytest.raises(ToolError, match="unstable in its plane"):
        solver.planar_solve(state)


def test_rest_is_the_linear_beam_model(paper_network: Network, fabrication: Fabrication) -> None:
    """Of uniform hubs; the mean flexibility of the tapers costs less than a thousandth."""
    widths = np.random.default_rng(0).uniform(1.5, 2.5, 28)
    beams = make_beam_model(paper_network, widths, AGILUS, fabrication)
    frames = NetworkFrames(paper_network, AGILUS, fabrication)
    frame = frames.frame(widths)
    hub = frames.layout.in_hub.ravel()
    bending = np.where(hub, frame.sections.bending / HUB_BENDING, frame.sections.bending)
    frame = replace(frame, sections=replace(frame.sections, bending=bending))
    found = rest_response(frame, paper_network, INPUTS, OUTPUTS)
    agreement = compare(beam_response(beams, INPUTS, OUTPUTS), found)
    assert agreement.scale == pytest.approx(1.0, abs=1e-4)
    assert agreement.displacement_residual < 1e-3
    assert agreement.elongation_residual < 1e-3


def test_default_division_is_fine_enough(frames: NetworkFrames) -> None:
    widths = np.random.default_rng(0).uniform(1.5, 2.5, 28)
    found = []
    for division in (Division(), Division(2, 6, 4, 16)):
        frame = replace(frames, division=division).frame(widths)
        model = LoadedFrame(frames.network, frame, INPUTS, OUTPUTS)
        states = model.states(LOADS)
        found.append((model.outputs_mm(states), states.strains.max(), frame))
    (coarse, strain, _), (fine, finer_strain, _) = found
    assert np.linalg.norm(coarse - fine) < 2e-3 * np.linalg.norm(fine)
    assert strain == pytest.approx(finer_strain, rel=0.01)


def test_reactions_carry_the_weight(frames: NetworkFrames, frame: BeamFrame) -> None:
    """ρ g V of the part, whose joints overlap at the nodes, and the reactions at held nodes."""
    widths = np.random.default_rng(0).uniform(1.5, 2.5, 28)
    tiling = tile(frames.network, widths, frames.fabrication)
    wanted = AGILUS.density_g_per_cm3 * NEWTON_PER_MM3 * tiling.volume_mm3
    weight = frame.weight
    total = -weight.nodes.sum() - weight.interior.sum()
    assert total == pytest.approx(wanted, rel=2e-3)
    points = one(solve_planar(frame, np.zeros((1, 14, 3)), weight).points)
    _, forces, _ = planar_system(frame, points)
    reactions = (forces.reshape(-1, 3)[:14] - weight.nodes)[frames.network.fixed]
    np.testing.assert_allclose(reactions.sum(axis=0)[:2], [0, total], atol=1e-9)


def test_small_loads_give_the_linear_response(model: LoadedFrame) -> None:
    response = rest_response(model.frame, model.network, INPUTS, OUTPUTS)
    agreement = compare(response, model, 1e-5 * np.eye(4))
    assert agreement.scale == pytest.approx(1.0, abs=1e-4)
    assert agreement.elongation_scale == pytest.approx(1.0, abs=1e-4)
    assert agreement.displacement_residual < 1e-4


@pytest.mark.parametrize("weight", [False, True])
def test_adjoint_elongations_are_differences(model: LoadedFrame, *, weight: bool) -> None:
    """Of the equilibria with the loads at the outputs added, which are inputs there."""
    loaded = replace(model, input_ports=INPUTS + OUTPUTS, weight=weight)
    adjoint_loads = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.0]])
    loads, step = np.hstack([LOADS, np.zeros((2, 3))]), 1e-5 * np.hstack([0 * LOADS, adjoint_loads])
    ahead, behind = (loaded.solve(loads + s * step).elongations_mm for s in (1, -1))
    found = loaded.solve(loads).adjoint_elongations(adjoint_loads)
    np.testing.assert_allclose(found, (ahead - behind) / 2e-5, atol=1e-5 * np.abs(found).max())


@pytest.mark.parametrize("weight", [False, True])
def test_width_gradient_is_exact(frames: NetworkFrames, *, weight: bool) -> None:
    """Against differences of equilibria, for a loss of all outputs of both samples."""
    generator = np.random.default_rng(5)
    widths, slope = generator.uniform(1.5, 2.5, 28), generator.standard_normal((2, 3))
    direction = generator.standard_normal(28)

    def solved(change: float) -> WidthFrameEquilibrium:
        model = FrameWidthModel(frames, INPUTS, OUTPUTS, weight)
        return model.solve(widths + change * direction, LOADS)

    def difference(step: float) -> float:
        ahead, behind = (solved(s * step).outputs_mm for s in (1, -1))
        return float((slope * (ahead - behind)).sum()) / (2 * step)

    wanted = (4 * difference(1e-3) - difference(2e-3)) / 3
    found = solved(0.0).width_gradient(slope, direction).sum()
    assert found == pytest.approx(wanted, rel=1e-6)


def test_stiffness_matrix_is_that_of_nodes_without_moments(frames: NetworkFrames) -> None:
    widths = np.random.default_rng(0).uniform(1.5, 2.5, 28)
    model = FrameWidthModel(frames, INPUTS, OUTPUTS)
    matrix = model.stiffness_matrix(widths).toarray()
    free = frames.network.free_dofs
    places = [np.searchsorted(free, dofs_of(ports)) for ports in (OUTPUTS, INPUTS)]
    found = np.linalg.inv(matrix)[np.ix_(*places)]
    response = rest_response(frames.frame(widths), frames.network, INPUTS, OUTPUTS)
    np.testing.assert_allclose(found, response.flexibility, rtol=1e-9)


def test_zero_is_the_part_as_it_hangs(model: LoadedFrame) -> None:
    """The weight moves the outputs, but no load gives no output; and it stiffens the part."""
    heavy = replace(model, weight=True)
    np.testing.assert_allclose(heavy.outputs(np.zeros((1, 4))), 0.0, atol=1e-9)
    assert np.abs(heavy.unloaded.points.nodes[0, [7, 1, 2], 0]).max() > 1e-3
    difference = heavy.outputs(LOADS) - model.outputs(LOADS)
    assert 1e-4 < np.abs(difference).max() < 0.02


def test_lost_sample_reports_its_load(paper_network: Network, frame: BeamFrame) -> None:
    """A push of 20 gf at the bottom folds the network; the other sample is not lost with it."""
    model = LoadedFrame(paper_network, frame, (Port(10, "y"),), (Port(12, "y"),))
    loads = np.array([[-0.01], [0.2]])
    states = model.states(loads)
    assert states.converged.tolist() == [True, False]
    assert 0.1 < states.reached[1] < 0.8
    with pytest.raises(ToolError, match=rf"sample 1: .* beyond {states.reached[1]:.3g} times"):
        model.solve(loads)
    again = model.solve(states.reached[1] * loads[1:])
    assert np.isfinite(again.outputs_mm).all()


def test_start_from_an_earlier_state(model: LoadedFrame, states: PlanarStates) -> None:
    again = model.states(1.01 * LOADS, start=states.points)
    np.testing.assert_allclose(
        again.points.nodes, model.states(1.01 * LOADS).points.nodes, atol=1e-8
    )


def test_calibration_recovers_the_hubs(frames: NetworkFrames) -> None:
    widths = np.random.default_rng(3).uniform(1.5, 2.5, 28)
    wanted = replace(frames, hub_stiffness=1.3).frame(widths)
    response = rest_response(wanted, frames.network, INPUTS, OUTPUTS)
    found = calibrate_hubs(frames, widths, response, INPUTS, OUTPUTS)
    assert found.frames.hub_stiffness == pytest.approx(1.3, rel=1e-4)
    assert found.agreement.displacement_residual < 1e-6
    stiff = replace(response, flexibility=response.flexibility / 2)
    nearest = calibrate_hubs(frames, widths, stiff, INPUTS, OUTPUTS)
    assert nearest.frames.hub_stiffness == MAX_STIFFNESS
    assert nearest.agreement.scale > 1.1


@pytest.mark.slow
@pytest.mark.parametrize("example", ["uniform", "behaviour-left"])
def test_calibrated_frame_is_near_the_continuum(example: str) -> None:
    """At rest after calibration, and the load of linear buckling in the plane."""
    problem = require_ports(load_problem(EXAMPLES / f"{example}.toml"))
    widths = np.random.default_rng(0).uniform(1.5, 2.5, 28)
    part = PrintedPart(problem, widths)
    task, network, continuum = problem.task, problem.network, part.continuum
    frames = NetworkFrames(network, problem.material, problem.design.fabrication)
    found = calibrate_hubs(frames, widths, continuum.response, task.inputs, task.outputs)
    assert 1.0 < found.frames.hub_stiffness < 1.3
    assert found.agreement.displacement_residual < 0.03
    assert found.agreement.elongation_residual < 0.03
    loads = np.zeros((1, network.n_nodes, 3))
    loads[0, 10, 1] = -0.05
    frame = found.frames.frame(widths)
    stress = continuum.stress(continuum.fields @ [-0.05])
    wanted = buckle(continuum.system, stress, continuum.mesh.thickness_mm).factor
    assert linear_buckling(frame, loads)[0][0] == pytest.approx(wanted, rel=0.08)


def test_hubs_reach_as_far_as_joints_overlap() -> None:
    """Joints 1 mm wide at 60° overlap up to 0.5 mm / tan 30° from their node."""
    network = triangular_patch(4, 16.0, [0, 4])
    angles = neighbour_angles(network)
    np.testing.assert_allclose(angles.min(axis=2), np.pi / 3)
    np.testing.assert_allclose(make_hubs(network, 1.0, 2.0).lengths, 0.5 / np.tan(np.pi / 6))
    capped = make_hubs(network, 1.0, 0.6).lengths
    np.testing.assert_allclose(capped, 0.54)  # nine tenths of the joint
    shares = make_hubs(network, 1.0, 2.0).weight_shares
    inner = (network.bonds == 6) & (angles < 1.1).all(axis=2)  # a node with six bonds
    assert inner.sum() == 6
    np.testing.assert_allclose(shares[inner], 0.5)
    lonely = Network(np.array([[0, 0], [10, 0.0]]), np.array([[0, 1]]), np.array([0]))
    np.testing.assert_allclose(make_hubs(lonely, 1.0, 2.0).lengths, 0.5)
    np.testing.assert_allclose(make_hubs(lonely, 1.0, 2.0).weight_shares, 1.0)


def test_torsion_constant_of_rectangles() -> None:
    """β of J = β a b³ (Timoshenko and Goodier, art. 109), and a b³ / 3 for strips."""
    ratios = np.array([1.0, 1.5, 2.0, 3.0, 5.0, 10.0])
    beta = torsion_constant(ratios, 1.0) / ratios
    np.testing.assert_allclose(beta, [0.1406, 0.196, 0.229, 0.263, 0.291, 0.312], atol=5e-4)
    square = 0.1405770149551565  # 1/3 - 64/π⁵ Σ tanh(nπ/2)/n⁵ by a thousand terms
    assert torsion_constant(np.array(2.0), 2.0) == pytest.approx(16 * square, rel=1e-9)
    assert torsion_constant(np.array(0.5), 2.0) == torsion_constant(np.array(2.0), 0.5)
    assert torsion_constant(np.array(1e4), 1.0) == pytest.approx(1e4 / 3, rel=1e-4)


def test_bonds_without_tapers(paper_network: Network, fabrication: Fabrication) -> None:
    """Stretched along a bond, joint and middle are springs in series."""
    plain = fabrication.model_copy(update={"taper_length_mm": 0.0})
    frames = NetworkFrames(paper_network, AGILUS, plain)
    widths = np.full(28, 2.0)
    frame = frames.frame(widths)
    per_bond = (frame.lengths / frame.planar.axial).reshape(28, -1).sum(axis=1)
    np.testing.assert_allclose(per_bond, (4 / 1.0 + 12 / 2.0) / (2.0 * AGILUS.youngs_modulus_MPa))
    assert len(frame.vectors) == 28 * (Division().n_elements - 2)


def test_bond_shorter_than_its_joints_is_rejected(paper_network: Network) -> None:
    long = Fabrication(
        thickness_mm=2.0,
        width_min_mm=1.5,
        width_max_mm=2.5,
        width_initial_mm=2.0,
        joint_length_mm=7.5,
    )
    with pytest.raises(InputError, match=r"bond 0: length 16 mm\n.*17 mm of its joints"):
        NetworkFrames(paper_network, AGILUS, long).frame(np.full(28, 2.0))


def test_open_chain_is_rejected() -> None:
    nodes = np.array([[0, 0], [1, 0.0]])
    wrong = Member(0, 1, np.array([[0, 0], [1, 0.1]]), Sections(1.0, 1.0, 1.0))
    with pytest.raises(InputError, match="chain 0"):
        make_frame(nodes, [wrong], np.zeros((2, 3), dtype=bool))
