"""Targets of effective moduli: bonds of one width, loss, correction, report, and wrong inputs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cells import LENGTH_MM, TRIANGULAR
from small import changed_design
from taylor import ORDER, ORDER_ERROR, taylor_orders

from fem.beams import make_beam_model
from fem.homogenisation.beams import BeamCell
from mnnfab import Fabrication, InputError, load_problem, pipeline, triangular_parallelogram
from mnnfab.arrays import FloatArray
from mnnfab.network.periodic import find_period
from mnnfab.pipeline.showing import view_of
from mnnfab.problem.problem import require_trainable
from mnnfab.profiles import material
from mnnfab.trainable_models.modulus_loss import modulus_loss
from mnnfab.trainable_models.trainables import train_problem, trainable_of
from mnnfab.training.width_maps import Clamp, Logistic, Tied, part_widths
from mnnfab.validation.attainable_targets import assess_problem, reachability_text
from mnnfab.validation.training_results import training_text

DESIGN = """
schema = 1
name = "lattice"
[network]
lattice = "triangular-parallelogram"
rows = 3
columns = 4
bond_length_mm = 16.0
fixed = [0, 3]
period_mm = [[16.0, 0.0], [8.0, 13.856406460551018]]
[fabrication]
thickness_mm = 4.0
width_min_mm = 1.2
width_max_mm = 3.0
width_initial_mm = 2.0
joint_ratio = 0.6
joint_length_mm = 4.0
taper_length_mm = 1.5
[task]
kind = "behaviour"
inputs = [{ node = 9, axis = "y" }]
outputs = [{ node = 9, axis = "y" }]
cases = [{ name = "pull", loads_gf = [-2.0], targets_mm = ["free"] }]
[[task.moduli]]
quantity = "youngs-modulus"
direction_deg = 90.0
target = "0.05 +- 0.001"
[[task.moduli]]
quantity = "poisson-ratio"
target = "at least 0.3"
weight = 0.5
[training]
optimizer = "l-bfgs-b"
epochs = 100
[check]
elements_across_joint = 1
discretisation_tolerance = 0.05
[compensate]
rounds = 2
[export]
formats = ["stl"]
"""
#: Change of the tests' designs: the same targets, out of reach.
TOO_STIFF = ('target = "0.05 +- 0.001"', 'target = "0.5 +- 0.001"')


def design(folder: Path, *changes: tuple[str, str]) -> Path:
    return changed_design(folder, DESIGN, *changes)


def test_bonds_of_a_class_have_one_width() -> None:
    classes = np.array([0, 1, 0, 2, 1, 0])
    generator = np.random.default_rng(1)
    for base in (Clamp(1.0, 3.0), Logistic(1.0, 3.0, 5.0)):
        tied = Tied(base, classes)
        for latent in (generator.uniform(size=6), tied.random_latent(generator, 6)):
            widths = tied.widths(latent)
            assert widths == pytest.approx(widths[[0, 1, 0, 3, 1, 0]], abs=1e-14)
        widths = np.array([1.5, 2.0, 1.5, 2.9, 2.0, 1.5])
        assert tied.widths(tied.latent(widths)) == pytest.approx(widths)
        both = np.vstack([latent, latent + 0.01])
        assert part_widths(tied, both)[0] == pytest.approx(part_widths(tied, latent))
        way = generator.standard_normal(6)

        def value(step: float, map_: Tied = tied) -> float:
            return float((map_.widths(latent + step * way) ** 2).sum())  # noqa: B023

        slopes = 2 * tied.widths(latent) * tied.derivative(latent)
        steps = [1e-5, -1e-5]
        found = (value(steps[0]) - value(steps[1])) / 2e-5
        assert found == pytest.approx(tied.pulled_back(slopes) @ way, rel=1e-6)


@pytest.mark.parametrize("model", ["bars", "frame"])
def test_taylor_of_the_whole_loss(tmp_path: Path, model: str) -> None:
    changed = ("epochs = 100", f'epochs = 100\nmodel = "{model}"')
    targets = ('targets_mm = ["free"]', 'targets_mm = ["-0.5 +- 0.1"]')
    trainable = trainable_of(load_problem(design(tmp_path, changed, targets, TOO_STIFF)))
    trainable = replace(trainable, penalty=None)
    generator = np.random.default_rng(2)
    start, way = generator.uniform(0.3, 0.7, 23), generator.standard_normal(23)
    rows = trainable.task.train_indices
    loss, gradient = trainable.loss_and_gradient(start, rows)
    assert loss > trainable.width_loss_at(trainable.width_map.widths(start)) > 1.0

    def value(step: float) -> float:
        return trainable.loss_and_gradient(start + step * way, rows)[0]

    orders = taylor_orders(value, float(gradient @ way), [0.04, 0.02, 0.01, 0.005])
    assert orders == pytest.approx(ORDER, abs=ORDER_ERROR)
    assert trainable.gradient(start, rows) == pytest.approx(gradient, rel=1e-9)


def test_training_meets_the_targets_with_few_widths(tmp_path: Path) -> None:
    problem = load_problem(design(tmp_path))
    training = train_problem(problem)
    widths = training.widths_mm
    periodicity = problem.periodicity
    assert periodicity is not None
    assert len(np.unique(widths)) <= 3
    loss = modulus_loss(problem)
    assert loss is not None
    assert loss.targets.names == ("Young's modulus, MPa, at 90°", "Poisson's ratio at 0°")
    assert (loss.targets.deviations(loss.values(widths)) < 0.01).all()
    assert not loss.missed(widths)
    assert "Poisson's ratio at 0° 0.3" in training_text(problem, training)


@pytest.mark.ci
def test_the_correction_makes_the_continuum_meet_them(tmp_path: Path) -> None:
    outcome = pipeline.run(design(tmp_path), tmp_path / "out")
    assert outcome.verdict == "pass"
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    young = report["moduli"]["targets"][0]
    # Beams alone differ by several tolerances; the corrected training meets the target.
    assert abs(young["beams"] - 0.05) > 0.001
    assert young["continuum"] == pytest.approx(0.05, abs=0.0005)
    rounds = report["compensation"]["rounds"]
    assert rounds[0]["modulus_deviation"] > 1 > rounds[-1]["modulus_deviation"]
    found = [one for one in report["findings"] if one["code"] == "effective-modulus"]
    assert [one["severity"] for one in found] == ["info", "info"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Effective moduli" in page
    assert "Moduli by direction" in page
    again = pipeline.check(tmp_path / "out")
    assert again.verdict == "pass"


def test_targets_out_of_reach_are_named(tmp_path: Path) -> None:
    problem = require_trainable(load_problem(design(tmp_path, TOO_STIFF)))
    text = reachability_text(problem, assess_problem(problem))
    assert "Young's modulus, MPa, at 90°" in text
    assert "target 0.5 ± 0.001" in text
    assert "share of the targets that are met 0.5" in text


def test_the_cell_is_shown(tmp_path: Path) -> None:
    lines = view_of(design(tmp_path)).lines
    assert any("repeats with (16, 0) and (8, 13.8564) mm: 1 nodes and 3 bonds" in x for x in lines)
    assert any("moduli by beams of the starting widths: E 0.0" in x for x in lines)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("period_mm = [[16.0, 0.0], [8.0, 13.856406460551018]]\n", ""), "without a period"),
        (("13.856406460551018", "14.5"), "no bonds lead from a cell"),
        (('target = "at least 0.3"', 'target = "free"'), "a number, an end or a range"),
        (('"0.05 +- 0.001"', '"-0.05"'), "moduli above 0 MPa"),
        (('"poisson-ratio"', '"poissons-ratio"'), "youngs-modulus"),
        (("direction_deg = 90.0", "direction = 90.0"), "did you mean direction_deg"),
        (
            ("rounds = 2", "rounds = 2\n[compensate.search]\njoint_ratio = [0.5, 0.6]"),
            r"\[compensate.search\]: given with",
        ),
        (('optimizer = "l-bfgs-b"', 'rule = "coupled-learning"'), '"coupled-learning", given with'),
        (("[fabrication]", "damage = [[4, 5]]\n[fabrication]"), "nodes 4 and 5 have no bond"),
        (("[0, 3]\n", "[0, 3]\nperiod_m = 3\n"), "period_m"),
    ],
)
def test_wrong_inputs_are_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_problem(design(tmp_path, change))


def test_given_widths_must_repeat(tmp_path: Path) -> None:
    widths = "\n".join(["bond,width_mm", *(f"{b},{2.0 if b else 2.5}" for b in range(23))])
    (tmp_path / "widths.csv").write_text(widths + "\n", encoding="utf-8")
    text = DESIGN[: DESIGN.index("[training]")] + '[widths]\nfile = "widths.csv"\n'
    path = tmp_path / "given.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="the mean of all bonds a period away"):
        load_problem(path)


def test_a_large_patch_has_the_moduli_of_its_cell(fabrication: Fabrication) -> None:
    """Far from its rim, a patch that is pulled along y has the strains of the sheet.

    The stress is that of the total load on the width of the middle; half a cell at each side is
    missing, so Young's modulus has an error of one cell over the width.
    """
    strains = {size: _interior(size, fabrication) for size in (13, 25)}
    cell, widths = TRIANGULAR.cell, np.array([1.6, 2.0, 2.4])
    moduli = BeamCell(cell, material("agilus30"), fabrication).moduli(widths)
    ratios = {size: -across / along for size, (along, across, _) in strains.items()}
    assert ratios[25] == pytest.approx(moduli.poisson_ratio(90.0), rel=0.005)
    young = {size: stress / along for size, (along, _, stress) in strains.items()}
    errors = {size: abs(young[size] / moduli.youngs_modulus(90.0) - 1) for size in young}
    assert errors[25] < 0.6 * errors[13] < 0.1


def _interior(size: int, fabrication: Fabrication) -> tuple[float, float, float]:
    """Return strains along and across the load, and the stress, in the middle of a patch."""
    network = triangular_parallelogram(2 * size + 1, 2 * size, LENGTH_MM, [0])
    x = network.nodes[:, 0]
    middle = x.mean()
    inside = np.abs(x - middle) < LENGTH_MM * size / 2 + 1e-6
    kept = np.flatnonzero(inside)
    number = np.full(network.n_nodes, -1)
    number[kept] = np.arange(len(kept))
    bonds = network.bonds[inside[network.bonds].all(axis=1)]
    nodes = network.nodes[kept]
    low = int(np.flatnonzero(nodes[:, 1] < nodes[:, 1].min() + 1e-6)[0])
    patch = replace(network, nodes=nodes, bonds=number[bonds], fixed=np.array([low]))
    periodicity = find_period(patch, TRIANGULAR.cell.periods_mm)
    order = _same_bonds(periodicity.cell.vectors)
    widths = np.array([1.6, 2.0, 2.4])[order][periodicity.bond_class]
    model = make_beam_model(patch, widths, material("agilus30"), fabrication)
    top = np.flatnonzero(nodes[:, 1] > nodes[:, 1].max() - 1e-6)
    bottom = np.flatnonzero(nodes[:, 1] < nodes[:, 1].min() + 1e-6)
    loads = np.zeros((patch.n_nodes, 3))
    loads[top, 1], loads[bottom, 1] = 1.0 / len(top), -1.0 / len(bottom)
    moved = model.displacements(loads.reshape(-1, 1)).reshape(-1, 3)
    centre = nodes.mean(axis=0)
    near = np.flatnonzero(np.hypot(*(nodes - centre).T) < LENGTH_MM * size / 5)
    design_matrix = np.column_stack([np.ones(len(near)), nodes[near]])
    slopes = np.linalg.lstsq(design_matrix, moved[near, :2], rcond=None)[0]
    across_mm = LENGTH_MM * len(top)
    return float(slopes[2, 1]), float(slopes[1, 0]), 1.0 / (across_mm * fabrication.thickness_mm)


def _same_bonds(vectors: FloatArray) -> list[int]:
    """Return the bond of the known cell along each vector."""
    known = TRIANGULAR.cell.vectors / LENGTH_MM
    return [int(np.abs(known @ vector).argmax()) for vector in vectors]
