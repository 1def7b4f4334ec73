"""Closed forms of strength of materials: bending, sag, buckling, resultants, frames."""

from __future__ import annotations

import numpy as np
import pytest

from fem.beams import beam_response, beam_stiffness, make_beam_model
from fem.buckling import buckle
from fem.nonlinear_bars import NonlinearBars, linear_range
from mnnfab import (
    Fabrication,
    Network,
    Port,
    ToolError,
    compare,
    triangular_parallelogram,
    triangular_patch,
)
from mnnfab.model.bars import BarModel
from mnnfab.model.joints import series_integral
from mnnfab.model.stiffness_law import bar_law
from mnnfab.profiles import material
from mnnfab.verification.strips import MODULUS, THICKNESS, loaded, stress_of, strip

AGILUS = material("agilus30")
#: A strip of 40 × 1 mm, by quadratic triangles: shear adds (w/L)², the load's half millimetre
#: of length as much again.
SLENDER = 0.01
PLAIN = Fabrication(
    thickness_mm=THICKNESS,
    width_min_mm=0.1,
    width_max_mm=5.0,
    width_initial_mm=1.0,
    joint_ratio=1.0,
    taper_length_mm=0.0,
    load_disc_radius_mm=0.1,
)


@pytest.mark.parametrize("length", [30.0, 60.0])
def test_clamped_strip_buckles_at_eulers_load(length: float) -> None:
    """P = π² E I / 4 L² for a strip clamped at one end and pushed at its free one."""
    width = 1.0
    system = strip(length, width)
    field = -loaded(system, 0)
    thickness = np.full(system.basis.mesh.t.shape[1], THICKNESS)
    found = buckle(system, stress_of(system, field), thickness)
    wanted = np.pi**2 * MODULUS * THICKNESS * width**3 / 12 / (4 * (length - 0.25) ** 2)
    assert found.factor == pytest.approx(wanted, rel=SLENDER)
    # The mode is a quarter of a cosine wave: sideways, most at the free end.
    sideways = np.abs(found.mode[1::2])
    assert system.basis.doflocs[0, sideways.argmax()] == pytest.approx(length)


def test_pulled_strip_does_not_buckle() -> None:
    system = strip(30.0, 1.0)
    thickness = np.full(system.basis.mesh.t.shape[1], THICKNESS)
    found = buckle(system, stress_of(system, loaded(system, 0)), thickness)
    pushed = np.pi**2 * MODULUS * THICKNESS / 12 / (4 * 30.0**2)
    assert found.factor is None or found.factor > 1000 * pushed


def test_no_stress_is_no_buckling() -> None:
    system = strip(10.0, 1.0)
    thickness = np.full(system.basis.mesh.t.shape[1], THICKNESS)
    assert buckle(system, stress_of(system, np.zeros(system.n_dofs)), thickness).factor == np.inf


def test_linear_range_of_a_large_lattice() -> None:
    """Rounding of far places must not be taken for instability; four bonds or four hundred."""
    factors = []
    for rows in (4, 14):
        network = triangular_parallelogram(rows, rows, 16.0, [0, rows - 1])
        loads = np.zeros(2 * network.n_nodes)
        loads[-1] = -1e-3
        found = linear_range(
            NonlinearBars(network, np.full(network.n_bonds, 0.1375)),
            loads,
            (Port(network.n_nodes - 2, "y"),),
        )
        assert found.ends != "unstable"
        factors.append(found.factor)
    assert min(factors) > 1


def test_a_body_that_is_not_held_is_refused() -> None:
    with pytest.raises(ToolError, match="no part of the body is held"):
        strip(10.0, 1.0, held=False)


def test_beam_is_a_plain_beam_without_thinning() -> None:
    """E A / L, 12 E I / L³ (1 + φ) and 4 E I / L, with Timoshenko's φ = 12 E I / κ G A L²."""
    length, width = 20.0, 2.0
    (found,) = beam_stiffness(np.array([length]), np.array([width]), AGILUS, PLAIN)
    modulus = AGILUS.youngs_modulus_MPa
    area, inertia = THICKNESS * width, THICKNESS * width**3 / 12
    shear = modulus / (2 * (1 + AGILUS.poisson_ratio))
    phi = 12 * modulus * inertia / (5 / 6 * shear * area * length**2)
    assert found[0, 0] == pytest.approx(modulus * area / length)
    assert found[1, 1] == pytest.approx(12 * modulus * inertia / (length**3 * (1 + phi)))
    assert found[2, 2] == pytest.approx((4 + phi) * modulus * inertia / (length * (1 + phi)))
    assert found[2, 5] == pytest.approx((2 - phi) * modulus * inertia / (length * (1 + phi)))
    np.testing.assert_allclose(found, found.T, atol=1e-12 * np.abs(found).max())
    # Rigid motions cost nothing.
    for rigid in ([1, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0], [0, 0, 1, 0, length, 1]):
        np.testing.assert_allclose(found @ rigid, 0.0, atol=1e-12 * np.abs(found).max())


def test_thinned_beam_stretches_as_springs_in_series(fabrication: Fabrication) -> None:
    lengths, widths = np.array([16.0]), np.array([2.0])
    (found,) = beam_stiffness(lengths, widths, AGILUS, fabrication)
    series = AGILUS.youngs_modulus_MPa * 2.0 / series_integral(widths, lengths, fabrication)
    assert found[0, 0] == pytest.approx(series[0], rel=1e-9)


def test_slender_frame_is_a_truss(paper_network: Network) -> None:
    """Bending costs (w/L)² of stretching: with bonds 0.02 mm wide nothing is left of it."""
    widths = np.full(28, 0.02)
    inputs, outputs = (Port(10, "y"),), (Port(12, "y"), Port(13, "y"))
    frame = make_beam_model(paper_network, widths, AGILUS, PLAIN)
    bars = BarModel(paper_network, inputs, outputs).response(
        bar_law(paper_network, AGILUS.youngs_modulus_MPa, THICKNESS).stiffness(widths)
    )
    agreement = compare(bars, beam_response(frame, inputs, outputs), np.eye(len(inputs)))
    assert agreement.scale == pytest.approx(1.0, abs=1e-4)
    assert agreement.displacement_residual < 1e-4
    assert agreement.elongation_residual < 1e-4


def shallow_truss(rise: float) -> Network:
    """Two bars from held feet to a crown, 10 mm to each side of it."""
    return Network(
        np.array([[-10.0, 0.0], [10.0, 0.0], [0.0, rise]]),
        np.array([[0, 2], [1, 2]]),
        np.array([0, 1]),
    )


def test_shallow_truss_snaps_through() -> None:
    """Its greatest force is at 1 - 1/√3 of the rise, for a small one; no state beyond is stable."""
    rise, stiffness = 1.0, 0.3
    rest = np.hypot(10.0, rise)
    lowered = np.linspace(0, rise, 100_001)
    now = np.hypot(10.0, rise - lowered)
    greatest = (2 * stiffness * (rest - now) * (rise - lowered) / now).max()
    assert lowered[(2 * stiffness * (rest - now) * (rise - lowered) / now).argmax()] == (
        pytest.approx(rise * (1 - 1 / np.sqrt(3)), rel=0.01)
    )
    network, down = shallow_truss(rise), np.array([0, 0, 0, 0, 0, -1.0])
    assert (
        NonlinearBars(network, np.full(2, stiffness)).displacements(0.99 * greatest * down)
        is not None
    )
    assert (
        NonlinearBars(network, np.full(2, stiffness)).displacements(1.01 * greatest * down) is None
    )


def test_linear_range_of_the_shallow_truss() -> None:
    """The load at which the crown moves 5 % more than by its first slope, from the same formula."""
    rise, stiffness = 1.0, 0.3
    rest = np.hypot(10.0, rise)
    slope = 2 * stiffness * (rise / rest) ** 2
    lowered = np.linspace(1e-6, 0.3, 100_001)
    now = np.hypot(10.0, rise - lowered)
    force = 2 * stiffness * (rest - now) * (rise - lowered) / now
    wanted = force[np.argmax(lowered / (force / slope) > 1.05)]
    bars = NonlinearBars(shallow_truss(rise), np.full(2, stiffness))
    for load in (1.0, 1e-4):
        loads = np.array([0, 0, 0, 0, 0, -load])
        found = linear_range(bars, loads, (Port(2, "y"),))
        assert found.ends == "change"
        assert found.factor == pytest.approx(wanted / load, rel=0.02)


def test_tiny_loads_stay_linear() -> None:
    loads = np.array([0, 0, 0, 0, 0, -1e-9])
    found = linear_range(NonlinearBars(shallow_truss(1.0), np.full(2, 0.3)), loads, (Port(2, "y"),))
    assert (found.factor, found.ends) == (100.0, "beyond")


def test_small_loads_are_those_of_linear_bars() -> None:
    """Newton's method from rest gives the linear answer for a small load."""
    network = triangular_patch(4, 16.0, [0, 4])
    stiffness = np.full(28, 0.1375)
    loads = np.zeros(28)
    loads[21] = -1e-5
    moved = NonlinearBars(network, stiffness).displacements(loads)
    linear = BarModel(network, (Port(10, "y"),), (Port(12, "y"),)).response(stiffness)
    assert moved is not None
    assert moved[25] == pytest.approx(-1e-5 * linear.flexibility[0, 0], rel=1e-4)
