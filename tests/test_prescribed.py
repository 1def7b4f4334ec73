"""Prescribed displacements and their reactions: NGSolve, derivatives, the rubber, and designs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ngsolve_peer import ask_ngsolve, mesh_values, needs_ngsolve, support_rows
from small import changed_design
from taylor import ORDER, ORDER_ERROR, taylor_orders

from fem.beams import beam_response, make_beam_model
from fem.continuum import solve_continuum
from fem.mesh import make_mesh
from geometry.cells import tile
from mnnfab import Fabrication, InputError, Network, Port, load_problem, pipeline
from mnnfab.model.prescribed import PrescribedDisplacements
from mnnfab.network.supports import Support
from mnnfab.printed_part.part import PrintedPart
from mnnfab.printed_part.reactions import with_reactions
from mnnfab.problem.problem import require_ports, require_trainable
from mnnfab.profiles import material
from mnnfab.trainable_models.trainables import train_problem, trainable_of
from mnnfab.units import NEWTON_PER_GF

AGILUS = material("agilus30")
EIGHT_DIGITS = 1e-8
DESIGN = """
schema = 1
name = "stage"
[network]
lattice = "triangular-patch"
rows = 3
bond_length_mm = 16.0
fixed = [0, 3]
[fabrication]
thickness_mm = 4.0
width_min_mm = 1.5
width_max_mm = 3.0
width_initial_mm = 2.0
joint_ratio = 0.6
joint_length_mm = 3.0
taper_length_mm = 1.0
[task]
kind = "behaviour"
inputs = [{ name = "stage", node = 8, axis = "y" }, { name = "weight", node = 4, axis = "y" }]
outputs = [{ node = 8, axis = "y" }, { name = "side", node = 6, axis = "y" }]
[[task.cases]]
name = "pulled"
loads_gf = [0.0, -3.0]
prescribed_mm = [-0.6, "free"]
targets_mm = ["free", "-0.35 +- 0.03"]
reactions_gf = ["-7.0 +- 0.5", "free"]
[[task.cases]]
name = "weighed"
loads_gf = [-2.0, -4.0]
targets_mm = ["-0.35 +- 0.2", "free"]
[training]
optimizer = "l-bfgs-b"
epochs = 200
[check]
elements_across_joint = 1
discretisation_tolerance = 0.05
[export]
formats = ["stl"]
"""


def design(folder: Path, *changes: tuple[str, str]) -> Path:
    return changed_design(folder, DESIGN, *changes)


@needs_ngsolve
def test_the_continuum_agrees_with_ngsolve_to_eight_digits(
    tmp_path: Path, paper_network: Network, fabrication: Fabrication
) -> None:
    """In NGSolve a moved port is a constraint with a multiplier; ours is a load that is solved.

    Two ports are moved, one of them obliquely, beside a roller and a spring.
    """
    roller, spring = Support(Port(9, 30.0)), Support(Port(11, "x"), 0.08)
    network = replace(paper_network, fixed=np.array([0, 4]), supports=(roller, spring))
    widths = np.random.default_rng(1).uniform(1.5, 2.5, 28)
    mesh = make_mesh(tile(network, widths, fabrication), 1, 120.0)
    moved, load = (Port(13, 70.0), Port(12, "y")), Port(10, "x")
    outputs = (*moved, Port(6, "y"), Port(10, "y"))
    solved = solve_continuum(mesh, network, AGILUS, (*moved, load), outputs)
    prescribed = PrescribedDisplacements(
        np.array([0, 1]), np.array([0, 1]), np.array([[0.7, -0.4]])
    )
    loads = prescribed.loads(solved.response, np.array([[0.0, 0.0, 0.05]]))
    ours = np.concatenate([solved.response.outputs(loads)[0, 2:], loads[0, :2]])
    held = (*network.supports, *(Support(port) for port in moved))
    theirs = ask_ngsolve(
        tmp_path,
        **mesh_values(mesh),
        elasticity=[AGILUS.youngs_modulus_MPa, AGILUS.poisson_ratio],
        held=np.array([0, 4]),
        supports=support_rows(held),
        inputs=[(10, 0)],
        outputs=[(6, 1), (10, 1)],
        forces=np.array([0.05]),
        prescribed_mm=np.array([0.0, 0.0, 0.7, -0.4]),
    )
    expected = np.concatenate([theirs[:2], theirs[-2:]])
    assert np.abs(ours - expected).max() < EIGHT_DIGITS * np.abs(expected).max()
    assert solved.response.outputs(loads)[0, :2] == pytest.approx([0.7, -0.4], rel=1e-12)


def test_a_bar_by_hand(paper_network: Network, fabrication: Fabrication) -> None:
    """The reaction over the displacement is the stiffness; without a load, so is any share."""
    beams = make_beam_model(paper_network, np.full(28, 2.0), AGILUS, fabrication)
    ports = (Port(13, "y"), Port(10, "x"))
    response = beam_response(beams, ports, ports)
    prescribed = PrescribedDisplacements(
        np.array([0]), np.array([0]), np.array([[2.0], [np.nan], [0.0]])
    )
    given = np.array([[9.0, 0.0], [0.3, 0.1], [0.0, 0.2]])
    loads = prescribed.loads(response, given)
    assert loads[0, 0] == pytest.approx(2.0 / response.flexibility[0, 0])
    assert loads[1] == pytest.approx(given[1])
    assert response.outputs(loads)[2, 0] == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("samples", [[0], [1], [0, 1]])
def test_taylor_of_targets_of_reactions(tmp_path: Path, samples: list[int]) -> None:
    trainable = trainable_of(load_problem(design(tmp_path)))
    generator = np.random.default_rng(4)
    start, way = generator.uniform(0.3, 0.7, 16), generator.standard_normal(16)
    rows = np.array(samples)
    loss, gradient = trainable.loss_and_gradient(start, rows)
    assert loss > 0.1

    def value(step: float) -> float:
        return trainable.loss_and_gradient(start + step * way, rows)[0]

    orders = taylor_orders(value, float(gradient @ way), [0.04, 0.02, 0.01, 0.005])
    assert orders == pytest.approx(ORDER, abs=ORDER_ERROR)
    assert trainable.gradient(start, rows) == pytest.approx(gradient, rel=1e-9)


def test_training_meets_displacements_and_reactions(tmp_path: Path) -> None:
    problem = require_trainable(load_problem(design(tmp_path)))
    training, task = train_problem(problem), problem.task
    response = problem.response(training.widths_mm)
    loads = task.applied_loads(response)
    outputs = response.outputs(loads)
    assert outputs[0, 0] == pytest.approx(-0.6, rel=1e-9)
    assert outputs[0, 1] == pytest.approx(-0.35, abs=0.03)
    assert loads[0, 0] / NEWTON_PER_GF == pytest.approx(-7.0, abs=0.5)
    assert loads[1] == pytest.approx(np.array([-2.0, -4.0]) * NEWTON_PER_GF)
    metrics = task.metrics(response)
    assert metrics["targets_met"] == 1.0
    assert task.primary_metric.of(metrics) <= 1.0
    missed = replace(task, reactions=None).metrics(response)
    # The farthest target may be the reaction.
    assert task.primary_metric.of(missed) <= task.primary_metric.of(metrics)


def test_a_table_gives_the_same_prescribed_displacements(tmp_path: Path) -> None:
    rows = [
        "case,stage_gf,weight_gf,_mm,side_mm,stage_prescribed_mm,stage_reaction_gf",
        "pulled,,-3,,-0.35 +- 0.03,-0.6,-7.0 +- 0.5",
        "weighed,-2,-4,-0.35 +- 0.2,,,",
    ]
    (tmp_path / "cases.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    first = require_ports(load_problem(design(tmp_path))).task
    table = DESIGN[: DESIGN.index("[[task.cases]]")] + 'dataset = "cases.csv"\n'
    path = tmp_path / "table.toml"
    path.write_text(table + DESIGN[DESIGN.index("[training]") :], encoding="utf-8")
    second = require_ports(load_problem(path)).task
    assert first.prescribed is not None
    assert second.prescribed is not None
    assert np.array_equal(
        first.prescribed.displacements_mm, second.prescribed.displacements_mm, equal_nan=True
    )
    assert first.reactions is not None
    assert second.reactions is not None
    assert np.array_equal(first.reactions.as_targets, second.reactions.as_targets)
    assert np.array_equal(first.targets, second.targets)
    assert np.array_equal(first.loads_N, second.loads_N)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("case,weight_gf,_mm,side_mm,stage_prescribed_mm", 'no column "stage_gf"'),
        ("case,stage_gf,weight_gf,_mm,side_mm,stage_moves_mm", '"stage_prescribed_mm"'),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, header: str, message: str) -> None:
    row = ",".join(["pulled", *["0"] * (header.count(","))])
    (tmp_path / "cases.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    table = DESIGN[: DESIGN.index("[[task.cases]]")] + 'dataset = "cases.csv"\n'
    path = tmp_path / "table.toml"
    path.write_text(table + DESIGN[DESIGN.index("[training]") :], encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_problem(path)


@pytest.mark.ci
def test_the_report_has_the_reactions_of_the_rubber(tmp_path: Path) -> None:
    target = ('reactions_gf = ["-7.0 +- 0.5", "free"]', 'reactions_gf = ["-50 +- 0.5", "free"]')
    pipeline.run(design(tmp_path, target), tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    (row,) = report["prescribed"]
    assert (row["case"], row["input"], row["displacement_mm"]) == ("pulled", "stage", -0.6)
    assert row["target_gf"] == "-50 ± 0.5"
    assert row["deviation"] > 1
    pulled, weighed = report["loaded"]["cases"]
    assert pulled["outputs_mm"][0] == pytest.approx(-0.6, abs=1e-6)
    assert pulled["loads_N"][0] == row["reaction_N"]
    assert weighed["loads_N"][0] == pytest.approx(-2.0 * NEWTON_PER_GF)
    # Large displacements need another load than linear theory.
    assert abs(pulled["linear_outputs_mm"][0] + 0.6) > 1e-4
    found = {one["code"]: one for one in report["findings"]}
    assert found["reaction"]["severity"] == "error"
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Prescribed displacements" in page


def test_the_rubber_has_the_prescribed_displacements(tmp_path: Path) -> None:
    problem = require_ports(load_problem(design(tmp_path)))
    part = PrintedPart(problem, problem.start_widths_mm)
    moved, findings = with_reactions(part)
    assert not findings
    assert moved.continuum is part.continuum
    loads = moved.problem.task.loads_N
    equilibrium = moved.rubber.solve(loads)
    assert equilibrium.outputs_mm[0, 0] == pytest.approx(-0.6, abs=1e-6)
    assert moved.problem.task.load_cases[0].loads_N == tuple(loads[0])


def test_an_input_is_held(tmp_path: Path) -> None:
    path = design(tmp_path, ('[-0.6, "free"]', '[0.0, "free"]'))
    problem = require_ports(load_problem(path))
    moved, findings = with_reactions(PrintedPart(problem, problem.start_widths_mm))
    assert not findings
    loads = moved.problem.task.loads_N
    assert loads[0, 0] > 0  # it carries a part of the weight
    assert moved.rubber.solve(loads).outputs_mm[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert moved.problem.task.given_sizes[0, 0] == 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[0.0, -3.0]", "[1.0, -3.0]"), "its load is the reaction"),
        (("outputs = [{ node = 8", "outputs = [{ node = 7"), "the entry of inputs once more"),
        (('["-7.0 +- 0.5", "free"]', '["free", "-7.0"]'), "an input with prescribed_mm"),
        (('[-0.6, "free"]', "[-0.6]"), "2, one per input"),
        (
            ('reactions_gf = ["-7.0 +- 0.5", "free"]', 'stiffness_N_per_mm = ["free", 0.2]'),
            "and no prescribed_mm",
        ),
        (('[-0.6, "free"]', '[-0.6, "fixed"]'), 'a number \\(mm\\), or "free"'),
        (('[-0.6, "free"]', '["2 mm", "free"]'), 'a number \\(mm\\), or "free"'),
        (("epochs = 200", 'epochs = 2\nmodel = "frame"'), "trained under given loads only"),
        (("epochs = 200", 'epochs = 2\nrule = "finite-differences"'), "adjoint"),
        (
            ("[0.0, -3.0]\nprescribed_mm = [-0.6,", "[0.0, 0.0]\nprescribed_mm = [0.0,"),
            "nonzero load",
        ),
    ],
)
def test_wrong_inputs_are_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_problem(design(tmp_path, change))
