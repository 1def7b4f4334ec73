"""Exact gradients of loaded models in widths of the rubber, joints, loads and thickness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ngsolve_peer import ask_ngsolve, needs_ngsolve
from taylor import ORDER, ORDER_ERROR, losses, targets_for, taylor_orders, threshold_losses

from fem.bar_equilibrium import TrueLengthBars
from fem.continuum import solve_continuum
from fem.design_velocity import moved_points, width_velocities
from fem.frames.gradients import design_gradient
from fem.frames.network_frame import NetworkFrames
from fem.frames.width_model import FrameWidthModel
from fem.mesh import Mesh, make_mesh
from fem.nonlinear_bars import NonlinearBars
from fem.rubber.model import RubberEquilibrium, RubberModel, make_rubber_model
from fem.rubber.shape_gradient import point_gradient
from fem.weight import NEWTON_PER_MM3
from geometry.cells import tile
from geometry.tiling import Tiling
from mnnfab import BarModel, Fabrication, Network, Port
from mnnfab.arrays import FloatArray
from mnnfab.losses.loss import Loss
from mnnfab.model.model import Equilibrium
from mnnfab.network.ports import dofs_of
from mnnfab.profiles import material

AGILUS = material("agilus30")
INPUTS = (Port(13, "y"), Port(11, "y"), Port(12, "y"), Port(9, "y"))
OUTPUTS = (Port(7, "x"), Port(1, "x"), Port(2, "x"))
#: Loads of two flowers, N, in the range of the paper.
FLOWERS = -0.00980665 * np.array([[3.2, 3.9, 1.1, 0.5], [4.2, 3.4, 4.0, 4.0]])
#: A loss whose derivative in the outputs is known: their product with these numbers.
SLOPE = np.random.default_rng(2).standard_normal((2, 3))
#: Classes of the flowers, or targets of 1 mm; and a direction of the widths, with steps along it.
TARGETS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
DIRECTION = np.random.default_rng(6).standard_normal(28)
STEPS = (8e-3, 4e-3, 2e-3)
#: Central differences of solutions, whose own error is that of third derivatives.
DIFFERENCES = 1e-6
#: Differences of another code's solutions, whose tolerance divided by the step adds to that.
OTHER_CODE = 1e-5


@pytest.fixture(scope="module")
def widths() -> FloatArray:
    return np.random.default_rng(1).uniform(1.5, 2.5, 28)


@pytest.fixture(scope="module")
def rounded(fabrication: Fabrication) -> Fabrication:
    """Joints with fillets, so that the outline has lines, corners, fillets and caps."""
    return fabrication.model_copy(update={"fillet_radius_mm": 0.2})


@pytest.fixture(scope="module")
def mesh(paper_network: Network, rounded: Fabrication, widths: FloatArray) -> Mesh:
    return make_mesh(tile(paper_network, widths, rounded), 1, 120.0)


def rubber(
    mesh: Mesh, network: Network, widths: FloatArray, fabrication: Fabrication
) -> RubberModel:
    continuum = solve_continuum(mesh, network, AGILUS, INPUTS, OUTPUTS)
    return make_rubber_model(continuum, network, widths, AGILUS, fabrication, (INPUTS, OUTPUTS))


def moved(mesh: Mesh, change: FloatArray) -> Mesh:
    return replace(mesh, points=mesh.points + change.reshape(-1, 2))


def difference(value: Callable[[float], float], step: float) -> float:
    """Return the derivative at 0 by central differences of the fourth order."""
    near, far = ((value(s) - value(-s)) / (2 * s) for s in (step, 2 * step))
    return (4 * near - far) / 3


@pytest.fixture(scope="module")
def equilibrium(
    mesh: Mesh, paper_network: Network, widths: FloatArray, rounded: Fabrication
) -> RubberEquilibrium:
    return rubber(mesh, paper_network, widths, rounded).solve(FLOWERS)


@pytest.fixture(scope="module")
def velocities(
    mesh: Mesh, paper_network: Network, widths: FloatArray, rounded: Fabrication
) -> FloatArray:
    def make_tiling(other: FloatArray) -> Tiling:
        return tile(paper_network, other, rounded)

    found: FloatArray = width_velocities(mesh, paper_network, widths, make_tiling).toarray()
    return found


def test_velocities_are_those_of_the_outline(
    mesh: Mesh,
    paper_network: Network,
    widths: FloatArray,
    rounded: Fabrication,
    velocities: FloatArray,
) -> None:
    """A moved mesh has the area of the tiling of the changed widths, to the second order."""
    direction = np.random.default_rng(3).standard_normal(28)

    def area(points: FloatArray) -> float:
        first, second, third = (points[mesh.triangles[:, corner]] for corner in range(3))
        return float(np.cross(second - first, third - first).sum() / 2)

    step = 1e-3
    found = area(moved(mesh, step * velocities @ direction).points)
    found -= area(moved(mesh, -step * velocities @ direction).points)
    wanted = (
        tile(paper_network, widths + step * direction, rounded).area_mm2
        - tile(paper_network, widths - step * direction, rounded).area_mm2
    )
    # Chords of the mesh stand for the arcs of the tiling.
    assert found == pytest.approx(wanted, rel=0.03)


def test_rubber_width_gradient_is_exact(
    mesh: Mesh,
    paper_network: Network,
    widths: FloatArray,
    rounded: Fabrication,
    equilibrium: RubberEquilibrium,
    velocities: FloatArray,
) -> None:
    direction = np.random.default_rng(4).standard_normal(28)

    def value(step: float) -> float:
        other = moved(mesh, step * velocities @ direction)
        outputs = rubber(other, paper_network, widths, rounded).outputs(FLOWERS)
        return float((SLOPE * outputs).sum())

    found = velocities.T @ point_gradient(equilibrium, SLOPE) @ direction
    assert found == pytest.approx(difference(value, 4e-3), rel=DIFFERENCES)


@pytest.fixture(scope="module")
def outputs_by_step(
    mesh: Mesh,
    paper_network: Network,
    widths: FloatArray,
    rounded: Fabrication,
    velocities: FloatArray,
) -> dict[float, FloatArray]:
    """Outputs of the rubber along one direction of the widths, for all losses."""
    change = velocities @ DIRECTION
    return {
        step: rubber(moved(mesh, step * change), paper_network, widths, rounded).outputs(FLOWERS)
        for step in (0.0, *STEPS)
    }


@pytest.mark.parametrize(
    ("loss", "n_read"),
    [(loss, 3) for loss in losses().values()] + [(loss, 1) for loss in threshold_losses().values()],
    ids=[*losses(), *threshold_losses()],
)
def test_rubber_width_gradient_of_every_loss(
    equilibrium: RubberEquilibrium,
    velocities: FloatArray,
    outputs_by_step: dict[float, FloatArray],
    loss: Loss,
    n_read: int,
) -> None:
    """Losses with a threshold read the first output alone, for two classes."""
    targets = targets_for(loss, TARGETS[:, : max(n_read, 2)])

    def value(step: float) -> float:
        return loss.value(outputs_by_step[step][:, :n_read], targets)

    by_outputs = np.zeros_like(TARGETS)
    by_outputs[:, :n_read] = loss.gradient(equilibrium.outputs_mm[:, :n_read], targets)
    slope = float(velocities.T @ point_gradient(equilibrium, by_outputs) @ DIRECTION)
    orders = taylor_orders(value, slope, list(STEPS))
    np.testing.assert_allclose(orders, ORDER, atol=ORDER_ERROR)


@needs_ngsolve
@pytest.mark.ci
def test_rubber_width_gradient_is_that_of_ngsolve(
    tmp_path: Path,
    mesh: Mesh,
    paper_network: Network,
    equilibrium: RubberEquilibrium,
    velocities: FloatArray,
) -> None:
    """By differences of its solutions on moved meshes; they start at the hanging part too."""
    direction = np.random.default_rng(5).standard_normal(28)
    ports = [divmod(dof, 2) for dof in dofs_of(OUTPUTS).tolist()]

    def value(step: float) -> float:
        theirs = ask_ngsolve(
            tmp_path,
            points=moved(mesh, step * velocities @ direction).points,
            elements=mesh.triangles,
            region=mesh.region,
            heights=mesh.region_heights,
            elasticity=[AGILUS.youngs_modulus_MPa, AGILUS.poisson_ratio],
            weight_N_per_mm3=AGILUS.density_g_per_cm3 * NEWTON_PER_MM3,
            held=paper_network.fixed,
            n=14,
            inputs=[(port.node, 1) for port in INPUTS],
            cases_N=FLOWERS,
        )
        nodes = theirs.reshape(2, -1, 2)
        outputs = np.array([[nodes[case][port] for port in ports] for case in range(2)])
        return float((SLOPE * outputs).sum())

    found = velocities.T @ point_gradient(equilibrium, SLOPE) @ direction
    ahead, behind = value(3e-4), value(-3e-4)
    assert found == pytest.approx((ahead - behind) / 6e-4, rel=OTHER_CODE)


def test_frame_has_nearly_the_gradient_of_the_rubber(
    paper_network: Network,
    widths: FloatArray,
    rounded: Fabrication,
    equilibrium: RubberEquilibrium,
    velocities: FloatArray,
) -> None:
    """Training on the frame goes in the direction of the rubber."""
    frames = NetworkFrames(paper_network, AGILUS, rounded)
    frame = FrameWidthModel(frames, INPUTS, OUTPUTS, weight=True).solve(widths, FLOWERS)
    own, other = frame.width_gradient(SLOPE), velocities.T @ point_gradient(equilibrium, SLOPE)
    assert own @ other > 0.99 * np.linalg.norm(own) * np.linalg.norm(other)


def test_gradients_in_the_joint_ratio(
    mesh: Mesh,
    paper_network: Network,
    widths: FloatArray,
    rounded: Fabrication,
    equilibrium: RubberEquilibrium,
) -> None:
    def with_ratio(change: float) -> Fabrication:
        return rounded.model_copy(update={"joint_ratio": rounded.joint_ratio + change})

    step = 1e-5
    own, more, less = (tile(paper_network, widths, with_ratio(s)) for s in (0, step, -step))
    velocity = moved_points(mesh, own, more, less) / (2 * step)
    found = float(point_gradient(equilibrium, SLOPE) @ velocity)

    def by_rubber(change: float) -> float:
        other = rubber(moved(mesh, change * velocity), paper_network, widths, rounded)
        return float((SLOPE * other.outputs(FLOWERS)).sum())

    assert found == pytest.approx(difference(by_rubber, 1e-3), rel=DIFFERENCES)

    def frame_model(change: float) -> FrameWidthModel:
        frames = NetworkFrames(paper_network, AGILUS, with_ratio(change))
        return FrameWidthModel(frames, INPUTS, OUTPUTS, weight=True)

    def by_frame(change: float) -> float:
        return float((SLOPE * frame_model(change).solve(widths, FLOWERS).outputs_mm).sum())

    ends = (frame_model(s).frames.frame(widths) for s in (step, -step))
    own_frame = frame_model(0.0).solve(widths, FLOWERS)
    by_ratio = design_gradient(own_frame, SLOPE, *ends) / (2 * step)
    assert by_ratio == pytest.approx(difference(by_frame, 1e-3), rel=DIFFERENCES)


@pytest.mark.parametrize("kind", ["bars", "true length", "frame", "rubber"])
def test_gradients_in_loads_and_thickness(
    paper_network: Network,
    widths: FloatArray,
    rounded: Fabrication,
    equilibrium: RubberEquilibrium,
    kind: str,
) -> None:
    """The loads times their gradient is the derivative in the scale of all loads."""
    bars, stiffness = BarModel(paper_network, INPUTS, OUTPUTS), 0.55 * 2.0 * widths / 16.0
    frames = NetworkFrames(paper_network, AGILUS, rounded)
    frame = FrameWidthModel(frames, INPUTS, OUTPUTS, weight=True)

    def solved(scale: float) -> Equilibrium:
        loads = np.exp(scale) * FLOWERS
        if kind == "bars":
            return bars.response(stiffness).solve(loads)
        if kind == "true length":
            springs = NonlinearBars(paper_network, stiffness)
            return TrueLengthBars(springs, INPUTS, OUTPUTS).solve(loads)
        if kind == "frame":
            return frame.solve(widths, loads)
        return equilibrium.model.solve(loads)

    def value(scale: float) -> float:
        return float((SLOPE * solved(scale).outputs_mm).sum())

    found = float((FLOWERS * solved(0.0).load_gradient(SLOPE)).sum())
    assert found == pytest.approx(difference(value, 5e-3), rel=DIFFERENCES)
    if kind == "frame":

        def thick(scale: float) -> float:
            thickness = rounded.thickness_mm * np.exp(scale)
            changed = rounded.model_copy(update={"thickness_mm": thickness})
            other = replace(frame, frames=NetworkFrames(paper_network, AGILUS, changed))
            return float((SLOPE * other.solve(widths, FLOWERS).outputs_mm).sum())

        assert -found == pytest.approx(difference(thick, 5e-3), rel=DIFFERENCES)
