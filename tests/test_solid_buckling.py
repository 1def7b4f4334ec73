"""Buckling of the solid; its loads are those of closed forms in the verification cases."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from fem.buckling import lowest_buckling
from fem.mesh import Mesh
from fem.solid_buckling import solid_buckling
from mnnfab import InputError, Network, Port, ToolError
from mnnfab.verification.cases.solid_strips import CORK, buckling
from mnnfab.verification.solid_strips import NETWORK, solid_strip


def column(width: float, thickness: float) -> Mesh:
    return solid_strip(40.0, width, thickness, 1.0, 2)


def test_modes_of_a_column_are_those_of_its_middle_plane() -> None:
    """A quarter of a cosine wave along the column, in y or in z."""
    found = buckling(column(2.0, 1.0), Port(1, "x"), -1e-3)
    x = found.points_mm[:, 0].clip(0.0, None)
    wave = 1 - np.cos(np.pi * x / (2 * 40.0))
    for buckled, axis in ((found.in_plane, 1), (found.out_of_plane, 2)):
        assert np.abs(buckled.mode).max() == 1.0
        np.testing.assert_allclose(np.abs(buckled.mode[:, axis]), wave, atol=0.01)
    assert not found.in_plane.mode[:, 2].any()
    assert not found.out_of_plane.mode[:, :2].any()


def test_tension_and_no_load_do_not_buckle() -> None:
    mesh = column(2.0, 1.0)
    cases = [[1e-3], [0.0], [-1e-3]]
    pulled, unloaded, pushed = solid_buckling(mesh, NETWORK, CORK, (Port(1, "x"),), cases)
    assert pulled.factor == unloaded.factor == np.inf
    assert not unloaded.out_of_plane.mode.any()
    assert pushed.factor == pytest.approx(buckling(mesh, Port(1, "x"), -1e-3).factor, rel=1e-9)


def test_factors_scale_with_the_load() -> None:
    mesh, port = column(2.0, 1.0), Port(1, "x")
    small, large = buckling(mesh, port, -1e-2), buckling(mesh, port, -1e2)
    assert small.factor == pytest.approx(1e4 * np.float64(large.factor), rel=1e-9)


@pytest.mark.parametrize(("factor", "stable"), [(2e4, True), (5e3, False)])
def test_load_factors_that_lanczos_cannot_separate(factor: float, stable: bool) -> None:
    """Eigenvalues 1/λ that cluster below a very small one: infinite only if all λ are above 1e4."""
    inverse = 1 / factor - np.linspace(0.0, 1.0, 4000) ** 4
    size = 100.0  # of the stress, by which the matrix is divided
    stress_stiffness = sparse.csc_array(sparse.diags(-inverse / size))
    stiffness = sparse.csc_array(sparse.identity(len(inverse)))
    found = lowest_buckling(stiffness, stress_stiffness, np.copy, size)
    assert found.factor == (np.inf if stable else None)


@pytest.mark.parametrize("n_modes", [40, 100, 400])
def test_the_mode_of_a_similar_load_does_not_hide_a_lower_one(n_modes: int) -> None:
    """The known mode is exactly that of the second load factor."""
    inverse = np.linspace(0.1, 1.0, n_modes)
    stress_stiffness = sparse.csc_array(sparse.diags(-inverse))
    stiffness = sparse.csc_array(sparse.identity(n_modes))
    similar = np.eye(n_modes)[-2]
    found = lowest_buckling(stiffness, stress_stiffness, np.copy, 1.0, similar)
    assert found.factor == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize("loads", [[1.0], [[1.0, 2.0]], [[np.nan]]])
def test_loads_must_be_one_finite_number_per_input(loads: list[list[float]]) -> None:
    with pytest.raises(InputError, match="one finite load per input"):
        solid_buckling(column(2.0, 1.0), NETWORK, CORK, (Port(1, "x"),), loads)


def test_a_part_that_nothing_holds_is_refused() -> None:
    free = Network(NETWORK.nodes, NETWORK.bonds, np.array([], dtype=np.int64))
    with pytest.raises(ToolError, match="no part of the body is held"):
        solid_buckling(column(2.0, 1.0), free, CORK, (Port(1, "x"),), [[-1.0]])
