"""Rollers, oblique supports and springs: closed forms, NGSolve, and one model against another."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ngsolve_peer import ask_ngsolve, mesh_values, needs_ngsolve, support_rows
from small import COARSE, small_design
from taylor import ORDER, ORDER_ERROR, taylor_orders

from fem.bar_equilibrium import TrueLengthBars
from fem.beams import beam_response, make_beam_model
from fem.buckling import buckle
from fem.continuum import solve_continuum
from fem.extrusion import solve_solid
from fem.frames.network_frame import NetworkFrames
from fem.frames.stability import linear_buckling
from fem.frames.tangents import rest_response
from fem.frames.width_model import FrameWidthModel
from fem.mesh import Mesh, make_mesh
from fem.nonlinear_bars import NonlinearBars, linear_range
from fem.rubber.model import make_rubber_model
from fem.solid_buckling import solid_buckling
from geometry.cells import tile
from mnnfab import (
    BarModel,
    Fabrication,
    InputError,
    MechanismError,
    Network,
    Port,
    analyse_rigidity,
    compare,
    load_problem,
    pipeline,
    require_rigid,
)
from mnnfab.arrays import FloatArray
from mnnfab.losses.kinds.squared_error import SquaredError
from mnnfab.network.port_checks import check_ports
from mnnfab.network.ports import AnyPort, PortSum, read_ports
from mnnfab.network.supports import Support
from mnnfab.problem.problem import require_ports
from mnnfab.profiles import material
from mnnfab.verification.solid_strips import BEFORE_END, NETWORK, solid_strip

AGILUS = material("agilus30")
#: A roller, an oblique one, and springs along both axes; one node stays fixed.
SUPPORTS = (
    Support(Port(4, "y")),
    Support(Port(9, 30.0)),
    Support(Port(11, "x"), 0.08),
    Support(Port(12, 115.0), 0.2),
)
INPUTS, OUTPUTS = (Port(13, "y"), Port(10, "x")), (Port(4, "x"), Port(9, "y"), Port(12, "x"))
#: Agreement with NGSolve: eight digits.
EIGHT_DIGITS = 1e-8
#: Rigid supports of nonlinear models are springs, a million times as stiff as the part.
STIFF_SPRINGS = 1e-5
#: Two codes of beams, of which one divides the bonds into elements.
BEAMS = 0.01


@pytest.fixture(scope="module")
def network(paper_network: Network) -> Network:
    return replace(paper_network, fixed=np.array([0]), supports=SUPPORTS)


@pytest.fixture(scope="module")
def widths() -> FloatArray:
    return np.random.default_rng(1).uniform(1.5, 2.5, 28)


@pytest.fixture(scope="module")
def mesh(network: Network, fabrication: Fabrication, widths: FloatArray) -> Mesh:
    return make_mesh(tile(network, widths, fabrication), 1, 120.0)


@needs_ngsolve
def test_plane_stress_to_eight_digits(tmp_path: Path, network: Network, mesh: Mesh) -> None:
    """NGSolve has one more unknown for each reaction; ours is augmented and constrained."""
    ours = solve_continuum(mesh, network, AGILUS, INPUTS, OUTPUTS)
    theirs = ask_ngsolve(
        tmp_path,
        **mesh_values(mesh),
        elasticity=[AGILUS.youngs_modulus_MPa, AGILUS.poisson_ratio],
        held=np.array([0]),
        supports=support_rows(SUPPORTS),
        inputs=[(port.node, "xy".index(str(port.axis))) for port in INPUTS],
        outputs=[(port.node, "xy".index(str(port.axis))) for port in OUTPUTS],
    )
    found = ours.response.flexibility
    assert np.abs(found - theirs).max() < EIGHT_DIGITS * np.abs(theirs).max()
    assert max(ours.residuals.forces, ours.residuals.energy) < 1e-9


def test_a_part_on_supports_alone(network: Network, fabrication: Fabrication) -> None:
    """Three rollers hold a part as one fixed node and a roller do, but for its hub's rotation."""
    rollers = (Support(Port(0, "x")), Support(Port(0, "y")), Support(Port(4, "y")))
    free = replace(network, fixed=np.array([], dtype=np.int64), supports=rollers)
    mesh = make_mesh(tile(free, np.full(28, 2.0), fabrication), 1, 120.0)
    found = solve_continuum(mesh, free, AGILUS, INPUTS, (Port(13, "y"), Port(4, "x")))
    assert max(found.residuals.forces, found.residuals.energy) < 1e-9
    clamped = replace(free, fixed=np.array([0]), supports=rollers[2:])
    other = solve_continuum(mesh, clamped, AGILUS, INPUTS, (Port(13, "y"), Port(4, "x")))
    ratio = other.response.flexibility[0, 0] / found.response.flexibility[0, 0]
    assert 0.8 < ratio < 1.0


def test_bars_by_hand() -> None:
    """A bar on a roller at 60°: the node moves along the roller's way, a quarter of a free one."""
    nodes, bonds = np.array([[0.0, 0.0], [10.0, 0.0]]), np.array([[0, 1]])
    roller = Network(nodes, bonds, np.array([0]), (Support(Port(1, 60.0)),))
    ports = (Port(1, "x"),), (Port(1, "x"), Port(1, "y"))
    found = BarModel(roller, *ports).response(np.array([0.2]))
    # The way t = (-sin 60°, cos 60°): u = t (t·F) / (k t_x²).
    way = np.array([-np.sin(np.pi / 3), np.cos(np.pi / 3)])
    assert found.flexibility[:, 0] == pytest.approx(way * way[0] / (0.2 * way[0] ** 2))
    assert found.elongations[0, 0] == pytest.approx(1 / 0.2)
    spring = replace(roller, supports=(Support(Port(1, "x"), 0.3), Support(Port(1, "y"), 0.1)))
    found = BarModel(spring, *ports).response(np.array([0.2]))
    assert found.flexibility[:, 0] == pytest.approx([1 / 0.5, 0.0])


def test_linear_models_agree(
    network: Network, fabrication: Fabrication, widths: FloatArray, mesh: Mesh
) -> None:
    """The frame at rest is the beam model; continuum and solid differ from it by their joints."""
    beams = beam_response(make_beam_model(network, widths, AGILUS, fabrication), INPUTS, OUTPUTS)
    frame = NetworkFrames(network, AGILUS, fabrication).frame(widths)
    at_rest = rest_response(frame, network, INPUTS, OUTPUTS)
    assert compare(beams, at_rest).displacement_residual < BEAMS
    plane = solve_continuum(mesh, network, AGILUS, INPUTS, OUTPUTS).response
    solid = solve_solid(mesh, network, AGILUS, INPUTS, OUTPUTS).response
    assert compare(plane, solid).displacement_residual < 0.01
    assert compare(plane, beams).displacement_residual < 0.05


def test_small_loads_are_those_of_linear_models(
    network: Network, fabrication: Fabrication, widths: FloatArray, mesh: Mesh
) -> None:
    loads = 1e-6 * np.array([[-1.0, 0.5], [0.3, 1.0]])
    stiffness = 0.05 * widths
    bars = BarModel(network, INPUTS, OUTPUTS).response(stiffness).outputs(loads)
    long = TrueLengthBars(NonlinearBars(network, stiffness), INPUTS, OUTPUTS).outputs(loads)
    assert np.abs(long - bars).max() < STIFF_SPRINGS * np.abs(bars).max()
    continuum = solve_continuum(mesh, network, AGILUS, INPUTS, OUTPUTS)
    weightless = AGILUS.model_copy(update={"density_g_per_cm3": 0.0})
    ports = INPUTS, OUTPUTS
    rubber = make_rubber_model(continuum, network, widths, weightless, fabrication, ports)
    linear = continuum.response.outputs(loads)
    assert np.abs(rubber.outputs(loads) - linear).max() < STIFF_SPRINGS * np.abs(linear).max()


def test_an_oblique_roller_does_not_end_the_linear_range(network: Network) -> None:
    """Held exactly: the range ends by the change of the outputs, as with a fixed node."""
    bars = NonlinearBars(network, np.full(28, 0.1))
    loads = np.zeros(28)
    loads[27] = -0.05
    found = linear_range(bars, loads, OUTPUTS)
    assert found.ends == "change"
    moved = bars.displacements(found.factor * loads)
    assert moved is not None
    held = read_ports([Port(4, "y"), Port(9, 30.0)], moved)
    assert np.abs(held).max() < 1e-12 * np.abs(moved).max()


@pytest.mark.parametrize(
    "supports",
    [
        (Support(Port(0, "x")), Support(Port(0, "y")), Support(Port(4, "y"))),
        (Support(Port(0, "x")), Support(Port(2, "y")), Support(Port(4, "y"))),
        (Support(Port(0, "x"), 1.0), Support(Port(9, "y"), 1.0), Support(Port(4, "y"), 1.0)),
    ],
)
def test_a_part_must_be_held_out_of_its_plane(
    paper_network: Network, supports: tuple[Support, ...]
) -> None:
    free = replace(paper_network, fixed=np.array([], dtype=np.int64), supports=supports)
    with pytest.raises(MechanismError, match=r"free out of its plane\n.*not in one line"):
        require_rigid(free)
    third = Support(Port(12, "x"))
    held = replace(free, supports=(Support(Port(0, "x")), Support(Port(4, "y")), third))
    assert require_rigid(held).n_zero_modes == 0


@pytest.mark.parametrize(
    ("port", "message"),
    [
        (Port(4, "y"), "node 4 y is held by supports"),
        (Port(9, 210.0), "is held by supports"),
        (PortSum(((1.0, Port(7, "x")), (-1.0, Port(7, 0.0)))), "is zero for all motions"),
        (Port(13, 90.0), "is given twice"),
    ],
)
def test_ports_that_cannot_move_are_refused(network: Network, port: AnyPort, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_ports("inputs", network, [Port(13, "y"), port])
    check_ports("inputs", network, [Port(13, "y"), Port(4, "x"), Port(9, "x")])


def test_rollers_roll_under_large_loads(
    network: Network, fabrication: Fabrication, widths: FloatArray, mesh: Mesh
) -> None:
    """Far from linear theory, supported nodes stay on their ways, and springs pull by Hooke."""
    watched = (Port(4, "y"), Port(9, 30.0), Port(4, "x"), Port(9, 120.0))
    loads = np.array([[-0.05, 0.02]])
    continuum = solve_continuum(mesh, network, AGILUS, INPUTS, watched)
    rubber = make_rubber_model(continuum, network, widths, AGILUS, fabrication, (INPUTS, watched))
    frames = NetworkFrames(network, AGILUS, fabrication)
    frame = FrameWidthModel(frames, INPUTS, watched, weight=True).port_model(widths)
    for model in (rubber, frame):
        (moved,) = model.outputs(loads)
        assert np.abs(moved[:2]).max() < STIFF_SPRINGS * np.abs(moved).max()
        assert np.abs(moved[2:]).min() > 0.01


@pytest.mark.parametrize("kind", ["bars", "frame"])
def test_width_gradients_with_supports(
    kind: str, network: Network, fabrication: Fabrication, widths: FloatArray
) -> None:
    loads, targets = np.array([[-0.03, 0.01], [0.02, 0.02]]), np.zeros((2, 3))
    loss, direction = SquaredError(0.1), np.random.default_rng(4).standard_normal(28)
    if kind == "frame":
        frames = NetworkFrames(network, AGILUS, fabrication)
        model = FrameWidthModel(frames, INPUTS, OUTPUTS)
        solved = model.solve(widths, loads)
        slope = solved.width_gradient(loss.gradient(solved.outputs_mm, targets)) @ direction

        def value(step: float) -> float:
            return loss.value(model.solve(widths + step * direction, loads).outputs_mm, targets)
    else:
        bars = BarModel(network, INPUTS, OUTPUTS)
        linear = bars.response(0.05 * widths).solve(loads)
        slope = 0.05 * linear.stiffness_gradient(loss.gradient(linear.outputs_mm, targets))
        slope = slope @ direction

        def value(step: float) -> float:
            response = bars.response(0.05 * (widths + step * direction))
            return loss.value(response.outputs(loads), targets)

    orders = taylor_orders(value, float(slope), [4e-3, 2e-3, 1e-3])
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)


def test_rollers_count_in_rigidity(paper_network: Network) -> None:
    """n_free_dofs - n_bonds - n_supports = n_zero_modes - n_self_stresses."""
    pinned = replace(paper_network, fixed=np.array([0]))
    assert analyse_rigidity(pinned).n_zero_modes == 1
    rolling = replace(pinned, supports=(Support(Port(4, "y")),))
    found = require_rigid(rolling)
    assert (found.n_zero_modes, found.n_self_stresses) == (0, 28 + 1 - 26)
    # A roller whose way is the circle about the fixed node does not stop the rotation.
    with pytest.raises(MechanismError, match="1 zero mode"):
        require_rigid(replace(pinned, supports=(Support(Port(4, "x")),)))


def test_a_guided_column_buckles_at_eight_times_the_load() -> None:
    """Clamped and pinned over clamped and free: (4.4934 / (π/2))² = 8.183; frame and solid."""
    ratio = (4.493409458 / (np.pi / 2)) ** 2
    guided = replace(NETWORK, supports=(Support(Port(1, "y")),))
    mesh = solid_strip(40.0, 1.0, 2.0, 1.0, 2)
    cork = AGILUS.model_copy(update={"poisson_ratio": 0.0})
    factors = []
    for network in (NETWORK, guided):
        (state,) = solid_buckling(mesh, network, cork, (Port(1, "x"),), [[-1e-3]])
        assert state.in_plane.factor is not None
        factors.append(state.in_plane.factor)
    length = 40.0 - BEFORE_END
    inertia, area, modulus = 2.0 / 12, 2.0, cork.youngs_modulus_MPa
    euler = 4.493409458**2 * modulus * inertia / length**2
    sheared = euler / (1 + 1.2 * euler / (modulus / 2 * area))
    assert 1e-3 * factors[1] == pytest.approx(sheared, rel=5e-3)
    frames = NetworkFrames(
        guided,
        cork,
        Fabrication(
            thickness_mm=2.0,
            width_min_mm=0.9,
            width_max_mm=1.1,
            width_initial_mm=1.0,
            joint_ratio=1.0,
        ),
    )
    loads = np.zeros((1, 2, 3))
    loads[0, 1, 0] = -1e-3
    in_plane, out_of_plane = linear_buckling(frames.frame(np.array([1.0])), loads)
    full = 4.493409458**2 * modulus * inertia / 40.0**2
    # Hubs of the network frame are stiffer than the bond.
    assert 1e-3 * in_plane[0] == pytest.approx(full / (1 + 1.2 * full / modulus), rel=0.04)
    # The roller holds its node out of the plane, in which the strip is twice as thick.
    assert out_of_plane[0] > 3 * in_plane[0]
    assert factors[1] / factors[0] == pytest.approx(ratio, rel=0.02)


def test_a_part_pressed_onto_its_supports_buckles_alike_in_plane_and_solid(
    network: Network, mesh: Mesh
) -> None:
    """Plane stress and prisms, two assemblies; the supports take reactions under these loads."""
    loads = np.array([0.05, -0.05])
    continuum = solve_continuum(mesh, network, AGILUS, INPUTS, OUTPUTS)
    stress = continuum.stress(continuum.fields @ loads)
    flat = buckle(continuum.system, stress, mesh.thickness_mm)
    (state,) = solid_buckling(mesh, network, AGILUS, INPUTS, [loads.tolist()])
    assert flat.factor is not None
    # Prisms contract freely across the thickness, also where plane stress has load discs.
    assert state.in_plane.factor == pytest.approx(flat.factor, rel=0.05)
    assert state.out_of_plane.factor is not None
    assert 0 < state.out_of_plane.factor < np.inf


ON_ROLLERS = """fixed = [0]
supports = [{ node = 2, axis = "y" }, { node = 4, direction_deg = 30, stiffness_N_per_mm = 0.05 }]
"""


def on_rollers(folder: Path, text: str = ON_ROLLERS) -> Path:
    path = small_design(folder, "rollers", check=True)
    design = path.read_text(encoding="utf-8").replace("fixed = [0, 2]\n", text)
    coarse = "".join(f"{key} = {value}\n" for key, value in COARSE.items())
    path.write_text(design.replace("[check]\n", "[check]\n" + coarse), encoding="utf-8")
    return path


def test_a_design_on_rollers_is_run(tmp_path: Path) -> None:
    problem = require_ports(load_problem(on_rollers(tmp_path)))
    assert [str(one) for one in problem.network.supports] == [
        "node 2 y",
        "node 4 at 30° by 0.05 N/mm",
    ]
    outcome = pipeline.run(on_rollers(tmp_path), tmp_path / "out", force=True)
    codes = {finding.code for finding in outcome.findings if finding.severity == "error"}
    assert not codes & {"equilibrium", "mesh"}
    assert not [one for one in outcome.findings if "not assessed" in one.message]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('{ node = 0, axis = "y" }', r"supports\[0\]: node 0 is fixed"),
        ('{ node = 9, axis = "y" }', r"supports\[0\].*: node 9 does not exist"),
        ('{ node = 2, axis = "y" }, { node = 2, axis = "y" }', "node 2 is held already along y"),
        ('{ node = 2, axis = "y", stiffness_N_per_mm = 0 }', "stiffness_N_per_mm: 0"),
        ("{ node = 2 }", r"supports\[0\].axis: missing"),
        ('{ node = 2, axes = "y" }', "unknown key; did you mean axis"),
    ],
)
def test_wrong_supports_are_refused(tmp_path: Path, entry: str, message: str) -> None:
    text = re.sub(r"\[\{.*\}\]", lambda _: f"[{entry}]", ON_ROLLERS)
    with pytest.raises(InputError, match=message):
        load_problem(on_rollers(tmp_path, text))
