"""Bonds that vanish: what is removed, what stays, and that the rest is a valid design."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small import changed_design

from mnnfab import InputError, load_problem, pipeline
from mnnfab.compensation.removal import (
    VolumeTerm,
    _relaxed_widths,
    _removable,
    without_thin_bonds,
)
from mnnfab.design.design_file import load_design
from mnnfab.network.rigidity import analyse_rigidity
from mnnfab.problem.problem import require_trainable
from mnnfab.progress.watcher import NullWatcher, StageTimer
from mnnfab.trainable_models.trainables import train_problem

DESIGN = """
schema = 1
name = "arm"
[network]
lattice = "square-braced"
rows = 3
columns = 5
bond_length_mm = 16.0
fixed = [0, 10]
[fabrication]
thickness_mm = 8.0
width_min_mm = 1.2
width_max_mm = 3.0
width_initial_mm = 2.0
joint_ratio = 0.6
joint_length_mm = 4.0
taper_length_mm = 1.0
[task]
kind = "behaviour"
inputs = [{ node = 14, axis = "y" }]
outputs = [{ node = 14, axis = "y" }]
cases = [{ name = "tip", loads_gf = [-5.0], targets_mm = ["-1.0 +- 0.1"] }]
[training]
optimizer = "l-bfgs-b"
epochs = 100
remove_below_mm = 1.0
[check]
elements_across_joint = 1
discretisation_tolerance = 0.05
[compensate]
rounds = 2
[export]
formats = ["stl"]
"""


def design(folder: Path, *changes: tuple[str, str]) -> Path:
    return changed_design(folder, DESIGN, *changes)


def silent() -> StageTimer:
    return StageTimer(NullWatcher())


@pytest.mark.parametrize(("model", "target"), [("bars", "-1.0"), ("frame", "-1.6")])
def test_the_rest_is_rigid_and_meets_the_targets(tmp_path: Path, model: str, target: str) -> None:
    """The frame is softer, and its stability is a part of its loss."""
    changed = (("epochs = 100", f'epochs = 100\nmodel = "{model}"'), ('"-1.0', f'"{target}'))
    path = design(tmp_path, *changed)
    problem = load_problem(path)
    rest, (finding,) = without_thin_bonds(problem, silent())
    n_removed = problem.network.n_bonds - rest.network.n_bonds
    assert n_removed >= 3
    assert finding.message.startswith(f"{n_removed} of {problem.network.n_bonds} bonds are removed")
    assert analyse_rigidity(rest.network).n_zero_modes == 0
    assert rest.network.n_nodes == problem.network.n_nodes
    assert rest.design.schedule.remove_below_mm is None
    assert rest.start_widths_mm.min() >= 1.2
    training = train_problem(rest)
    assert training.penalty == pytest.approx(0.0, abs=1e-3)
    assert training.widths_mm.min() >= 1.2
    task = require_trainable(rest).task
    if model == "bars":
        metrics = task.metrics(require_trainable(rest).response(training.widths_mm))
        assert task.primary_metric.of(metrics) < 1.0


@pytest.mark.ci
def test_the_folder_of_the_run_has_the_design_of_the_rest(tmp_path: Path) -> None:
    outcome = pipeline.run(design(tmp_path), tmp_path / "out")
    assert "bonds-removed" in {one.code for one in outcome.reported}
    written = load_design(tmp_path / "out" / "design.toml")
    assert written.network.damage
    assert written.schedule.remove_below_mm is None
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    again = load_problem(tmp_path / "out" / "design.toml")
    assert again.network.n_bonds == report["network"]["bonds"] == len(report["widths_mm"])
    assert report["network"]["bonds"] + len(written.network.damage) == 30
    assert pipeline.check(tmp_path / "out").verdict == outcome.verdict


def test_nothing_is_removed_from_an_isostatic_network(tmp_path: Path) -> None:
    # Free nodes have two bonds each: without any of them the network is a mechanism.
    cuts = "[[0, 6], [2, 6], [2, 8], [4, 8], [6, 10], [6, 12], [8, 12], [8, 14]]"
    path = design(tmp_path, ("[0, 10]", f"[0, 1, 2, 3, 4, 5, 10]\ndamage = {cuts}"))
    problem = load_problem(path)
    rest, (finding,) = without_thin_bonds(problem, silent())
    widths = _relaxed_widths(require_trainable(problem), 1.0)
    assert "no bond can be removed" in finding.message or (widths < 1.0).any()
    assert analyse_rigidity(rest.network).n_zero_modes == 0


def test_the_thinnest_go_first_and_the_network_stays_rigid(tmp_path: Path) -> None:
    problem = require_trainable(load_problem(design(tmp_path)))
    widths = np.linspace(0.1, 3.0, problem.network.n_bonds)
    groups = _removable(problem, widths, 2.0)
    assert [len(group) for group in groups] == [1] * len(groups)
    assert [int(group[0]) for group in groups] == sorted(int(group[0]) for group in groups)
    pairs = [tuple(problem.network.bonds[int(group[0])].tolist()) for group in groups]
    rest = problem.network.without(pairs)
    assert analyse_rigidity(rest).n_zero_modes == 0
    # Any other thin bond would leave a mechanism.
    others = set(np.flatnonzero(widths < 2.0).tolist()) - {int(group[0]) for group in groups}
    for bond in others:
        pair = tuple(problem.network.bonds[bond].tolist())
        try:
            cut = problem.network.without([*pairs, pair])
        except InputError:  # a node without bonds
            continue
        assert analyse_rigidity(cut).n_zero_modes > 0


def test_bonds_a_period_apart_go_together(tmp_path: Path) -> None:
    lattice = 'lattice = "square-braced"\nrows = 3\ncolumns = 5'
    triangles = (
        'lattice = "triangular-parallelogram"\nrows = 5\ncolumns = 5\n'
        "period_mm = [[32.0, 0.0], [16.0, 27.712812921102035]]"
    )
    path = design(tmp_path, (lattice, triangles), ("[0, 10]", "[0, 1, 2, 3, 4, 20, 24]"))
    problem = require_trainable(load_problem(path))
    periodicity = problem.periodicity
    assert periodicity is not None
    classes = periodicity.bond_class
    widths = np.where(classes == classes[40], 0.2, 2.0)
    (group,) = _removable(problem, widths, 1.0)
    assert sorted(group.tolist()) == np.flatnonzero(classes == classes[40]).tolist()


def test_the_volume_is_added_to_another_loss() -> None:
    per_width = np.array([0.1, 0.2])
    alone = VolumeTerm(per_width, None)
    assert alone(np.array([1.0, 2.0]))[0] == pytest.approx(0.5)
    value, gradient = VolumeTerm(per_width, alone)(np.array([1.0, 2.0]))
    assert value == pytest.approx(1.0)
    assert gradient == pytest.approx(2 * per_width)
    assert alone.missed(np.ones(2)) == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("remove_below_mm = 1.0", "remove_below_mm = 1.3"), "at most width_min_mm = 1.2"),
        (("remove_below_mm = 1.0", "remove_below_mm = 0.0"), "remove_below_mm"),
        (("epochs = 100", 'epochs = 100\nstart = "widths.csv"'), "only without start"),
    ],
)
def test_wrong_inputs_are_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_problem(design(tmp_path, change))
