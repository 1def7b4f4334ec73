"""Effective moduli of periodic networks: closed forms, NGSolve, derivatives, and other cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cells import HONEYCOMB, KAGOME, LENGTH_MM, TRIANGULAR, KnownLattice, straight
from ngsolve_peer import ask_ngsolve, needs_ngsolve
from scipy.spatial import KDTree
from skfem import MeshTri
from taylor import ORDER, ORDER_ERROR, taylor_orders

from fem.homogenisation.beams import BeamCell
from fem.homogenisation.cell_mesh import make_cell_mesh
from fem.homogenisation.continuum import continuum_moduli, solve_on
from mnnfab import Fabrication, InputError, triangular_parallelogram
from mnnfab.design.modulus_section import QUANTITIES, Quantity
from mnnfab.model.known_lattices import KNOWN_LATTICES
from mnnfab.model.moduli import Moduli
from mnnfab.network.periodic import find_period
from mnnfab.profiles import material

AGILUS = material("agilus30")
MODULUS = AGILUS.youngs_modulus_MPa
LATTICES = [
    pytest.param(TRIANGULAR, id="triangular"),
    pytest.param(KAGOME, id="kagome"),
    pytest.param(HONEYCOMB, id="honeycomb"),
]
#: Agreement with closed forms of slender bars, and with NGSolve on the same mesh.
SLENDER, SIX_DIGITS = 0.02, 1e-6


@pytest.mark.parametrize("lattice", LATTICES)
def test_slender_beams_and_continuum_reach_the_closed_forms(lattice: KnownLattice) -> None:
    """The difference decreases as bonds get thin, in proportion to their width or faster."""
    differences = []
    for width in (1.0, 0.5, 0.1):
        fabrication, widths = straight(width), np.full(len(lattice.cell.bonds), width)
        expected = MODULUS * lattice.ratio(width / LENGTH_MM)
        beams = BeamCell(lattice.cell, AGILUS, fabrication).moduli(widths)
        mesh = make_cell_mesh(lattice.cell, widths, fabrication, 2, 120.0)
        continuum = continuum_moduli(mesh, lattice.cell, AGILUS, 1e-3)
        assert continuum.error <= 1e-3
        differences.append(
            [
                abs(found.youngs_modulus(direction) / expected - 1)
                for found in (beams, continuum.moduli)
                for direction in (0.0, 37.0)
            ]
            + [abs(found.poisson_ratio() - lattice.poisson) for found in (beams, continuum.moduli)]
        )
    assert max(differences[-1]) < SLENDER / 2
    assert np.all(np.array(differences[2]) < 0.3 * np.array(differences[0]))


def test_known_lattices_have_the_moduli_of_slender_beams() -> None:
    """By relative density, at a width of a hundredth of the length: the values of the report."""
    width = 0.01 * LENGTH_MM
    cells = {"triangular": TRIANGULAR.cell, "kagome": KAGOME.cell, "honeycomb": HONEYCOMB.cell}
    for lattice in KNOWN_LATTICES:
        if lattice.name not in cells:
            continue
        cell = cells[lattice.name]
        density = width * cell.lengths.sum() / cell.area_mm2
        moduli = BeamCell(cell, AGILUS, straight(width)).moduli(np.full(len(cell.bonds), width))
        expected = MODULUS * lattice.youngs_modulus(density)
        assert moduli.youngs_modulus() == pytest.approx(expected, rel=0.002)
        assert moduli.poisson_ratio() == pytest.approx(lattice.poisson_ratio, rel=0.002)
    bound = KNOWN_LATTICES[-1]
    for density in (0.05, 0.3, 0.9):
        others = [one.youngs_modulus(density) for one in KNOWN_LATTICES[:2]]
        assert max(others) < bound.youngs_modulus(density) < density


@needs_ngsolve
@pytest.mark.parametrize("lattice", LATTICES)
def test_one_period_agrees_with_ngsolve(tmp_path: Path, lattice: KnownLattice) -> None:
    """NGSolve has a space of periodic functions of its own, and a different sum of energies."""
    cell, rng = lattice.cell, np.random.default_rng(3)
    widths = rng.uniform(1.0, 2.0, len(cell.bonds))
    fabrication = straight(1.0).model_copy(update={"joint_length_mm": 5.0})
    mesh = make_cell_mesh(cell, widths, fabrication, 2, 120.0)
    pairs = []
    for number, (ends, offset) in enumerate(zip(mesh.cuts, mesh.offsets_mm, strict=True)):
        along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
        across = (mesh.points - ends[0]) @ np.array([-along[1], along[0]])
        places = (mesh.points - ends[0]) @ along
        inside = (places > -1e-6) & (places < np.linalg.norm(ends[1] - ends[0]) + 1e-6)
        for image in np.flatnonzero(inside & (np.abs(across) < 1e-6)).tolist():
            pairs.append((number, KDTree(mesh.points).query(mesh.points[image] - offset)[1], image))
    energies = ask_ngsolve(
        tmp_path,
        points=mesh.points,
        elements=mesh.triangles,
        elasticity=[MODULUS, AGILUS.poisson_ratio],
        pairs=np.array(pairs, dtype=np.int64),
    )
    triangles = MeshTri(mesh.points.T.copy(), mesh.triangles.T.copy(), sort_t=False)
    ours, _ = solve_on(triangles, mesh, cell, AGILUS)
    theirs = energies / cell.area_mm2
    assert np.abs(ours.stiffness_MPa - theirs).max() < SIX_DIGITS * np.abs(theirs).max()


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_taylor_of_moduli_in_the_widths(quantity: Quantity, fabrication: Fabrication) -> None:
    beams, generator = BeamCell(KAGOME.cell, AGILUS, fabrication), np.random.default_rng(5)
    widths, way = generator.uniform(1.5, 2.5, 6), generator.standard_normal(6)
    moduli, by_width = beams.moduli_and_gradient(widths)
    slope = np.einsum("bij,ij,b->", by_width, moduli.gradient(quantity, 25.0), way)

    def value(step: float) -> float:
        return beams.moduli(widths + step * way).value(quantity, 25.0)

    orders = taylor_orders(value, float(slope), [0.1, 0.05, 0.025, 0.0125])
    assert orders == pytest.approx(ORDER, abs=ORDER_ERROR)


def test_one_material_has_the_same_moduli_in_all_directions() -> None:
    """Of an isotropic sheet: E, ν and G = E / 2 (1 + ν)."""
    ratio, young = 0.3, 2.0
    stiffness = young / (1 - ratio**2) * np.array([[1, ratio, 0], [ratio, 1, 0], [0, 0, 0.35]])
    sheet = Moduli(stiffness)
    for direction in (0.0, 20.0, 90.0):
        assert sheet.youngs_modulus(direction) == pytest.approx(young)
        assert sheet.poisson_ratio(direction) == pytest.approx(ratio)
        assert sheet.shear_modulus(direction) == pytest.approx(young / (2 * (1 + ratio)))
    assert sheet.anisotropy() == pytest.approx(1.0)


def test_directions_of_an_orthotropic_sheet() -> None:
    """Source: Jones, Mechanics of Composite Materials (1999), eq. 2.97: 1/E of a direction."""
    along, across, ratio, shear = 3.0, 1.0, 0.4, 0.5
    compliance = np.array(
        [[1 / along, -ratio / along, 0], [-ratio / along, 1 / across, 0], [0, 0, 1 / shear]]
    )
    sheet = Moduli(np.linalg.inv(compliance))
    c, s = np.cos(np.radians(30.0)), np.sin(np.radians(30.0))
    inverse = c**4 / along + (1 / shear - 2 * ratio / along) * c**2 * s**2 + s**4 / across
    assert sheet.youngs_modulus(30.0) == pytest.approx(1 / inverse)
    assert sheet.youngs_modulus(90.0) == pytest.approx(across)
    assert sheet.poisson_ratio(90.0) == pytest.approx(ratio * across / along)


def test_the_cell_of_a_patch(fabrication: Fabrication) -> None:
    """Any patch has the cell of its lattice; a cell of four nodes has the same moduli."""
    network = triangular_parallelogram(3, 4, LENGTH_MM, [0])
    one, four = ([[r * x for x in row] for row in TRIANGULAR.cell.periods_mm] for r in (1, 2))
    found = find_period(network, np.array(one))
    assert (found.cell.n_nodes, len(found.cell.bonds)) == (1, 3)
    assert found.cell.lengths == pytest.approx(np.full(3, LENGTH_MM))
    large = find_period(network, np.array(four))
    assert (large.cell.n_nodes, len(large.cell.bonds)) == (4, 12)
    widths = np.array([1.5, 2.0, 2.5])
    moduli = BeamCell(found.cell, AGILUS, fabrication).moduli(widths)
    same = large.cell_widths(widths[found.bond_class])
    repeated = BeamCell(large.cell, AGILUS, fabrication).moduli(same)
    assert repeated.stiffness_MPa == pytest.approx(moduli.stiffness_MPa, rel=1e-9)


@pytest.mark.parametrize(
    ("periods", "message"),
    [
        ([[20.0, 0.0], [40.0, 0.0]], "different directions"),
        ([[20.0, 0.0], [0.0, 0.0]], "different directions"),
        (
            [[20.0, 0.0], [0.0, 34.0]],
            r"no two nodes are \(0, 34\) mm apart, the nearest are \(0, 34.641\)",
        ),
        ([[60.0, 0.0], [30.0, 51.96152423]], "no bonds lead"),
        ([[10.0, 0.0], [5.0, 8.660254038]], "1/4 of that by which the network repeats"),
        ([[10.0, 0.0], [10.0, 17.32050808]], "1/2 of that"),
    ],
)
def test_periods_that_do_not_fit(periods: list[list[float]], message: str) -> None:
    network = triangular_parallelogram(3, 3, LENGTH_MM, [0])
    with pytest.raises(InputError, match=message):
        find_period(network, np.array(periods))


def test_a_missing_bond_is_named() -> None:
    network = triangular_parallelogram(3, 3, LENGTH_MM, [0]).without([(3, 4)])
    with pytest.raises(InputError, match="nodes 3 and 4 have no bond"):
        find_period(network, TRIANGULAR.cell.periods_mm)
