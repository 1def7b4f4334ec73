"""Networks, lattices and rigidity."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from mnnfab import (
    InputError,
    MechanismError,
    Network,
    Port,
    analyse_rigidity,
    load_network,
    require_rigid,
    triangular_parallelogram,
    triangular_patch,
)
from mnnfab.network.port_checks import check_ports
from mnnfab.validation.conditioning import check_conditioning

TRIANGLE = ([[0, 0], [10, 0], [5, 8]], [[0, 1], [1, 2], [2, 0]], [0, 1])


def network(nodes: object, bonds: object, fixed: object) -> Network:
    return Network(nodes, bonds, fixed)  # type: ignore[arg-type]


def test_paper_patch_has_its_nodes_where_the_paper_has_them() -> None:
    # Row i: (-16 j - 8 i, -13.8564 i) mm; 14 nodes, 28 bonds (physics of the paper).
    patch = triangular_patch(4, 16.0, [0, 4])
    assert (patch.n_nodes, patch.n_bonds) == (14, 28)
    np.testing.assert_allclose(patch.nodes[13], [-40, -41.5692], atol=1e-4)
    np.testing.assert_allclose(patch.lengths, 16.0, rtol=1e-14)


@given(rows=st.integers(1, 12))
def test_patch_counts(rows: int) -> None:
    patch = triangular_patch(rows, 10.0, [0])
    assert patch.n_nodes == (rows + 1) * (rows + 2) // 2 - 1
    np.testing.assert_allclose(patch.lengths, 10.0, rtol=1e-12)


@pytest.mark.parametrize(("size", "bonds"), [(8, 161), (16, 705), (32, 2945)])
def test_parallelogram_counts(size: int, bonds: int) -> None:
    lattice = triangular_parallelogram(size, size, 16.0, [0])
    assert lattice.n_bonds == bonds
    np.testing.assert_allclose(lattice.lengths, 16.0, rtol=1e-12)


def test_arrays_cannot_be_changed(paper_network: Network) -> None:
    with pytest.raises(ValueError, match="read-only"):
        paper_network.nodes[0, 0] = 1.0


@pytest.mark.parametrize(
    ("nodes", "bonds", "fixed", "message"),
    [
        (TRIANGLE[0], [[0, 1], [1, 2], [2, 3]], [0], "node 3 does not exist"),
        (TRIANGLE[0], [[0, 1], [1, 2], [2, -1]], [0], "node -1 does not exist"),
        (TRIANGLE[0], TRIANGLE[1], [7], "node 7 does not exist"),
        (TRIANGLE[0], [[0, 1], [1, 2], [1, 0]], [0], "bond 0 joins already"),
        (TRIANGLE[0], [[0, 1], [1, 1]], [0], "node 1 twice"),
        ([[0, 0], [0, 0], [5, 8]], TRIANGLE[1], [0], r"bond 0 \(0–1\): length 0 mm"),
        ([[0, 0], [np.nan, 0], [5, 8]], TRIANGLE[1], [0], "node 1.*finite"),
        ([*TRIANGLE[0], [9, 9]], TRIANGLE[1], [0], "node 3 has no bond"),
        (TRIANGLE[0], [[0, 1.5]], [0], "must be integers"),
        (TRIANGLE[0], [], [0], "pairs of node numbers"),
        (TRIANGLE[0], TRIANGLE[1], [0, 0], "each node once"),
        ("abc", TRIANGLE[1], [0], "pairs of numbers"),
    ],
)
def test_bad_networks_are_refused(
    nodes: object, bonds: object, fixed: object, message: str
) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        network(nodes, bonds, fixed)


def test_rigidity_of_the_paper_network(paper_network: Network) -> None:
    rigidity = require_rigid(paper_network)
    assert (rigidity.n_zero_modes, rigidity.n_self_stresses) == (0, 4)
    assert len(paper_network.free_dofs) == 24


def test_only_two_single_cuts_leave_a_zero_mode(paper_network: Network) -> None:
    critical = []
    for bond in range(paper_network.n_bonds):
        kept = np.delete(paper_network.bonds, bond, axis=0)
        cut = Network(paper_network.nodes, kept, paper_network.fixed)
        if analyse_rigidity(cut).n_zero_modes:
            critical.append(tuple(sorted(paper_network.bonds[bond].tolist())))
    assert critical == [(0, 5), (4, 8)]


def test_zero_mode_names_the_nodes_that_move() -> None:
    # A square of four bonds held at its lower side shears: nodes 2 and 3 move.
    square = network([[0, 0], [10, 0], [10, 10], [0, 10]], [[0, 1], [1, 2], [2, 3], [3, 0]], [0, 1])
    with pytest.raises(MechanismError, match=r"1 zero mode \(mechanism\), which moves nodes 2, 3"):
        require_rigid(square)


def test_sparse_and_dense_rigidity_agree() -> None:
    # 45 × 45 nodes are beyond the dense limit; held at one node only they turn about it.
    lattice = triangular_parallelogram(45, 45, 16.0, [0])
    rigidity = analyse_rigidity(lattice)
    assert rigidity.n_zero_modes == 1
    # Maxwell and Calladine: free dofs - bonds = zero modes - self-stresses.
    assert rigidity.n_self_stresses == lattice.n_bonds - len(lattice.free_dofs) + 1
    assert set(rigidity.moving_nodes) == set(range(1, lattice.n_nodes))


@pytest.mark.parametrize("columns", [100, 300, 3000])
def test_slender_strips_are_soft_but_rigid(columns: int) -> None:
    """A cantilever of two rows: its softest mode falls with the square of its length."""
    rigidity = analyse_rigidity(triangular_parallelogram(2, columns, 16.0, [0, columns]))
    assert (rigidity.n_zero_modes, rigidity.n_self_stresses) == (0, 1)


def test_shallow_arch_is_rigid() -> None:
    arch = network([[0, 0], [20, 1e-4], [40, 0]], [[0, 1], [1, 2]], [0, 2])
    assert require_rigid(arch).n_zero_modes == 0


def test_very_many_zero_modes_are_refused_at_once() -> None:
    hanging = [[10.0 * i, 10.0 * j] for j in (0, 1) for i in range(700)]
    bonds = [[i, i + 1] for i in range(699)] + [[i, i + 700] for i in range(700)]
    with pytest.raises(MechanismError, match="32 zero modes"):
        require_rigid(network(hanging, bonds, [0, 699]))


def test_all_nodes_fixed_is_refused() -> None:
    with pytest.raises(InputError, match="every node is fixed"):
        require_rigid(network([[0, 0], [10, 0]], [[0, 1]], [0, 1]))


def test_network_file_round_trip(tmp_path: Path, paper_network: Network) -> None:
    path = tmp_path / "net.json"
    keys = ("nodes", "bonds", "fixed")
    path.write_text(json.dumps({key: getattr(paper_network, key).tolist() for key in keys}))
    again = load_network(path)
    np.testing.assert_array_equal(again.nodes, paper_network.nodes)
    np.testing.assert_array_equal(again.bonds, paper_network.bonds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "an object with the keys"),
        ('{"nodes": [[0, 0]]}', "keys nodes"),
        ('{"nodes": [[0, 0], [NaN, 1]], "bonds": [[0, 1]], "fixed": [0]}', "finite"),
        ('{"nodes": {"a": 1}, "bonds": [[0, 1]], "fixed": [0]}', "pairs of numbers"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_bad_network_files(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "net.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        load_network(path)


@pytest.mark.parametrize(
    ("ports", "message"),
    [
        ([Port(1, "x"), Port(9, "y")], r"inputs\[1\]: node 9 does not exist"),
        ([Port(0, "x")], r"inputs\[0\]: node 0 is fixed.*a free node: 1, 2"),
        ([Port(1, "x"), Port(2, "y"), Port(1, "x")], r"inputs\[2\].*given twice"),
    ],
)
def test_bad_ports_are_refused(ports: list[Port], message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        check_ports("inputs", network(TRIANGLE[0], TRIANGLE[1], [0]), ports)


def test_the_condition_number_of_a_huge_matrix_is_not_computed() -> None:
    (finding,) = check_conditioning(sparse.eye_array(50_001, format="csr"))
    assert (finding.code, finding.severity) == ("not-computed", "info")
    assert "condition number not computed: more than 50,000 unknowns" in finding.message
    assert check_conditioning(sparse.eye_array(10, format="csr")) == []


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300, 0.5])
def test_numbers_of_nodes_are_integers(wrong: float) -> None:
    """Without a warning of NumPy, which would be printed."""
    with pytest.raises(InputError, match="network, bonds: all values must be integers"):
        Network(np.array([[0, 0], [1, 0]]), np.array([[0, wrong]]), np.array([0]))
