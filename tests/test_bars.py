"""The bar model against the paper's numbers and against independent linear algebra."""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy import sparse

import mnnfab.linalg.cholesky
from mnnfab import (
    BarModel,
    Network,
    Port,
    ToolError,
    compatibility_matrix,
    stiffness_per_width,
    triangular_parallelogram,
    triangular_patch,
)
from mnnfab.arrays import FloatArray, IntArray
from mnnfab.linalg.nested_dissection import nested_dissection
from mnnfab.model.bar_solvers import Banded, Dense, Sparse
from mnnfab.network.ports import unit_loads
from mnnfab.units import NEWTON_PER_GF

# E = 0.55 MPa, t = 2 mm, as in the paper's published code.
YOUNGS_MODULUS_MPA, THICKNESS_MM = 0.55, 2.0
RIGHT, LEFT, MIDDLE = Port(12, "y"), Port(13, "y"), Port(10, "y")
DIGITS = 1e-8
"""The paper's numbers have nine digits."""

# Fig. 1 of the paper, source data: the simulated gradient, 1e-9 m², to three digits.
PUBLISHED_GRADIENT = [
    *(17.5, -2.39, -12.3, -0.182, 4.27, 79.4, -2.39, 7.76, 4.27, 41.9, 4.27, 1.66, 7.76, 0.764),
    *(-1.51, -1.51, 4.27, 0.764, 2.61, -12.3, 4.27, 41.9, -2.39, 17.5, -2.39, 4.27, -0.182, 79.4),
]


def uniform(network: Network, width_mm: float = 2.0) -> FloatArray:
    return width_mm * stiffness_per_width(network, YOUNGS_MODULUS_MPA, THICKNESS_MM)


@pytest.mark.parametrize(("width", "stiffness"), [(1.5, 0.103125), (2.0, 0.1375), (2.5, 0.171875)])
def test_stiffness_of_a_bond(paper_network: Network, width: float, stiffness: float) -> None:
    np.testing.assert_allclose(uniform(paper_network, width), stiffness, rtol=1e-12)


def test_untrained_behaviour(paper_network: Network) -> None:
    model = BarModel(paper_network, (MIDDLE,), (RIGHT, LEFT))
    displacements = model.response(uniform(paper_network)).flexibility * (-5 * NEWTON_PER_GF)
    np.testing.assert_allclose(displacements[:, 0], -0.524292929, rtol=DIGITS)


def test_published_gradient(paper_network: Network) -> None:
    # 10 gf down on node 12; loss (u_y(13) + 25 mm)²: the adjoint load is 4.937712 gf,
    # which the paper rounds to 5 gf before it multiplies elongations.
    response = BarModel(paper_network, (RIGHT,), (RIGHT, LEFT)).response(uniform(paper_network))
    load = -10 * NEWTON_PER_GF
    right, left = response.flexibility[:, 0] * load
    assert right == pytest.approx(-1.558525, abs=1e-6)
    assert left == pytest.approx(-0.805212, abs=1e-6)
    adjoint_gf = 2 * (left * 1e-3 + 0.025) / NEWTON_PER_GF
    assert adjoint_gf == pytest.approx(4.937712, abs=1e-6)
    forward = response.elongations[:, 0] * load
    adjoint = response.adjoint_elongations[:, 1] * (-5 * NEWTON_PER_GF)
    gradient = forward * adjoint * 1e-6  # m²
    assert len(gradient) == 28
    assert gradient.min() == pytest.approx(-1.2256e-8, abs=1e-12)
    assert gradient.max() == pytest.approx(7.93719e-8, abs=1e-13)
    assert int(np.isclose(gradient, 4.274444e-9, rtol=1e-6, atol=0).sum()) == 6
    # The paper numbers the bonds in another order, so the sorted values are compared.
    np.testing.assert_allclose(np.sort(gradient) * 1e9, np.sort(PUBLISHED_GRADIENT), rtol=4e-3)


def test_condition_number(paper_network: Network) -> None:
    free = compatibility_matrix(paper_network)[:, paper_network.free_dofs].toarray()
    assert np.linalg.cond(free.T @ free) == pytest.approx(73.2, abs=0.1)


def test_stiffness_balances_loads(paper_network: Network) -> None:
    """Independent of our solver: NumPy's own on D = Cᵀ K C, element by element."""
    generator = np.random.default_rng(3)
    stiffness = generator.uniform(0.1, 0.2, paper_network.n_bonds)
    matrix = np.zeros((28, 28))
    for bond, (first, second) in enumerate(paper_network.bonds):
        along = paper_network.directions[bond]
        block = stiffness[bond] * np.outer(along, along)
        for i, j, sign in (
            (first, first, 1),
            (second, second, 1),
            (first, second, -1),
            (second, first, -1),
        ):
            matrix[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] += sign * block
    free = paper_network.free_dofs
    expected = np.linalg.inv(matrix[np.ix_(free, free)])
    ports = tuple(Port(int(dof) // 2, "xy"[int(dof) % 2]) for dof in free)  # type: ignore[arg-type]
    found = BarModel(paper_network, ports, ports).response(stiffness)
    np.testing.assert_allclose(found.flexibility, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.flexibility, found.flexibility.T, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("rows", [4, 12])
def test_engines_agree(rows: int) -> None:
    """Dense, banded and sparse Cholesky, and SciPy's LU: the same to 1e-9 of the largest."""
    network = triangular_patch(rows, 16.0, [0, rows])
    stiffness = np.random.default_rng(1).uniform(0.1, 0.2, network.n_bonds)
    model = BarModel(network, (MIDDLE, LEFT), (RIGHT, Port(7, "x")))
    loads = unit_loads(network.n_nodes, model.inputs + model.outputs)[network.free_dofs]
    expected = np.linalg.solve(model.stiffness_matrix(stiffness).toarray(), loads)
    assert (model.engine.name == "dense") == (rows == 4)
    for engine in (Dense, Banded, Sparse):
        found = engine(model.compatibility, loads).displacements(stiffness)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * abs(expected).max())


def test_engine_by_size() -> None:
    ports = (Port(10, "y"),), (Port(12, "y"),)
    names = [
        BarModel(triangular_parallelogram(n, n, 16.0, [0, n - 1]), *ports).engine.name
        for n in (4, 12, 32)
    ]
    assert names == ["dense", "banded", "sparse"]


def test_without_cvxopt_scipy_solves(monkeypatch: pytest.MonkeyPatch) -> None:
    network = triangular_parallelogram(24, 24, 16.0, [0, 23])
    ports = (Port(500, "y"),), (Port(510, "x"), Port(512, "y"))
    stiffness = np.random.default_rng(2).uniform(0.1, 0.2, network.n_bonds)
    expected = BarModel(network, *ports).response(stiffness)
    monkeypatch.setattr(mnnfab.linalg.cholesky, "find_spec", lambda _: None)
    found = BarModel(network, *ports).response(stiffness)
    np.testing.assert_allclose(found.flexibility, expected.flexibility, rtol=1e-9)
    with pytest.raises(ToolError, match="positive definite"):
        BarModel(network, *ports).response(-stiffness)


def test_a_factor_is_good_until_the_next_one() -> None:
    matrix = sparse.csc_array(np.array([[2.0, 0.0], [1.0, 3.0]]))
    factoriser = mnnfab.linalg.cholesky.Cholmod(matrix)
    first = factoriser.factorise(matrix.data)
    np.testing.assert_allclose(first.solve(np.array([4.0, 7.0])), [1.0, 2.0])
    factoriser.factorise(2 * matrix.data)
    with pytest.raises(AssertionError, match="another matrix"):
        first.solve(np.ones(2))


def test_nested_dissection_leaves_separators_for_last() -> None:
    """The factor of a lattice has about 31 n log2 n / 4 entries, far fewer than in rows' order."""
    network = triangular_parallelogram(60, 60, 16.0, [0, 59])
    order = nested_dissection(network.nodes, network.bonds)
    np.testing.assert_array_equal(np.sort(order), np.arange(network.n_nodes))
    assert entries_of_the_factor(network, order) < 0.5 * entries_of_the_factor(
        network, np.arange(network.n_nodes)
    )
    assert entries_of_the_factor(network, order) < 0.6 * entries_of_the_factor(network, order[::-1])


def entries_of_the_factor(network: Network, order: IntArray) -> int:
    """Count entries of the Cholesky factor of the nodes' graph, by eliminating one by one."""
    neighbours: list[set[int]] = [set() for _ in range(network.n_nodes)]
    for i, j in network.bonds.tolist():
        neighbours[i].add(j)
        neighbours[j].add(i)
    entries = 0
    for node in order.tolist():
        others = neighbours[node]
        entries += 1 + len(others)
        for other in others:
            neighbours[other] |= others
            neighbours[other] -= {other, node}
    return entries


@pytest.mark.parametrize(
    ("processor", "chosen", "used"),
    [
        ("SkylakeX", None, "Haswell"),
        ("SapphireRapids", None, "Haswell"),
        ("Nehalem", None, None),
        ("SkylakeX", "Zen", "Zen"),
    ],
)
def test_blas_kernels_are_chosen_for_the_import_alone(
    processor: str, chosen: str | None, used: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    linear = mnnfab.linalg.cholesky
    monkeypatch.delenv(linear.KERNEL_CHOICE, raising=False)
    if chosen is not None:
        monkeypatch.setenv(linear.KERNEL_CHOICE, chosen)
    monkeypatch.setattr(linear, "threadpool_info", lambda: [{"architecture": processor}])
    with linear.newer_blas_kernels():
        assert os.environ.get(linear.KERNEL_CHOICE) == used
    assert os.environ.get(linear.KERNEL_CHOICE) == chosen


@pytest.mark.parametrize("n", [4, 12, 32])
def test_every_engine_notices_a_mechanism(n: int) -> None:
    network = triangular_parallelogram(n, n, 16.0, [0, n - 1])
    model = BarModel(network, (Port(n + 1, "y"),), (Port(n + 2, "x"),))
    with pytest.raises(ToolError, match="positive definite"):
        model.response(np.zeros(network.n_bonds))
